"""The words by which a text is found, alike for code and for prose in any language.

Nothing is stemmed: what an ending means depends on the language, and identifiers have none.
"""

import re
import unicodedata
from itertools import islice

MOST_LETTERS = 64
"""Of a word; longer ones are found by their beginning."""

MOST_IN_QUERY = 64

_MOST_ASKED = 4_000
"""Letters of a question that are looked at."""

_AT_ONCE = 256
"""Letters without a space that are looked at together: combining marks are put into their order in quadratic time."""

# `\w` knows no combining marks, without which the words of half of India fall apart; hyphens that cannot be seen are
# inside of words too.
_MARKS = "".join(re.escape(chr(code)) for code in range(0x300, 0x3000) if unicodedata.category(chr(code))[0] == "M")
_RUN = re.compile(rf"[\w{_MARKS}\u00ad\u3099\u309a\ufe00-\ufe2f]{{1,{_AT_ONCE}}}")
# Chinese, Japanese and Korean; Thai, Lao, Burmese and Khmer, which have no spaces between words either.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PIECE = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_ACCENTS = dict.fromkeys((0xAD, *range(0x300, 0x370), *range(0xFE00, 0xFE30)))
# Letters with an accent that Unicode does not take apart.
_ACCENTED = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i"}
    | {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
)
# `u` is a capital, `l` any other letter, `0` a digit. The first is the plural of an abbreviation, as in "parseURLs".
_PARTS = re.compile(r"u{2,}s(?![ls])|u+(?![ls])|u?[ls]+|0+")
_SHAPE = str.maketrans(
    {chr(code): "u" for code in range(ord("A"), ord("Z") + 1)}
    | {chr(code): "l" for code in range(ord("a"), ord("z") + 1) if chr(code) != "s"}
    | {str(digit): "0" for digit in range(10)}
)


def words(text: str) -> list[str]:
    """In their order, each as often as it is there: identifiers whole and then their parts, unspaced scripts in twos.

    Case-folded and without accents. Each word finds itself: `words(word)` begins with it.
    """
    known: dict[str, list[str]] = {}
    found: list[str] = []
    for match in _RUN.finditer(text):
        run = match[0]
        if (those := known.get(run)) is None:
            those = known[run] = _identifier(run) if run.isascii() else _foreign(run)
        found += those
    return found


def query_words(text: str) -> list[str]:
    """What to look for when somebody asks `text`: each word once, and those that every text has only where all are."""
    each = dict.fromkeys(words(text[:_MOST_ASKED]))
    telling = [word for word in each if word not in _EVERYWHERE]
    return list(islice(telling or each, MOST_IN_QUERY))


def _foreign(run: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", run).translate(_ACCENTS)
    plain = unicodedata.normalize("NFC", plain).translate(_ACCENTED)
    found: list[str] = []
    # Some letters stand for several words, and fractions for two numbers.
    for inner in _RUN.findall(plain):
        for piece in _PIECE.findall(inner):
            if _IS_UNSPACED.match(piece):
                found += [piece[at : at + 2] for at in range(max(1, len(piece) - 1))]
            else:
                found += _identifier(piece)
    return [word for word in found if any(map(str.isalnum, word))]


def _identifier(name: str) -> list[str]:
    name = name.strip("_")
    if not name:
        return []
    shape = name.translate(_SHAPE) if name.isascii() else "".join(map(_kind, name))
    whole = _word(name)
    parts = [_word(name[match.start() : match.end()]) for match in _PARTS.finditer(shape)]
    return [whole] if len(parts) < 2 and parts == [whole] else [whole, *parts]


def _kind(sign: str) -> str:
    if sign in "s_":
        return sign
    return "u" if sign.isupper() else "0" if sign.isnumeric() else "l"


def _word(name: str) -> str:
    return name.casefold()[:MOST_LETTERS].rstrip("_")


_EVERYWHERE = frozenset(
    words(
        """
        a about after all also am an and any are as at be because been before being but by can could did do does for
        from had has have he her here him his how i if in into is it its just me more most my no not of on only or
        other our out over s she should so some such t than that the their them then there these they this those to
        too under up us very was we were what when where which while who whom why will with would you your

        aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da dabei
        damit dann das dass dein dem den denn der des die dies diese diesem diesen dieser dieses doch dort du durch
        ein eine einem einen einer eines er es etwas euch euer für gibt hab habe haben hat hatte hier ich ihm ihn ihr
        ihre im in ins ist ja jede jedem jeden jeder jedes kann kein keine können man mehr mein meine mich mir mit
        muss nach nicht nur ob oder ohne sehr sein seine sich sie sind so soll über um und uns unser unter vom von vor
        war waren warum was weil welche welcher wenn wer werden wie wir wird wo zu zum zur
        """
    )
)
