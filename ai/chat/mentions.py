"""Files that a message names by `@path`, or by `@"a path with spaces"`. Pure; the browser follows the same cases."""

import re
from collections.abc import Callable

# Not behind a letter, so that an e-mail address names nobody.
_MENTION = re.compile(r"""(?<![\w.@/-])@(?:"([^"\n]+)"|(\S+))""")
_ENDS_SENTENCE = frozenset(".,;:!?)]}>\"'*_`")
_MOST_SIGNS = 8


def mentioned(text: str, exists: Callable[[str], bool]) -> list[str]:
    """The paths for which `exists` holds, each once, in order. What ends a sentence need not be part of a path."""
    found: dict[str, None] = {}
    for quoted, plain in _MENTION.findall(text):
        path: str = quoted or plain
        for _ in range(_MOST_SIGNS):
            if exists(path):
                found[path] = None
                break
            if quoted or path[-1:] not in _ENDS_SENTENCE:
                break
            path = path[:-1]
    return list(found)
