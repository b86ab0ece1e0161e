"""Answers in search/replace blocks as models give them: right ones for real source texts, and seeded faults in them.

`python -m tests.ai.corruptions` prints which share of them is understood, by fault.
"""

import random
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text

from ai.answers.blocks import mark_for
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal
from ai.proposals.rewriting import Rewriting
from collab.yjs.offsets import slice_utf16, utf16_length

SOURCES = ("textwrap", "shlex", "queue", "bisect", "heapq", "string", "calendar", "cmd", "fnmatch", "sched")
"""Modules of Python's own library: real code, at hand wherever this runs."""

BLANK = Hunk("", "s", "w", "d", "a.py", "edit", 1, 0, 0, 0, (b"", b""), "", "", HunkState.STREAMING)


def source(name: str) -> str:
    return (Path(textwrap.__file__).parent / f"{name}.py").read_text("utf-8")


@dataclass(frozen=True)
class Block:
    search: list[str]
    replace: list[str]

    def spelled(self, mark: int) -> str:
        parts = [f"{'<' * mark} SEARCH", *self.search, "=" * mark, *self.replace, f"{'>' * mark} REPLACE"]
        return "\n".join(parts) + "\n"


@dataclass(frozen=True)
class Case:
    base: str
    new: str
    blocks: list[Block]


def case(draw: random.Random) -> Case:
    """An edit of one to four places of a real text, and the blocks that a model without faults answers with."""
    base = source(draw.choice(SOURCES))
    lines = base.split("\n")
    new = list(lines)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(new))
        words = re.findall(r"[A-Za-z_]{4,}", new[at])
        match draw.randrange(4):
            case 0 if words:
                new[at] = new[at].replace(draw.choice(words), "renamed")
            case 1:
                indent = new[at][: len(new[at]) - len(new[at].lstrip())]
                new.insert(at, f"{indent}added({draw.randrange(1000)})  # {draw.choice(['plainly', chr(39), chr(34)])}")
            case 2 if new[at].strip():
                del new[at]
            case _:
                new[at : at + 2] = [line + "  # changed" for line in new[at : at + 2] if line.strip()]
    return Case(base, "\n".join(new), _blocks(lines, new))


def _blocks(old: list[str], new: list[str]) -> list[Block]:
    """With as many lines around each change as it takes for the search to be there once."""
    blocks: list[tuple[int, int, int, int]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        context = 2
        while True:
            begin, end = max(0, a - context), min(len(old), b + context)
            if _flat_count(old, old[begin:end]) == 1:
                break
            context += 1
        before, behind = a - begin, end - b
        if blocks and begin <= blocks[-1][1]:
            first, _, third, _ = blocks.pop()
            blocks.append((first, end, third, d + behind))
        else:
            blocks.append((begin, end, c - before, d + behind))
    return [Block(old[a:b], new[c:d]) for a, b, c, d in blocks]


def _flat_count(lines: list[str], wanted: list[str]) -> int:
    flat, key = [line.strip() for line in lines], [line.strip() for line in wanted]
    key = [line for line in key if line]
    full = [line for line in flat if line]
    if not key:
        return 0
    return sum(full[at : at + len(key)] == key for at in range(len(full) - len(key) + 1))


# ---- faults

Fault = Callable[[random.Random, Case, int], str]


def _answer(case: Case, mark: int) -> str:
    return "\n".join(block.spelled(mark) for block in case.blocks)


def right(draw: random.Random, case: Case, mark: int) -> str:
    return _answer(case, mark)


def fenced(draw: random.Random, case: Case, mark: int) -> str:
    if draw.random() < 0.5:
        return f"```python\n{_answer(case, mark)}```\n"
    return "\n".join(f"```\n{block.spelled(mark)}```\n" for block in case.blocks)


def chatty(draw: random.Random, case: Case, mark: int) -> str:
    said = ["Sure! Here are the changes:", "Next, this one.", "**Then** I changed the rest:", "And:"]
    parts = [f"{draw.choice(said)}\n\n{block.spelled(mark)}" for block in case.blocks]
    return "\n".join(parts) + "\nLet me know if you need anything else: I = glad <<< to help >>>."


def _each(case: Case, mark: int, change: Callable[[list[str]], list[str]]) -> str:
    blocks = [Block(change(block.search), change(block.replace)) for block in case.blocks]
    return "\n".join(block.spelled(mark) for block in blocks)


def dedented(draw: random.Random, case: Case, mark: int) -> str:
    def change(block: Block) -> Block:
        depths = [len(line) - len(line.lstrip()) for line in (*block.search, *block.replace) if line.strip()]
        by = min(depths, default=0)
        return Block(
            *([line[by:] if line.strip() else line for line in lines] for lines in (block.search, block.replace))
        )

    return "\n".join(change(block).spelled(mark) for block in case.blocks)


def indented(draw: random.Random, case: Case, mark: int) -> str:
    by = draw.choice(["  ", "    ", "\t"])
    return textwrap.indent(_answer(case, mark), by)


def two_spaces(draw: random.Random, case: Case, mark: int) -> str:
    def change(lines: list[str]) -> list[str]:
        return [" " * ((len(line) - len(line.lstrip())) // 2) + line.lstrip() for line in lines]

    return _each(case, mark, change)


def wrong_quotes(draw: random.Random, case: Case, mark: int) -> str:
    return _each(case, mark, lambda lines: [re.sub(r"'(\w)", r"‘\1", line).replace("'", "’") for line in lines])


def trailing_space(draw: random.Random, case: Case, mark: int) -> str:
    return _each(case, mark, lambda lines: [line + " " * draw.randrange(3) for line in lines])


def windows_lines(draw: random.Random, case: Case, mark: int) -> str:
    return _answer(case, mark).replace("\n", "\r\n")


def other_marks(draw: random.Random, case: Case, mark: int) -> str:
    words = draw.choice([("ORIGINAL", "UPDATED"), ("", ""), ("search", "replace"), ("FIND:", "NEW")])
    return _answer(case, mark + draw.choice([-1, 1, 2])).replace("SEARCH", words[0]).replace("REPLACE", words[1])


def without_last_mark(draw: random.Random, case: Case, mark: int) -> str:
    return _answer(case, mark).rstrip().removesuffix(f"{'>' * mark} REPLACE") + draw.choice(["", "```\n"])


def without_blank_lines(draw: random.Random, case: Case, mark: int) -> str:
    """Those within a search; a search keeps its first and its last line."""

    def packed(lines: list[str]) -> list[str]:
        return [*lines[:1], *(line for line in lines[1:-1] if line.strip()), *lines[1:][-1:]]

    return "\n".join(Block(packed(block.search), block.replace).spelled(mark) for block in case.blocks)


def cut_off(draw: random.Random, case: Case, mark: int) -> str:
    answer = _answer(case, mark)
    return answer[: draw.randrange(len(answer))]


def misread(draw: random.Random, case: Case, mark: int) -> str:
    """One letter of a search is another: whoever is told can say it again."""
    blocks = list(case.blocks)
    n = draw.randrange(len(blocks))
    full = [i for i, line in enumerate(blocks[n].search) if len(line.strip()) > 8]
    search = list(blocks[n].search)
    if full:
        at = draw.choice(full)
        place = len(search[at]) - 2
        search[at] = search[at][:place] + ("q" if search[at][place] != "q" else "z") + search[at][place + 1 :]
    blocks[n] = Block(search, blocks[n].replace)
    return "\n".join(block.spelled(mark) for block in blocks)


def whole_instead(draw: random.Random, case: Case, mark: int) -> str:
    return draw.choice(["{}", "```python\n{}\n```", "Here is the updated file:\n\n```python\n{}\n```\nDone."]).format(
        case.new
    )


def as_a_diff(draw: random.Random, case: Case, mark: int) -> str:
    old, new = case.base.split("\n"), case.new.split("\n")
    diff = "\n".join(unified_diff(old, new, "a/x.py", "b/x.py", lineterm="", n=draw.choice([3, 5])))
    return draw.choice(["{}", "```diff\n{}\n```", "Sure, here is the diff:\n\n```diff\n{}\n```\nDone."]).format(diff)


def rest_unchanged(draw: random.Random, case: Case, mark: int) -> str:
    old, new = case.base.split("\n"), case.new.split("\n")
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    least = len(new) * 2 // 3  # of less than half of a text nobody can tell what it is
    written = new[: max(least, len(new) - same + 2)]
    return "\n".join([*written, draw.choice(["# ... rest of the code unchanged ...", "[the rest is unchanged]"]), ""])


FAULTS: dict[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        right, fenced, chatty, dedented, indented, two_spaces, wrong_quotes, trailing_space, windows_lines, other_marks,
        without_last_mark, without_blank_lines, whole_instead, as_a_diff, rest_unchanged, misread, cut_off,
    )
}  # fmt: skip


# ---- what is made of them


@dataclass(frozen=True)
class Understood:
    text: str
    """After all hunks were accepted."""
    said: bool
    """Whether it is called understood."""
    failures: int


def understand(base: str, answer: str, draw: random.Random, *, was_cut_off: bool = False) -> Understood:
    replica: Doc[Any] = Doc(client_id=1)
    replica.get("text", type=Text).insert(0, base)
    proposal = Proposal(replica, BLANK)
    rewriting = Rewriting(proposal, 0, base, "blocks", mark_for(base))
    while answer:
        size = draw.choice([1, 3, 20, 200])
        rewriting.push(answer[:size])
        answer = answer[size:]
    rewriting.finish(cut_off=was_cut_off)
    hunks = sorted(proposal.take_unsaved().added, key=lambda hunk: hunk.start, reverse=True)
    text = base
    for hunk in hunks:
        assert slice_utf16(base, hunk.start, hunk.end) == hunk.base
        text = slice_utf16(text, 0, hunk.start) + hunk.proposed + slice_utf16(text, hunk.end, utf16_length(text))
    return Understood(text, rewriting.understood, len(rewriting.failures))


def judged(case: Case, found: Understood, *, was_cut_off: bool) -> str:
    """understood, all but for blank space and quotes, refused, or wrong: then people would see a change that was not
    meant."""
    if found.text == case.new:
        return "understood"
    if was_cut_off or not found.said:
        return "refused"
    return "nearly" if _plainly(found.text) == _plainly(case.new) else "wrong"


def _plainly(text: str) -> list[str]:
    return [line.rstrip().translate({0x2018: "'", 0x2019: "'"}) for line in text.split("\n") if line.strip()]


def shares(fault: Fault, seeds: int) -> dict[str, float]:
    count: Counter[str] = Counter()
    for seed in range(seeds):
        draw = random.Random(seed)
        made = case(draw)
        found = understand(made.base, fault(draw, made, mark_for(made.base)), draw, was_cut_off=fault is cut_off)
        count[judged(made, found, was_cut_off=fault is cut_off)] += 1
    return {kind: count[kind] / seeds for kind in ("understood", "nearly", "refused", "wrong")}


def main(seeds: int = 500) -> None:
    print(f"{'fault':20} understood    nearly   refused     wrong")
    for name, fault in FAULTS.items():
        print(f"{name:20}" + "".join(f"{share:10.1%}" for share in shares(fault, seeds).values()))


if __name__ == "__main__":
    main()
