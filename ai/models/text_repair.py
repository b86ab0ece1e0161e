"""Repairs that need no understanding of a text: layout of JSON, and blanks where none should be."""

import json
import re

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def laid_out_json(text: str, *, indent: str = "  ", margin: str = "") -> str | None:
    """The JSON value with one member a line, every number and string as it was written. None when it is no JSON.

    `margin` goes before every line but the first. Python's own `json.dumps` would write 1.10 as 1.1, and lose one of
    two members of the same name.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    tokens = _JSON_TOKEN.findall(text)
    out: list[str] = []
    depth = 0
    for number, token in enumerate(tokens):
        if token in "}]":
            depth -= 1
            if tokens[number - 1] not in "{[":
                out.append(f"\n{margin}{indent * depth}")
        elif number and tokens[number - 1] in ("{", "[", ","):
            out.append(f"\n{margin}{indent * depth}")
        out.append(": " if token == ":" else token)
        if token in ("{", "["):
            depth += 1
    return "".join(out)


def without_stray_blanks(text: str, *, markdown: bool, ends_file: bool) -> str:
    """Without blanks at the ends of lines; at the end of a file, with one line end and no empty lines before it."""
    # In Markdown two blanks at a line's end break the line.
    pattern = r"(?<![ \t])[ \t]$|[ \t]*\t[ \t]*$" if markdown else r"[ \t]+$"
    text = re.sub(pattern, "", text, flags=re.MULTILINE)
    if ends_file and text.strip():
        text = text.rstrip("\n") + "\n"
    return text
