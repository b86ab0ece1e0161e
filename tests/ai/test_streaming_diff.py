"""The streaming diff under random edits, and what people should see in ordinary ones."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.answers.streaming_diff import Hunk, StreamingDiff, apply_hunks, diff
from ai.answers.word_diff import separates, tokens

WORDS = [
    "return",
    "value",
    "self",
    "x",
    "(",
    ")",
    "é",
    "😀",
    "naïve",
    "文字",
    "  ",
    "\t",
    "{",
    "}",
    "foo.bar",
    "= 1",
    "",
    ".",
]
SOURCE = '''import os


def first(path):
    """Where the path leads."""
    if path:
        return os.path.realpath(path)
    return None


def second(count):
    for number in range(count):
        print(number)
    return count


def third():
    pass
'''


def random_text(rng: random.Random, lines: int) -> str:
    made = [" ".join(rng.choices(WORDS, k=rng.randrange(7))) + "\n" for _ in range(lines)]
    return "".join(made)[: None if rng.random() < 0.7 else -1]


def mutated(rng: random.Random, text: str, edits: int) -> str:
    for _ in range(edits):
        lines = text.splitlines(keepends=True) or [""]
        at, kind = rng.randrange(len(lines)), rng.randrange(6)
        if kind == 0:
            lines[at:at] = [random_text(rng, rng.randrange(1, 5))]
        elif kind == 1:
            del lines[at : at + rng.randrange(1, 6)]
        elif kind == 2:
            lines[at] = "    " + lines[at]
        elif kind == 3:
            lines[at : at + 3] = lines[at : at + 3][::-1]
        else:
            words = tokens(lines[at]) or [""]
            words[rng.randrange(len(words))] = rng.choice(WORDS)
            lines[at] = "".join(words)
        text = "".join(lines)
    return text


def chunks(rng: random.Random, text: str) -> list[str]:
    pieces, at = [], 0
    longest = rng.choice([1, 4, 12, 200])
    while at < len(text):
        size = rng.randint(1, longest)
        pieces.append(text[at : at + size])
        at += size
    return pieces


class Watcher:
    """Follows a diff through its `Changes` alone, as an editor does, and checks every promise after every step."""

    def __init__(self, base: str, by_line: bool = False) -> None:
        self.base = base
        self.by_line = by_line
        self.diff = StreamingDiff(base, by_line=by_line)
        ends = list(itertools.accumulate(len(line.encode("utf-16-le")) // 2 for line in base.splitlines(keepends=True)))
        self.lines = list(zip([0, *ends], ends, strict=False))
        self.written = ""
        self.seen: dict[int, Hunk] = {}
        self.gone: set[int] = set()

    def push(self, text: str) -> None:
        self.written += text
        self._follow(self.diff.push(text))
        result = apply_hunks(self.base, self.diff.hunks)
        assert result.startswith(self.written)
        assert self.base.endswith(result[len(self.written) :])

    def finish(self) -> None:
        self._follow(self.diff.finish())
        assert all(hunk.settled for hunk in self.diff.hunks)
        assert apply_hunks(self.base, self.diff.hunks) == self.written

    def stop(self) -> None:
        self._follow(self.diff.stop())
        assert all(hunk.settled for hunk in self.diff.hunks)

    def _follow(self, changes) -> None:
        for hunk in changes.changed:
            assert hunk.id not in self.gone
            assert not (hunk.id in self.seen and self.seen[hunk.id].settled), "a settled hunk changed"
            self.seen[hunk.id] = hunk
        for gone in changes.removed:
            assert not self.seen.pop(gone).settled, "a settled hunk went away"
            self.gone.add(gone)
        hunks = self.diff.hunks
        assert sorted(self.seen.values(), key=lambda hunk: hunk.start) == list(hunks)
        units = self.base.encode("utf-16-le")
        for hunk in hunks:
            assert units[2 * hunk.start : 2 * hunk.end].decode("utf-16-le") == hunk.base != hunk.proposed
        for left, right in itertools.pairwise(hunks):
            assert left.settled or not right.settled
            assert separates(units[2 * left.end : 2 * right.start].decode("utf-16-le"))
            if self.by_line:
                assert any(left.end <= start and end <= right.start for start, end in self.lines), "no line stays"


@pytest.mark.parametrize("by_line", [False, True])
@pytest.mark.parametrize("seed", range(250))
def test_random_edits_keep_every_promise(seed: int, by_line: bool) -> None:
    rng = random.Random(seed)
    base = random_text(rng, rng.choice([0, 1, 3, 10, 60]))
    new = mutated(rng, base, rng.choice([0, 1, 2, 6, 40])) if rng.random() < 0.9 else random_text(rng, 20)
    watcher = Watcher(base, by_line)
    for piece in chunks(rng, new):
        watcher.push(piece)
    watcher.finish()


@pytest.mark.parametrize("by_line", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_changes_at_the_ends_of_neighbouring_lines_keep_every_promise(seed: int, by_line: bool) -> None:
    rng = random.Random(seed)
    lines = [f"{'    ' * rng.randrange(3)}first some middle words {n} last" for n in range(30)]
    new = [
        line.replace("first", rng.choice(["first", "erste"])).replace("last", rng.choice(["last", "letzte"]))
        for line in lines
    ]
    new = ["    " + line if rng.random() < 0.5 else line for line in new]
    watcher = Watcher("\n".join(lines), by_line)
    for piece in chunks(rng, "\n".join(new)):
        watcher.push(piece)
    watcher.finish()


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab \n.\t😀é(}", max_size=60),
    st.lists(st.text(alphabet="ab \n.\t😀é(}", max_size=12), max_size=10),
    st.booleans(),
    st.booleans(),
)
def test_any_texts_keep_every_promise(base: str, pieces: list[str], breaks_off: bool, by_line: bool) -> None:
    watcher = Watcher(base, by_line)
    for piece in pieces:
        watcher.push(piece)
    if breaks_off:
        watcher.stop()
    else:
        watcher.finish()


@pytest.mark.parametrize("seed", range(40))
def test_long_lines_keep_every_promise(seed: int) -> None:
    rng = random.Random(seed)
    sentences = [" ".join(rng.choices(WORDS[:4], k=8)) + rng.choice([". ", ", ", "! "]) for _ in range(60)]
    new = list(sentences)
    for _ in range(4):
        new[rng.randrange(len(new))] = "A new sentence stands here. "
    watcher = Watcher("".join(sentences))
    for piece in chunks(rng, "".join(new)):
        watcher.push(piece)
    watcher.finish()
    assert sum(len(hunk.base) for hunk in watcher.diff.hunks) < 400


def changes_of(base: str, new: str) -> list[tuple[str, str]]:
    return [(hunk.base, hunk.proposed) for hunk in diff(base, new)]


def test_a_word_is_a_small_hunk() -> None:
    assert changes_of(SOURCE, SOURCE.replace("print(number)", "log(number)")) == [("print", "log")]
    assert changes_of("Nobody saw the quick fox.", "Nobody saw the slow fox.") == [("quick", "slow")]
    assert changes_of("一二三四五六", "一二七四五六") == [("三", "七")]


def test_a_change_of_everything_is_not_confetti() -> None:
    assert changes_of("a = b", "c = d") == [("a = b", "c = d")]
    assert changes_of("one (two) three\n", "vier [fünf] sechs\n") == [("one (two) three", "vier [fünf] sechs")]


def test_in_code_what_changes_in_neighbouring_lines_is_one_hunk() -> None:
    old = "import sys,os\n\ndef mean( numbers ):\n    total=0\n    return total/len( numbers )\n\ndone = True\nx=1\n"
    new = "import sys\n\ndef mean(numbers):\n    total = 0\n    return total / len(numbers)\n\ndone = True\nx = 1\n"
    assert len(changes_of(old, new)) == 8
    assert [(hunk.base, hunk.proposed) for hunk in diff(old, new, by_line=True)] == [
        (",os", ""),
        (
            " numbers ):\n    total=0\n    return total/len( numbers ",
            "numbers):\n    total = 0\n    return total / len(numbers",
        ),
        ("=", " = "),
    ]


def test_a_block_moved_to_the_right_is_one_hunk() -> None:
    moved = SOURCE.replace(
        "    for number in range(count):\n        print(number)\n",
        "        for number in range(count):\n            print(number)\n",
    )
    assert len(changes_of(SOURCE, moved)) == 1


def test_a_block_that_is_wrapped_is_one_hunk() -> None:
    block = "    for number in range(count):\n        print(number)\n"
    moved = "        for number in range(count):\n            print(number)\n"
    wrapped = SOURCE.replace(block, "    if count:\n" + moved)
    assert len(changes_of(SOURCE, wrapped)) == len(changes_of(wrapped, SOURCE)) == 1


def test_lines_that_are_inserted_above_neighbouring_lines_are_hunks_of_their_own() -> None:
    base = "    first()\n    second()\n    third()\n"
    new = base.replace("    second", "    log(1)\n    second").replace("    third", "    log(2)\n    third")
    assert len(changes_of(base, new)) == 2


def test_what_is_added_at_the_end_of_a_paragraph_and_before_the_next_are_two_hunks() -> None:
    base, new = "Ada wrote it down\n\nlast line", "Ada wrote it down.\n\nThe last line"
    assert changes_of(base, new) == [("", "."), ("", "The ")]


WORDS_OF_PROSE = [
    "river",
    "stone",
    "winter",
    "lantern",
    "harbour",
    "quiet",
    "garden",
    "letter",
    "morning",
    "window",
    "silver",
    "bridge",
]


def paragraph(rng: random.Random, number: int) -> str:
    words = [f"{rng.choice(WORDS_OF_PROSE)}{number}" for _ in range(rng.randint(8, 60))]
    cut = rng.randint(3, len(words) - 3)
    return f"{' '.join(words[:cut])}. {' '.join(words[cut:])}"


def rewritten_paragraph(rng: random.Random, text: str, number: int) -> str:
    words = text.split(" ")
    if rng.random() < 0.5:
        words[0:0] = ["The"]
    if rng.random() < 0.5:
        words[-rng.randint(1, len(words) // 2) :] = ["something", f"else{number}"]
    if rng.random() < 0.3:
        words[: rng.randint(1, len(words) // 2)] = [f"Quite{number}", "differently"]
    return " ".join(words) + rng.choice(["", ".", "!"])


@pytest.mark.parametrize("seed", range(120))
def test_no_hunk_spans_the_end_of_a_paragraph_that_is_kept(seed: int) -> None:
    rng = random.Random(seed)
    paragraphs = [paragraph(rng, number) for number in range(rng.randint(2, 8))]
    new = [rewritten_paragraph(rng, text, n) if rng.random() < 0.8 else text for n, text in enumerate(paragraphs)]
    # One that has nothing in common with what it was is the same one by its neighbours.
    new[:3] = [paragraphs[0], "Nobody knew any of this", *paragraphs[2:3]] if rng.random() < 0.3 else new[:3]
    watcher = Watcher("\n\n".join(paragraphs))
    for piece in chunks(rng, "\n\n".join(new)):
        watcher.push(piece)
    watcher.finish()
    assert all("\n" not in hunk.base + hunk.proposed for hunk in watcher.diff.hunks)


@pytest.mark.parametrize("seed", range(60))
def test_no_hunk_spans_the_end_of_a_line_that_is_kept(seed: int) -> None:
    rng = random.Random(seed)
    lines = [f"{number} plain words in line {number} go on here" for number in range(30)]
    new = [
        rng.choice(["", "", "So: "]) + line.replace("here", rng.choice(["here", "here", "there", "here."]))
        for line in lines
    ]
    watcher = Watcher("\n".join(lines))
    for piece in chunks(rng, "\n".join(new)):
        watcher.push(piece)
    watcher.finish()
    assert all("\n" not in hunk.base + hunk.proposed for hunk in watcher.diff.hunks)


def test_an_inserted_function_leaves_its_neighbours_alone() -> None:
    new = "def new():\n    return 1\n\n\n"
    assert changes_of(SOURCE, SOURCE.replace("def third", new + "def third")) == [("", new)]


def test_a_deleted_function_is_one_hunk() -> None:
    begin, end = SOURCE.index("def second"), SOURCE.index("def third")
    assert changes_of(SOURCE, SOURCE[:begin] + SOURCE[end:]) == [(SOURCE[begin:end], "")]


def test_hunks_settle_while_the_model_writes() -> None:
    stream = StreamingDiff(SOURCE)
    new = SOURCE.replace("realpath", "abspath").replace("pass", "return 3")
    settled_at = None
    for at in range(0, len(new), 4):
        stream.push(new[at : at + 4])
        if settled_at is None and any(hunk.settled for hunk in stream.hunks):
            settled_at = at
    assert settled_at is not None
    assert new.index("abspath") < settled_at < new.index("def second") + 40


def test_what_has_not_been_written_again_is_not_shown_as_deleted() -> None:
    stream = StreamingDiff(SOURCE)
    stream.push(SOURCE[:100])
    assert stream.hunks == ()
    stream.push("entirely new words\nthat go on for a while\nand never")
    # The line in which it stood is complete, and has become another.
    assert [hunk.base for hunk in stream.hunks] == ["realpath(path)", ""]


def test_lines_that_come_before_those_that_were_not_written_again_are_shown_as_new() -> None:
    stream = StreamingDiff(SOURCE)
    stream.push(SOURCE[: SOURCE.index("def first")])
    assert stream.hunks == ()
    stream.push("entirely new words\nthat go on for a while\nand never")
    assert all(hunk.base == "" for hunk in stream.hunks)


def test_stop_keeps_what_was_written_in_full_and_the_rest_of_the_base() -> None:
    stream = StreamingDiff("one apple\ntwo pears\nthree plums\nfour figs\n")
    stream.push("one apple\ntwo red pears\nthree gre")
    stream.stop()
    assert [(hunk.base, hunk.proposed, hunk.settled) for hunk in stream.hunks] == [("", "red ", True)]


def test_where_it_stops_a_rewritten_line_does_not_stand_beside_what_it_was() -> None:
    base = "One line.\nAnother line.\nThe last line.\n"
    new = base.replace("Another", "A second")
    for written in range(len(new) + 1):
        stream = StreamingDiff(base)
        stream.push(new[:written])
        stream.stop()
        assert apply_hunks(base, stream.hunks) in (base, new)


def test_an_ended_diff_takes_nothing_more() -> None:
    stream = StreamingDiff("a")
    stream.finish()
    for call in (lambda: stream.push("b"), stream.finish, stream.stop):
        with pytest.raises(RuntimeError):
            call()


def test_positions_are_utf16_code_units() -> None:
    (hunk,) = diff("a😀 plain 😀 words", "a😀 plain 😀 terms")
    assert (hunk.start, hunk.end, hunk.base, hunk.proposed) == (13, 18, "words", "terms")


def test_a_rewritten_text_does_not_cost_more_and_more() -> None:
    lines = [f"value_{n} = compute(value_{n - 1}, {n})\n" for n in range(3_000)]
    stream = StreamingDiff("".join(lines))
    for line in lines:
        stream.push(line.replace("compute", "reckon"))
    # Everything behind the last few lines is committed, so that a chunk never looks at more than those.
    assert sum(not hunk.settled for hunk in stream.hunks) <= 8
    stream.finish()
    assert len(stream.hunks) == len(lines)
