"""About how many tokens a text is, where nobody has counted them."""

import math
from collections.abc import Iterable

_LETTERS_PER_TOKEN = 4
"""Of ASCII text. Tokenizers spend about a token on each other character."""


def weight(text: str) -> float:
    """Tokens, not yet rounded, so that pieces of a text may be added up."""
    if text.isascii():
        return len(text) / _LETTERS_PER_TOKEN
    ascii_letters = len(text.encode("ascii", "ignore"))
    return ascii_letters / _LETTERS_PER_TOKEN + (len(text) - ascii_letters)


def estimated_tokens(texts: Iterable[str]) -> int:
    return math.ceil(sum(map(weight, texts)))
