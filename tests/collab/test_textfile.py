import random
import re
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.documents import lineends, textfile
from collab.documents.lineends import MOST_LINES, LineEnds
from collab.documents.textfile import MAX_TEXT_BYTES, TextFormat, decode, encode, format_for
from tests.support.work import growth, longest_line

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize(
    ("raw", "text", "encoding", "bom", "line_ending"),
    [
        (b"", "", "utf-8", False, "lf"),
        (b"a\nb\n", "a\nb\n", "utf-8", False, "lf"),
        ("aé😀b".encode(), "aé😀b", "utf-8", False, "lf"),
        (b"\xef\xbb\xbfa\r\nb", "a\nb", "utf-8", True, "crlf"),
        (b"\xef\xbb\xbf", "", "utf-8", True, "lf"),
        (b"a\rb\r", "a\nb\n", "utf-8", False, "cr"),
        (b"a\r\nb\nc\r\n", "a\nb\nc\n", "utf-8", False, "mixed"),
        (b"\r\r\n\n", "\n\n\n", "utf-8", False, "mixed"),
        (b"\x1b[1mbold\x07\x01", "\x1b[1mbold\x07\x01", "utf-8", False, "lf"),
        ("\ufeffé\r\n😀".encode("utf-16-le"), "é\n😀", "utf-16-le", True, "crlf"),
        ("\ufeffé\n😀".encode("utf-16-be"), "é\n😀", "utf-16-be", True, "lf"),
        ("Füße und cafés\r\n".encode("latin-1"), "Füße und cafés\n", "latin-1", False, "crlf"),
        ("“Füße” für 3 €\n".encode("cp1252"), "“Füße” für 3 €\n", "windows-1252", False, "lf"),
        (b"page\x0c\n\tcaf\xe9\n", "page\x0c\n\tcafé\n", "latin-1", False, "lf"),
    ],
)
def test_text_and_its_bytes_back(raw: bytes, text: str, encoding: str, bom: bool, line_ending: str) -> None:
    decoded = decode(raw)
    assert decoded is not None
    assert decoded[0] == text
    style = decoded[1]
    assert style.summary() == {"encoding": encoding, "bom": bom, "line_ending": line_ending}
    assert encode(text, style) == raw
    assert TextFormat.from_record(style.to_record()) == style


@pytest.mark.parametrize(
    "raw",
    [
        PNG,
        b"a\x00b",
        b"\xef\xbb\xbfa\x00",
        b"\xef\xbb\xbf\xff",
        "no mark".encode("utf-16-le"),
        "\ufeffcontrol \x01".encode("utf-16-le"),
        b"\xff\xfea",
        b"\xff\xfe\x00\xd8",
        "\ufeffabc".encode("utf-32-le"),
        b"\x1f\x8b\x08rest of a gzip",
        "日本語のテキスト".encode("shift-jis"),
        "Привет, мир".encode("koi8-r"),
        b"undefined in Windows-1252: \x81 \xe9",
        b"caf\xe9 \x01",
        b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n",  # all of it could be text
    ],
)
def test_binary(raw: bytes) -> None:
    assert decode(raw) is None


def test_the_size_limit_is_of_the_shared_text() -> None:
    assert decode(b"a" * MAX_TEXT_BYTES) is not None
    assert decode(b"a" * (MAX_TEXT_BYTES + 1)) is None
    assert decode(b"\r\n" * MAX_TEXT_BYTES) is not None
    assert decode(b"\xe9a" * (MAX_TEXT_BYTES // 2)) is None  # as UTF-8 half as much again


def test_a_character_that_the_encoding_lacks_makes_the_file_utf_8() -> None:
    decoded = decode(b"caf\xe9\r\n")
    assert decoded is not None
    text, style = decoded
    assert encode(text + "ü", style) == b"caf\xe9\r\n\xfc"
    assert encode(text + "€", style) == "café\r\n€".encode()
    assert format_for(text + "€", style) == TextFormat("utf-8", False, LineEnds("\r\n"))
    assert format_for(text, style) is style


def mixed(raw: bytes) -> TextFormat:
    decoded = decode(raw)
    assert decoded is not None
    assert decoded[1].line_ends.exceptions
    return decoded[1]


@pytest.mark.parametrize(
    ("edited", "raw"),
    [
        ("new\none\ntwo\nthree\nfour\n", b"new\r\none\r\ntwo\nthree\r\nfour\r"),
        ("one\nthree\nfour\n", b"one\r\nthree\r\nfour\r"),
        ("one\nTWO\nthree\nfour\n", b"one\r\nTWO\r\nthree\r\nfour\r"),
        ("four\nthree\ntwo\none\n", b"four\rthree\r\ntwo\none\r\n"),
        ("two\ntwo\n", b"two\ntwo\r\n"),
        ("two", b"two"),
        ("", b""),
    ],
)
def test_mixed_line_ends_stay_with_their_lines(edited: str, raw: bytes) -> None:
    assert encode(edited, mixed(b"one\r\ntwo\nthree\r\nfour\r")) == raw


def test_equal_lines_keep_their_order() -> None:
    style = mixed(b"\r\n\n\n\r\nx\r\n\r\n")
    assert encode("\n\n\n\nx\n\n", style) == b"\r\n\n\n\r\nx\r\n\r\n"
    assert encode("\n\n", style) == b"\r\n\n"


def test_two_line_ends_never_become_one() -> None:
    style = mixed(b"a\rb\r\n\nc\r\nd\r\n")
    assert decode(encode("a\n\nc\n", style))[0] == "a\n\nc\n"  # type: ignore[index]


@given(st.text(st.sampled_from("ab\r\n"), max_size=40), st.text(st.sampled_from("ab\n"), max_size=40))
def test_any_mixture_comes_back_and_any_edit_is_read_as_written(content: str, edited: str) -> None:
    decoded = decode(content.encode())
    assert decoded is not None
    text, style = decoded
    assert encode(text, style) == content.encode()
    again = decode(encode(edited, style))
    assert again is not None
    assert again[0] == edited


@given(st.binary(max_size=60))
def test_any_bytes_are_binary_or_come_back(raw: bytes) -> None:
    decoded = decode(raw)
    if decoded is not None:
        text, style = decoded
        assert "\r" not in text
        assert "\x00" not in text
        assert encode(text, style) == raw


def decoded_whole(raw: bytes, max_bytes: int) -> tuple[str, TextFormat] | None:
    """What `decode` gives, found by looking at all of the file in each step."""
    found = None if raw.startswith(b"%PDF-") else characters_whole(raw)
    if found is None or "\0" in found[0]:
        return None
    characters, encoding, bom = found
    text = characters.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode()) > max_bytes:
        return None
    line_ends = lineends.ends_of([characters], text)
    return None if line_ends is None else (text, TextFormat(encoding, bom, line_ends))


def characters_whole(raw: bytes) -> tuple[str, textfile.Encoding, bool] | None:
    control = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
    marks: dict[bytes, textfile.Encoding] = {
        b"\xef\xbb\xbf": "utf-8",
        b"\xff\xfe": "utf-16-le",
        b"\xfe\xff": "utf-16-be",
    }
    for mark, encoding in marks.items():
        if raw.startswith(mark):
            characters = strict(raw.removeprefix(mark), encoding)
            if characters is None or (encoding != "utf-8" and control.search(characters)):
                return None
            return characters, encoding, True
    if (characters := strict(raw, "utf-8")) is not None:
        return characters, "utf-8", False
    if control.search(raw.decode("latin-1")) or sum(byte >= 0x80 for byte in raw) * 2 > len(raw):
        return None
    western: textfile.Encoding = "windows-1252" if any(0x80 <= byte < 0xA0 for byte in raw) else "latin-1"
    characters = strict(raw, western)
    return None if characters is None else (characters, western, False)


def strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


marked = st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
letters = st.text(st.sampled_from("ab\r\n\r\né€😀\ufeff\x1b\x01\0"), max_size=24)
encoded = st.builds(
    lambda text, encoding: text.encode(encoding, "ignore"),
    letters,
    st.sampled_from(["utf-8", "utf-8", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]),
)
spoilt = st.builds(lambda whole, at: whole[:at] + whole[at + 1 :], encoded, st.integers(0, 30))


@given(marked, encoded | spoilt | st.binary(max_size=24), st.integers(1, 9), st.sampled_from([12, 1_000]))
def test_in_portions_as_all_at_once(mark: bytes, content: bytes, portion: int, max_bytes: int) -> None:
    expected = decoded_whole(mark + content, max_bytes)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lineends, "PORTION", portion)
        decoded = decode(mark + content, max_bytes)
        assert decoded == expected
        if decoded is not None:
            assert encode(*decoded) == mark + content


LARGE = {
    "ASCII": b"a" * MAX_TEXT_BYTES,
    "line feeds": b"\n" * MAX_TEXT_BYTES,
    "UTF-8": "é".encode() * (MAX_TEXT_BYTES // 2),
    "wide": "😀".encode() * (MAX_TEXT_BYTES // 4),
    "UTF-16": b"\xff\xfe" + "a\n".encode("utf-16-le") * (MAX_TEXT_BYTES // 2),
    "Latin-1": b"\xe9abcdef" * (MAX_TEXT_BYTES // 8),
    "Windows-1252": b"\x93abcde" * (MAX_TEXT_BYTES // 8),
    "CRLF": b"\r\n" * MAX_TEXT_BYTES,
    "one long line": b"\r\n\n" + b"a" * (MAX_TEXT_BYTES - 2),
}
HELD = 0.05
"""Seconds for which nothing may keep the interpreter to itself."""


@pytest.mark.parametrize("raw", LARGE.values(), ids=LARGE)
def test_no_call_on_a_large_file_is_long(raw: bytes) -> None:
    decoded = decode(raw)
    assert decoded is not None
    assert longest_line(lambda: decode(raw)) < HELD
    assert longest_line(lambda: encode(*decoded)) < HELD


@pytest.mark.parametrize("unit", [b"\xe9a", "é".encode(), b"\r\n"], ids=["Latin-1", "UTF-8", "CRLF"])
def test_what_is_too_large_to_be_shared_is_not_looked_at(unit: bytes) -> None:
    large = unit * (2 * MAX_TEXT_BYTES + 2)
    assert decode(large) is None
    assert longest_line(lambda: decode(large)) < HELD / 10


def test_a_mixed_file_that_needs_a_huge_record_is_binary() -> None:
    rng = random.Random(3)
    raw = b"".join(b"%d" % n + rng.choice([b"\n", b"\r\n"]) for n in range(60_000))
    assert decode(raw) is None


def test_a_mixed_file_of_very_many_lines_is_binary() -> None:
    usual = b"\r\n" * (MOST_LINES - 1)
    assert decode(usual + b"\n") is not None
    assert decode(usual + b"\r\n\n") is None
    assert decode(usual + b"\r\n\r\n") is not None  # not mixed


@pytest.mark.parametrize("raw", [b"\r\n\n" * 4_000_000, b"\n\r" * 4_000_000], ids=["too large", "many lines"])
def test_what_will_be_binary_is_not_looked_at_line_by_line(raw: bytes) -> None:
    began = time.process_time()
    assert decode(raw, max_bytes=4 * 1024 * 1024) is None
    assert time.process_time() - began < 2  # line by line it takes 12 and 8 s at least


def test_what_becomes_too_long_to_remember_is_given_up_at_once() -> None:
    lines = [b"%d%%\r" % (n % 100) if n % 2 else b"%d%%\n" % (n // 2 % 99) for n in range(1_900_000)]
    began = time.process_time()
    assert decode(b"".join(lines)) is None
    assert time.process_time() - began < 1


def test_many_lines_cost_in_proportion() -> None:
    def lines(count: int) -> tuple[bytes, bytes]:
        raw = "".join(f"line {n} with an é\r\n" for n in range(count)).encode()
        return raw, raw.replace(b"line 777 with", b"line\n777 with", 1)

    def there_and_back(data: bytes) -> None:
        decoded = decode(data)
        assert decoded is not None
        assert encode(*decoded) == data

    for kind in (0, 1):
        there_and_back(lines(250_000)[kind])
        assert growth(lambda count, kind=kind: partial(there_and_back, lines(count)[kind]), 10_000) < 2.2
    one_lf = lines(1_000)[1]
    assert textfile.decode(one_lf)[1].line_ends.name == "mixed"  # type: ignore[index]
