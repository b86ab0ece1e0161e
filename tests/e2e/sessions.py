"""Editing sessions to type again: recorded ones, where there are any, and ones made up from a seed.

A session is a trace as the public collection of editing traces writes them: `{startContent, endContent, txns}` with
`{patches: [[position, deleted, inserted], …]}` for one author, and for several `{kind: "concurrent", numAgents,
endContent, txns}` whose transactions also name `agent` and `parents`. Positions are code points.
"""

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text

FOLDER = "SCRIPTORIUM_EDITING_TRACES"
"""Environment variable: where recorded sessions lie, as `<name>.json.gz`."""

_WORDS = [
    "ink",
    "margin ",
    "a quiet room",
    "état",
    "Übung",
    "字",
    "😀",
    "👩\u200d💻",
    "\n",
    "\n\n# ",
    "  return x\n",
    ", ",
]


def recorded() -> list[Path]:
    folder = os.environ.get(FOLDER)
    return sorted(Path(folder).glob("*.json.gz")) if folder else []


def read(path: Path) -> dict[str, Any]:
    trace: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return trace


def typed_alone(seed: int, transactions: int) -> dict[str, Any]:
    """Somebody writes: mostly on from where they are, sometimes elsewhere, now and then taking something back."""
    dice = random.Random(seed)
    text: list[str] = []
    at = 0
    written = []
    for _ in range(transactions):
        if dice.random() < 0.1:
            at = dice.randint(0, len(text))
        deleted = min(dice.randint(1, 6), len(text) - at) if dice.random() < 0.2 else 0
        inserted = dice.choice(_WORDS) if dice.random() < 0.9 else ""
        text[at : at + deleted] = inserted
        written.append({"patches": [[at, deleted, inserted]]})
        at += len(inserted)
    return {"startContent": "", "endContent": "".join(text), "txns": written}


def typed_at_once(seed: int, transactions: int, authors: int) -> dict[str, Any]:
    """Several write one text, and hear of each other late. What it ends in is what the CRDT makes of it."""
    dice = random.Random(seed)
    # Ids in the order of the authors: it decides about letters that are typed at one place at once.
    docs: list[Doc[Any]] = [Doc(client_id=number + 1) for number in range(authors)]
    texts = [doc.get("text", type=Text) for doc in docs]
    newest: list[int | None] = [None] * authors
    heard: list[set[int]] = [set() for _ in range(authors)]
    written = []
    for number in range(transactions):
        author = dice.randrange(authors)
        if dice.random() < 0.15:
            for other in range(authors):
                if other != author and (last := newest[other]) is not None:
                    docs[author].apply_update(docs[other].get_update())
                    heard[author] |= {last}
        before = str(texts[author])
        at = dice.randint(0, len(before)) if dice.random() < 0.7 else len(before)
        deleted = min(dice.randint(1, 4), len(before) - at) if dice.random() < 0.25 else 0
        inserted = dice.choice(_WORDS) if deleted == 0 or dice.random() < 0.7 else ""
        start, end = (len(before[:point].encode()) for point in (at, at + deleted))
        with docs[author].transaction():
            if deleted:
                del texts[author][start:end]
            if inserted:
                texts[author].insert(start, inserted)
        own = newest[author]
        parents = sorted(heard[author] | ({own} if own is not None else set()))
        written.append({"agent": author, "parents": parents, "patches": [[at, deleted, inserted]]})
        newest[author] = number
        heard[author] = set()
    for doc in docs[1:]:
        docs[0].apply_update(doc.get_update())
    return {"kind": "concurrent", "numAgents": authors, "endContent": str(texts[0]), "txns": written}
