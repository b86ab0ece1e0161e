"""A dataset for `scriptorium evaluate retrieval` that nobody wrote for it: what the authors of a library say of their
own functions, looked for in code that does not say it any more.

    python bench/docstrings.py <folder of Python source> <dataset> [--most 2000]

Every docstring is taken out of the files. A query is the first sentence of one, and the right answer is the function or
class that it was about. Those that name what they are about, word by word, are left out: they would be found by it.
"""

import argparse
import ast
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)
_Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--most", type=int, default=2_000, help="queries, drawn at random with a fixed seed")
    asked = parser.parse_args()
    queries = []
    for file in sorted(asked.source.rglob("*.py")):
        path = file.relative_to(asked.source).as_posix()
        try:
            text = file.read_text("utf-8")
            tree = ast.parse(text)
        except (UnicodeDecodeError, SyntaxError, ValueError):
            continue
        lines, found = _without_docstrings(text, tree)
        target = asked.dataset / "corpus" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines), "utf-8")
        queries += [{"query": said, "relevant": [{"path": path, "first": a, "last": b}]} for said, a, b in found]
    random.Random(1).shuffle(queries)
    asked.dataset.mkdir(parents=True, exist_ok=True)
    with (asked.dataset / "queries.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(query, ensure_ascii=False) + "\n" for query in queries[: asked.most])
    print(f"{min(len(queries), asked.most)} of {len(queries)} queries")


def _without_docstrings(text: str, tree: ast.Module) -> tuple[list[str], list[tuple[str, int, int]]]:
    """The lines, and (sentence, first and last line of what it is about), counted in those lines."""
    lines = text.split("\n")
    taken: set[int] = set()
    about = []
    for node in ast.walk(tree):
        if not isinstance(node, _Documented | ast.Module) or (said := ast.get_docstring(node)) is None:
            continue
        string = node.body[0]
        assert string.end_lineno is not None
        own = lines[string.lineno - 1][: string.col_offset]
        # One behind a colon on the same line stays: there would be no body without it.
        if own.strip():
            continue
        taken |= set(range(string.lineno + (len(node.body) == 1), string.end_lineno + 1))
        if len(node.body) == 1:
            lines[string.lineno - 1] = own + "..."
        if not isinstance(node, ast.Module) and (sentence := _sentence(said, node.name)) is not None:
            about.append((sentence, node))
    kept = [number for number in range(1, len(lines) + 1) if number not in taken]
    place = dict(_places(kept, len(lines)))
    found = [(said, place[node.lineno], place[node.end_lineno or node.lineno]) for said, node in about]
    return [lines[number - 1] for number in kept], found


def _places(kept: list[int], count: int) -> Iterator[tuple[int, int]]:
    """Line as it was → line as it is, or of what is above it."""
    there = set(kept)
    place = 0
    for number in range(1, count + 1):
        place += number in there
        yield number, max(1, place)


def _sentence(said: str, name: str) -> str | None:
    matched = _SENTENCE.match(said)
    sentence = " ".join((matched[1] if matched else said.split("\n\n")[0]).split())
    return sentence if 4 <= len(sentence.split()) <= 40 and name.lower() not in sentence.lower() else None


if __name__ == "__main__":
    main()
