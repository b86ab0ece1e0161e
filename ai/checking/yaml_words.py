"""What the parser of YAML complains about, in words for people."""

_IN_PLAIN_WORDS = (
    ("that cannot start any token", "this character cannot stand at the beginning here: indent with spaces, not with "
     "tabs, and put quotes around a text that begins with a special sign"),
    ("tab character", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "this colon comes unexpectedly: put quotes around a text that holds a colon, "
     "and begin each setting on a line of its own"),
    ("could not find expected ':'", "a colon is missing after a name here"),
    ("did not find expected key", "this line is indented in another way than the lines that it belongs to"),
    ("expected <block end>", "this line is indented in another way than the lines that it belongs to"),
    ("found unexpected end of stream", "a quotation mark is opened and not closed"),
    ("expected ',' or ']'", "a list in brackets is not closed"),
    ("expected ',' or '}'", "braces are not closed"),
    ("expected node content", "brackets or braces are not closed"),
    ("expected the node content", "brackets or braces are not closed"),
)  # fmt: skip


def in_plain_words(problem: str) -> str:
    """A sentence that begins small and has no full stop."""
    found = next((words for sign, words in _IN_PLAIN_WORDS if sign in problem), None)
    return found or f"this is not valid YAML ({problem})"


def shortened(words: str, letters: int = 40) -> str:
    """For quoting what somebody wrote."""
    line = " ".join(words.split())
    return line if len(line) <= letters else f"{line[: letters - 1]}…"
