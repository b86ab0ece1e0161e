"""What the costly pure functions take, for one large or hostile input each: milliseconds of CPU.

    .venv/bin/python -m bench.costs

That their work grows with the input and not with its square is tested; how long it is shows here alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

from pycrdt import Doc, Text, merge_updates

from ai.prompting.ignore import IgnoreRules
from ai.record.kept_rate import kept_rate
from ai.record.secrets import redact
from collab.documents.textfile import decode, encode
from collab.replicas.edits import minimal_edits
from collab.tree.followed import TreeState
from collab.tree.rule import legal_tree
from collab.yjs.known import NOTHING
from tests.ai.test_ignore import HOSTILE as PATTERNS
from tests.ai.test_secrets import HOSTILE as SECRETS
from tests.collab.costly import HOSTILE as FORGED
from tests.collab.costly import keystrokes, typed_at_random
from tests.collab.test_edits import MEGABYTES_5, UNLIKE
from tests.collab.test_hostile import under_many_ids
from tests.collab.test_tree import SHAPES
from tests.collab.test_tree_followed import CHANGES, twenty_thousand

NODES = 20_000
TIMES = 3


def there_and_back(raw: bytes) -> None:
    decoded = decode(raw)
    assert decoded is not None
    assert encode(*decoded) == raw


def build(content: bytes) -> Doc[Text]:
    doc: Doc[Text] = Doc()
    doc.get("text", type=Text)
    doc.apply_update(content)
    return doc


HISTORIES = {
    "3,000 edits of one person": typed_at_random(3_000),
    "1,000 edits of five people": typed_at_random(1_000, people=5),
    "12,000 keystrokes as they came": keystrokes(12_000),
    "the same, once they were built": build(keystrokes(12_000)).get_update(),
    "10,000 client ids": under_many_ids(10_000),
    "forged references": FORGED,
}


def cases() -> Iterator[tuple[str, Callable[[], Callable[[], object]]]]:
    """What is to be timed, and what prepares it anew each time."""
    for name, content in HISTORIES.items():
        yield f"reading {len(content)} bytes: {name}", lambda content=content: partial(merge_updates, content, NOTHING)
        yield f"building a text of them: {name}", lambda content=content: partial(build, content)
    for name, texts in UNLIKE.items():
        yield f"edits between texts of 5 MB: {name}", lambda texts=texts: partial(minimal_edits, *texts(MEGABYTES_5))
    crlf = "".join(f"line {n} with an é\r\n" for n in range(250_000)).encode()
    mixed = crlf.replace(b"line 777 with", b"line\n777 with", 1)
    for name, raw in {"all CRLF": crlf, "one LF": mixed}.items():
        yield f"file of {len(raw) / 1e6:.1f} MB, {name}: text and back", lambda raw=raw: partial(there_and_back, raw)
    for shape in SHAPES:
        yield f"legal tree of {NODES} nodes: {shape.__name__}", lambda shape=shape: partial(legal_tree, shape(NODES))
    for name, change in CHANGES.items():
        yield (
            f"one change among {NODES}: {name}",
            lambda change=change: partial(TreeState(twenty_thousand()).update, change),
        )
    for text in SECRETS:
        yield (
            f"secrets in 160 kB of {text!r}",
            lambda text=text: partial(redact.__wrapped__, text * (160_000 // len(text))),
        )
    for name, pattern in PATTERNS.items():
        yield (
            f"a path against 300 {name}",
            lambda pattern=pattern: partial(IgnoreRules(pattern(300)).ignores, "/".join(["a" * 30] * 28)),
        )
    words = "alpha beta gamma delta 1 2 3 ( ) " * 30_000
    yield "kept rate of 1 MB", lambda: partial(kept_rate, words, words.replace("alpha", "omega"))
    yield "kept rate of 20,000 letters", lambda: partial(kept_rate, words[:27_000], words[9_000:36_000] + "and more")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"{'':60} {'ms':>8}")
    for name, prepare in cases():
        took = []
        for _ in range(TIMES):
            call = prepare()
            began = time.thread_time()
            call()
            took.append(time.thread_time() - began)
        print(f"{name:60} {min(took) * 1000:8.1f}", flush=True)


if __name__ == "__main__":
    main()
