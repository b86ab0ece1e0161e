"""What can be read in files, and that no file does more than not be readable."""

import io
import json
import pickle
import random
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.knowledge.extracting import MOST_PAGES, MOST_TEXT, NotExtractable, Passage, passages

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(*texts: str, extra: str = "", trailer: str = "") -> bytes:
    """A page for each text."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(texts)} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(len(texts)))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, text in enumerate(texts):
        said = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET" if text else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * n} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        packed = zlib.compress(said.encode()).hex()
        objects.append(
            f"<< /Length {len(packed) + 1} /Filter [/ASCIIHexDecode /FlateDecode] >>\nstream\n{packed}>\nendstream"
        )
    objects += [extra] if extra else []
    content, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{one}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(places) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer}>>"
    return content + f"{end}\nstartxref\n{len(content)}\n%%EOF\n".encode()


def docx(body: str, own_styles: str = "") -> bytes:
    styles = "".join(f'<w:style w:styleId="berschrift{n}"><w:name w:val="heading {n}"/></w:style>' for n in range(1, 4))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/styles.xml", own_styles or f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>')
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>')
    return file.getvalue()


def paragraph(text: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}<w:r><w:t>{text}</w:t></w:r></w:p>"


NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "metadata": {"source": "no"}, "source": ["# Title\n", "\n", "Words"]},
            {
                "cell_type": "code",
                "outputs": [
                    {"output_type": "stream", "text": ["4", "2\n"]},
                    {"output_type": "execute_result", "data": {"text/plain": ["x" * 5_000], "image/png": "AAAA"}},
                    {"output_type": "display_data", "data": {"application/json": {"source": ["a = 1"]}}},
                ],
                "source": ["a = 1\n", "print(a)\n"],
            },
            {"cell_type": "code", "outputs": [], "source": "one = '\"source\": []'"},
            {"cell_type": "code", "outputs": [], "source": []},
        ],
        "nbformat": 4,
    },
    indent=1,
)
DOCX = docx(
    paragraph("Before")
    + paragraph("One", "berschrift1")
    + paragraph("Text </w:t><w:tab/><w:t>of one")
    + paragraph("Two", "berschrift2")
    + f"<w:tbl><w:tr><w:tc>{paragraph('left')}</w:tc><w:tc>{paragraph('right')}</w:tc></w:tr></w:tbl>"
    + "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
    + paragraph("Three", "berschrift1")
)
PDF = pdf("First page", "", "Third page")


def test_a_text_is_one_passage() -> None:
    assert passages("\ufeffé\n😀\r\n".encode(), "a/b.txt") == [Passage("é\n😀\r\n", 1, ())]
    assert passages(b"a,b\n1,2\n", "table.csv") == [Passage("a,b\n1,2\n", 1, ())]
    assert passages(b" \n\n", "a.md") == []
    assert passages(b"", "") == []


def test_cells_of_a_notebook_are_where_they_stand() -> None:
    found = passages(NOTEBOOK.encode(), "a.ipynb")
    assert [(one.text, one.within) for one in found] == [
        ("# Title\n\nWords", ("cell 1",)),
        ("a = 1\nprint(a)\n\n42", ("cell 2",)),
        ("one = '\"source\": []'", ("cell 3",)),
    ]
    lines = NOTEBOOK.split("\n")
    for one in found:
        assert json.dumps(one.text.split("\n")[0])[1:-1] in lines[one.line - 1]


@pytest.mark.parametrize("text", ['{"cells": [', "[1]", '{"cells": 1}', '{"a": ' * 5_000])
def test_a_notebook_that_is_none_is_a_text(text: str) -> None:
    assert passages(text.encode(), "a.ipynb") == [Passage(text, 1, ())]


def test_a_page_is_what_it_shows_line_by_line() -> None:
    page = (
        "<!DOCTYPE html>\n<title>A &amp; B</title>\n<style>\np { color: red }\n</style>\n"
        "<p class=x\n id=y>One <b>wo</b>rd<br>2 &lt; 3\n<!-- not\nthis -->\n<SCRIPT>let a = '<p>'\n</script >end\n"
    )
    [one] = passages(page.encode(), "a.HTML")
    assert one.line == 1
    assert one.text.split("\n") == ["", "A & B", "", "", "", "", "One word 2 < 3", "", "", "", "end", ""]


def test_pages_of_a_pdf() -> None:
    assert passages(PDF, "a.pdf") == [Passage("First page", 1, ("page 1",)), Passage("Third page", 1, ("page 3",))]
    assert passages(PDF, "without ending") == passages(PDF, "a.pdf")


def test_sections_of_a_word_document() -> None:
    assert passages(DOCX, "a.docx") == [
        Passage("Before", 1, ()),
        Passage("One\n\nText \tof one", 1, ("One",)),
        Passage("Two\n\nleft\n\nright", 1, ("One", "Two")),
        Passage("Three", 1, ("Three",)),
    ]


def test_passages_can_be_sent_to_another_process() -> None:
    found = passages(DOCX, "a.docx")
    assert pickle.loads(pickle.dumps(found)) == found


LOCK = "<< /Filter /Standard /V 1 /R 2 /O <" + "00" * 32 + "> /U <" + "11" * 32 + "> /P -4 >>"


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        (b"a\0b", "a.txt", "not a text"),
        (b"\xff\xfe", "a.txt", "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0", "a.png", "not a text"),
        (b"x" * (MOST_TEXT + 1), "a.txt", "longer than 4 MB"),
        (b"", "a.pdf", "broken PDF"),
        (b"no", "a.pdf", "broken PDF"),
        (PDF[:100], "a.pdf", "broken PDF"),
        (pdf(""), "a.pdf", "only pictures"),
        (pdf("secret", extra=LOCK, trailer="/Encrypt 6 0 R /ID [<00> <00>] "), "a.pdf", "encrypted"),
        (pdf(*[""] * (MOST_PAGES + 1)), "a.pdf", "more than 2,000 pages"),
        (b"", "a.docx", "broken or encrypted Word"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.docx", "broken or encrypted Word"),
        (DOCX[:-30], "a.docx", "broken or encrypted Word"),
        (docx("<w:p>"), "a.docx", "broken or encrypted Word"),
        (docx(" " * (33 * 1024 * 1024)), "a.docx", "too large"),
        (docx(paragraph("x" * (MOST_TEXT + 1))), "a.docx", "longer than 4 MB"),
        (
            docx("", '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>'),
            "a.docx",
            "declares",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_why(content: bytes, path: str, message: str) -> None:
    with pytest.raises(NotExtractable, match=message):
        passages(content, path)


def readable(content: bytes, path: str) -> None:
    try:
        found = passages(content, path)
    except NotExtractable:
        return
    for one in found:
        assert one.text.strip()
        assert one.line >= 1
        one.text.encode()


KINDS = {"pdf": PDF, "docx": DOCX, "ipynb": NOTEBOOK.encode(), "html": b"<p>a</p><script>b</script>" * 10}


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("seed", range(40))
def test_a_broken_file_is_read_or_refused(ending: str, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        content = bytearray(KINDS[ending])
        for _ in range(chance.choice([1, 3, 30])):
            at = chance.randrange(len(content))
            match chance.randrange(4):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    del content[at : at + chance.randrange(20)]
                case 2:
                    content[at:at] = content[chance.randrange(len(content)) :][: chance.randrange(40)]
                case _:
                    content[at : at + 1] = str(chance.randrange(10**9)).encode()
        readable(bytes(content), f"a.{ending}")
    readable(KINDS[ending][: chance.randrange(len(KINDS[ending]))], f"a.{ending}")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.sampled_from([*KINDS, "txt", "csv"]))
def test_anything_is_read_or_refused(content: bytes, ending: str) -> None:
    readable(content, f"a.{ending}")


TAGS = ["<script", "</script>", "<!--", "-->", "<b>", "\n", *"<>!-/ap =\"'&;#1"]


@given(st.lists(st.sampled_from(TAGS)).map("".join))
def test_no_line_of_a_page_moves(page: str) -> None:
    for one in passages(page.encode(), "a.html"):
        assert one.text.count("\n") == page.count("\n")


def test_half_a_character_in_a_notebook_is_none() -> None:
    text = '{"cells": [{"source": "a\\ud800b\\u0000 \\ud83d\\ude00"}]}'
    assert passages(text.encode(), "a.ipynb") == [Passage("a\ufffdb 😀", 1, ("cell 1",))]


@pytest.mark.alone
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("<!--" * 500_000, "a.html"),
        ("<script>" * 250_000, "a.html"),
        ("<a " * 700_000, "a.html"),
        ("</script " * 200_000, "a.html"),
        ("<script></script" + " " * 2_000_000, "a.html"),
        ("&#" * 1_000_000, "a.html"),
        ('{"cells": [' + '{"source": "a"},' * 100_000 + "1]}", "a.ipynb"),
        ('{"cells": [{"source": ' + "[" * 900 + "]" * 900 + "}" + ', {"source": ["' + "a" * 10**6 + '"]}]}', "a.ipynb"),
        ('{"cells": [{"x": ["' + '\\"source\\": [' * 100_000 + '"]}]}', "a.ipynb"),
        ('{"cells": [{"a": [' + '{"source": "b"},' * 50_000 + "1]}," + '{"source": "a"},' * 50_000 + "1]}", "a.ipynb"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_hostile_text_comes_to_an_end(text: str, path: str) -> None:
    """In quadratic time it would take hours, and the suite gives up after minutes."""
    readable(text.encode(), path)
