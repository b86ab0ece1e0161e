"""What can be read in a file, whatever kind of file it is.

What is given to it may be made to do harm: it is run in a process of its own, with limits on time and memory. Formats
are read with as little as does it: of a notebook, a page or a document only what their text is.
"""

import html
import io
import json
import re
import zipfile
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

MOST_TEXT = 4 * 1024 * 1024
"""Bytes of text in one file."""

MOST_PAGES = 2_000

_MOST_XML = 32 * 1024 * 1024
"""Of a part of a document, unpacked."""

_MOST_OUTPUT = 500
"""Characters of what a cell of a notebook has said last; longer ones are data."""


class NotExtractable(ValueError):
    """Nobody can read it here; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    line: int
    """Of the file, where its lines are those of the text; else 1."""
    within: tuple[str, ...]
    """Such as ("page 3",), ("cell 4",) or headings."""


def passages(content: bytes, path: str) -> list[Passage]:
    """In their order, none of them blank. Raises NotExtractable."""
    ending = path.lower().rpartition(".")[2]
    if ending == "pdf" or content.startswith(b"%PDF-"):
        found = _of_pdf(content)
    elif ending == "docx":
        found = _of_docx(content)
    else:
        text = _text(content)
        if ending == "ipynb":
            found = _of_notebook(text)
        elif ending in ("html", "htm", "xhtml"):
            found = [Passage(_visible(text), 1, ())]
        else:
            found = [Passage(text, 1, ())]
    _check_length(sum(len(one.text.encode("utf-8", "replace")) for one in found))
    return [one for one in found if one.text.strip()]


def _check_length(length: int) -> None:
    if length > MOST_TEXT:
        raise NotExtractable(f"Its text is longer than {MOST_TEXT // 1024 // 1024} MB.")


def _text(content: bytes) -> str:
    if b"\0" in content:
        raise NotExtractable("It is not a text.")
    _check_length(len(content))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotExtractable("It is not a text in UTF-8.") from None


def _whole(text: str) -> str:
    """Some formats can hold half a character, or one that is none, which nobody else may have to bear."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")


# ---- pages of the web

# What is not closed goes on to the end; a tag does not go over another one, or finding its end took quadratic time.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[/!?]?[a-z][^<>]*>", re.IGNORECASE | re.DOTALL
)
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|cite|code|em|i|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)[\s/>]", re.IGNORECASE
)


def _visible(text: str) -> str:
    """What a page shows, each word in the line that it is in: people edit pages as code too."""

    def blank(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n") or ("" if _INLINE.match(found[0]) else " ")

    lines = _UNSEEN.sub(blank, text).split("\n")
    return "\n".join(" ".join(html.unescape(line).split()) for line in lines)


# ---- notebooks

_STRING = r'"(?:[^"\\]|\\.)*+"'
_SOURCE = re.compile(rf'"source"\s*+:\s*+(\[(?:\s*+{_STRING}\s*+,?)*+\s*+\]|{_STRING})', re.DOTALL)


def _of_notebook(text: str) -> list[Passage]:
    """Its cells; all of it as it stands where it is none, as while somebody writes in it by hand."""
    try:
        notebook = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return [Passage(text, 1, ())]
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return [Passage(text, 1, ())]
    found = []
    sources = _SOURCE.finditer(text)
    line, at = 1, 0
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or "source" not in cell:
            continue
        source = _joined(cell.get("source"))
        # Others have the name too, in what cells have said.
        place = next((one for one in sources if _joined(json.loads(one[1], strict=False)) == source), None)
        if place is not None:
            begin = text.find('"', place.start(1))
            line, at = line + text.count("\n", at, max(at, begin)), max(at, begin)
        said = [_joined(one).strip() for one in _outputs(cell)]
        short = [one for one in said if 0 < len(one) <= _MOST_OUTPUT]
        found.append(Passage(_whole("\n\n".join([source.rstrip("\n"), *short])), line, (f"cell {number}",)))
    return found


def _outputs(cell: dict[str, Any]) -> list[Any]:
    outputs = cell.get("outputs")
    found = []
    for one in outputs if isinstance(outputs, list) else []:
        if isinstance(one, dict):
            data = one.get("data")
            found += [one.get("text"), data.get("text/plain") if isinstance(data, dict) else None]
    return found


def _joined(said: Any) -> str:
    """A text in a notebook is one string or one for each line."""
    if isinstance(said, list):
        return "".join(one for one in said if isinstance(one, str))
    return said if isinstance(said, str) else ""


# ---- PDF


def _of_pdf(content: bytes) -> list[Passage]:
    # It takes half a second to import, which only processes that read files should take.
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    # Broken files raise everything there is, from KeyError to RecursionError.
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NotExtractable("It is encrypted.")
        count = len(reader.pages)
    except NotExtractable:
        raise
    except DependencyError:
        raise NotExtractable("It is encrypted.") from None
    except Exception:
        raise NotExtractable("It is a broken PDF file.") from None
    if count > MOST_PAGES:
        raise NotExtractable(f"It has more than {MOST_PAGES:,} pages.")
    found = []
    length = broken = 0
    for number in range(count):
        try:
            text = reader.pages[number].extract_text()
        except Exception:
            broken += 1
            continue
        text = _whole(text)
        length += len(text.encode())
        _check_length(length)
        if text.strip():
            found.append(Passage(text, 1, (f"page {number + 1}",)))
    if not found:
        raise NotExtractable("It is a broken PDF file." if broken else "There is no text on its pages, only pictures.")
    return found


# ---- Word

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_LEVEL = re.compile(r"[0-8]")


def _of_docx(content: bytes) -> list[Passage]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            styles = _Styles()
            if "word/styles.xml" in parts.namelist():
                _read(_part(parts, "word/styles.xml"), styles)
            document = _Document(styles.levels)
            _read(_part(parts, "word/document.xml"), document)
    except NotExtractable:
        raise
    except Exception:  # zipfile raises nearly as much as PDF files do
        raise NotExtractable("It is a broken or encrypted Word document.") from None
    return document.passages()


def _part(parts: zipfile.ZipFile, name: str) -> bytes:
    """What it says of its size may be wrong, so no more is unpacked than may be read."""
    with parts.open(name) as part:
        content = part.read(_MOST_XML + 1)
    if len(content) > _MOST_XML:
        raise NotExtractable("It is too large when it is unpacked.")
    return content


class _Reader:
    """Told of elements without their namespaces: there are two of Word, and none else has these names."""

    def start(self, name: str, value: str, attributes: dict[str, str]) -> None:
        """`value` is the attribute that most elements have as their only one."""

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def _read(content: bytes, reader: _Reader) -> None:
    """As a stream: nothing becomes a tree, however deep it is nested."""

    def start(name: str, attributes: dict[str, str]) -> None:
        bare = {_bare(key): value for key, value in attributes.items()}
        reader.start(_bare(name), bare.get("val", ""), bare)

    def refuse(*_: object) -> None:
        raise NotExtractable("It declares what no Word document does.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: reader.end(_bare(name))
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(content, True)


def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


class _Styles(_Reader):
    """Which styles are headings: their names are English in every language, what documents call them by is not."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, value: str, attributes: dict[str, str]) -> None:
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "name" and (found := _HEADING.fullmatch(value)):
            self.levels[self._style] = int(found[1])
        elif name == "outlineLvl" and _LEVEL.fullmatch(value):
            self.levels.setdefault(self._style, int(value) + 1)


class _Document(_Reader):
    def __init__(self, levels: dict[str, int]) -> None:
        self._levels = levels
        self._level: int | None = None
        self._paragraph: list[str] = []
        self._sections: list[tuple[tuple[str, ...], list[str]]] = [((), [])]
        self._headings: list[tuple[int, str]] = []
        self._saying = False
        self._again = 0
        self._length = 0

    def start(self, name: str, value: str, attributes: dict[str, str]) -> None:
        if name == "Fallback" or self._again:
            self._again += 1  # what is in there has been said already, for newer programs
        elif name == "t":
            self._saying = True
        elif name in ("tab", "br", "cr"):
            self.said("\t" if name == "tab" else "\n")
        elif name == "pStyle":
            self._level = self._levels.get(value)
        elif name == "outlineLvl" and _LEVEL.fullmatch(value):
            self._level = int(value) + 1

    def end(self, name: str) -> None:
        if self._again:
            self._again -= 1
        elif name == "t":
            self._saying = False
        elif name == "p":
            text = "".join(self._paragraph)
            if self._level is not None and (title := " ".join(text.split())):
                while self._headings and self._headings[-1][0] >= self._level:
                    self._headings.pop()
                self._headings.append((self._level, title[:200]))
                self._sections.append((tuple(title for _, title in self._headings), []))
            self._sections[-1][1].append(text)
            self._paragraph, self._level = [], None

    def text(self, text: str) -> None:
        if self._saying:
            self.said(text)

    def said(self, text: str) -> None:
        self._length += len(text)
        _check_length(self._length)
        self._paragraph.append(text)

    def passages(self) -> list[Passage]:
        return [Passage("\n\n".join(filter(str.strip, texts)), 1, within) for within, texts in self._sections]
