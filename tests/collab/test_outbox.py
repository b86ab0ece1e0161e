"""What waits for the log: in order, whole, and counted, whatever comes between."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pycrdt import Doc, Text

from collab.durable.outbox import BYTES_PER_CLIENT, Backlog, Leaving, Outbox, merge


@dataclass
class Shown:
    update: bytes
    seen: tuple[int, ...]
    gathering: bool


@dataclass
class Barrier:
    behind: int
    answered: list[int] = field(default_factory=list)


class Typing(RuleBasedStateMachine):
    """People type, barriers wait, entries leave and arrive, the log is away and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog()
        self.outbox = Outbox(self.backlog)
        self.doc: Doc[Text] = Doc(client_id=7)
        self.text = self.doc.get("text", type=Text)
        self.shown: list[Shown] = []
        self.log: Doc[Text] = Doc()
        self.arrived = 0
        self.leaving: Leaving | None = None
        self.authors: dict[int, str] = {}
        self.recorded: dict[int, str] = {}
        self.announced = 0
        self.gathering = 0
        self.barriers: list[Barrier] = []

    def now(self) -> int:
        return len(self.shown)

    @rule(size=st.sampled_from((1, 10, 40_000)), new=st.booleans(), times=st.sampled_from((1, 1, 300)))
    def type(self, size: int, new: bool, times: int) -> None:
        for _ in range(times if size == 1 else 1):
            before = self.doc.get_state()
            self.text.insert(len(self.text), "x" * size)
            update = self.doc.get_update(before)
            seen = (1000 + self.now(),) if new else ()
            for client in seen:
                self.outbox.first_seen(client, f"user:{client}")
                self.authors[client] = f"user:{client}"
            self.outbox.add(update, seen, announce=True)
            self.shown.append(Shown(update, seen, self.gathering > 0))

    @rule()
    def ask(self) -> None:
        barrier = Barrier(self.now())
        if self.outbox.when_logged(lambda: barrier.answered.append(self.outbox.logged)):
            assert self.outbox.logged == self.now()
        else:
            assert self.outbox.logged < self.now()
            self.barriers.append(barrier)

    @rule()
    def gather(self) -> None:
        self.outbox.gather()
        self.gathering += 1

    @precondition(lambda self: self.gathering)
    @rule()
    def gathered(self) -> None:
        self.outbox.gathered()
        self.gathering -= 1

    @precondition(lambda self: self.leaving is None)
    @rule()
    def take(self) -> None:
        self.leaving = self.outbox.take()
        if self.leaving is None:
            assert self.gathering or self.now() == self.arrived
            return
        assert self.leaving.first == self.arrived + 1
        assert self.leaving.first <= self.leaving.last <= self.now()
        assert not self.shown[self.leaving.last - 1].gathering or self.leaving.last == self.now()
        for client, author in self.leaving.authors.items():
            assert client not in self.recorded
            self.recorded[client] = author
        # An author is never later than what he wrote.
        for shown in self.shown[: self.leaving.last]:
            assert self.recorded.keys() >= set(shown.seen)

    @precondition(lambda self: self.leaving is not None)
    @rule()
    def arrive(self) -> None:
        assert self.leaving is not None
        self.log.apply_update(self.leaving.update)
        assert self.log.get_state() == self.state_after(self.leaving.last)
        self.arrived = self.leaving.last
        self.leaving = None
        self.outbox.arrived()
        for call in self.outbox.due():
            call()
        for barrier in self.barriers:
            assert bool(barrier.answered) == (barrier.behind <= self.arrived)
            assert len(barrier.answered) <= 1

    def state_after(self, number: int) -> bytes:
        doc: Doc[Text] = Doc()
        doc.apply_update(merge([shown.update for shown in self.shown[:number]]))
        return doc.get_state()

    @rule()
    def away(self) -> None:
        """Each update is announced once, with the authors of whom it brings, unless the log had it before that."""
        told = self.outbox.take_unannounced()
        self.expect_told(told, max(self.announced, self.arrived))
        self.announced = self.now()

    @rule()
    def announce_again(self) -> None:
        self.outbox.announce_again()
        self.expect_told(self.outbox.take_unannounced(), self.arrived)
        self.announced = self.now()

    def expect_told(self, told: list[tuple[bytes, tuple[tuple[int, str], ...]]], since: int) -> None:
        doc: Doc[Text] = Doc()
        if since:
            doc.apply_update(merge([shown.update for shown in self.shown[:since]]))
        for update, _ in told:
            doc.apply_update(update)
        assert doc.get_state() == self.doc.get_state()
        # An entry takes all authors that wait, also those of what is too much for it and leaves with the next one.
        leaving = self.leaving.authors if self.leaving else {}
        unknown = self.authors.keys() - (self.recorded.keys() - leaving.keys())
        expected = {
            client: f"user:{client}" for shown in self.shown[since:] for client in shown.seen if client in unknown
        }
        assert {client: author for _, authors in told for client, author in authors} == expected

    @rule()
    def condense(self) -> None:
        before = self.backlog.bytes
        self.outbox.condense()
        assert self.backlog.bytes <= before

    @invariant()
    def numbered(self) -> None:
        assert self.outbox.sequence == self.now()
        assert self.outbox.logged == self.arrived
        assert self.outbox.awaited == any(not barrier.answered for barrier in self.barriers)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        updates = list(self.outbox.unlogged())
        whole: Doc[Text] = Doc()
        whole.apply_update(self.log.get_update())
        for update in updates:
            whole.apply_update(update)
        assert whole.get_state() == self.doc.get_state()

    @invariant()
    def counted(self) -> None:
        waiting = len(self.authors) - len(self.recorded) + (len(self.leaving.authors) if self.leaving else 0)
        assert self.backlog.bytes == sum(map(len, self.outbox.unlogged())) + waiting * BYTES_PER_CLIENT


TestTyping = Typing.TestCase
TestTyping.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def added(outbox: Outbox, sizes: list[int]) -> None:
    doc: Doc[Text] = Doc(client_id=1)
    text = doc.get("text", type=Text)
    for size in sizes:
        before = doc.get_state()
        text.insert(len(text), "x" * size)
        outbox.add(doc.get_update(before), (), announce=True)


def taken(outbox: Outbox) -> list[tuple[int, int]]:
    entries = []
    while (leaving := outbox.take()) is not None:
        entries.append((leaving.first, leaving.last))
        outbox.arrived()
    return entries


def test_an_entry_is_as_large_as_can_be_merged_in_a_moment() -> None:
    outbox = Outbox(Backlog())
    added(outbox, [1] * 600)
    assert taken(outbox) == [(1, 256), (257, 512), (513, 600)]
    added(outbox, [1, 70_000, 1, 40_000, 40_000, 1])
    assert taken(outbox) == [(601, 602), (603, 605), (606, 606)]


def test_what_belongs_together_leaves_in_one_entry_however_large() -> None:
    outbox = Outbox(Backlog())
    added(outbox, [1])
    outbox.gather()
    outbox.gather()
    added(outbox, [70_000] * 3)
    assert outbox.take() is None
    outbox.gathered()
    assert outbox.take() is None
    outbox.gathered()
    added(outbox, [1])
    assert taken(outbox) == [(1, 5)]


def test_large_updates_are_not_merged_again_and_again() -> None:
    outbox = Outbox(Backlog())
    added(outbox, [1] * 255)
    outbox.condense()
    assert outbox.waiting == 255
    added(outbox, [1])
    outbox.condense()
    assert outbox.waiting == 1
    added(outbox, [70_000] + [1] * 300)
    outbox.condense()
    assert outbox.waiting == 3


def test_barriers_are_answered_in_order() -> None:
    outbox = Outbox(Backlog())
    answered: list[str] = []

    def calls(name: str) -> Callable[[], None]:
        return lambda: answered.append(name)

    assert outbox.when_logged(calls("of nothing"))
    for name in "abc":
        added(outbox, [1])
        assert not outbox.when_logged(calls(name))
        assert not outbox.when_logged(calls(f"{name} again"))
    assert outbox.take() is not None
    outbox.arrived()
    for call in outbox.due():
        call()
    assert answered == ["a", "a again", "b", "b again", "c", "c again"]


def test_authors_that_the_log_has_been_given_are_not_announced_once_more() -> None:
    outbox = Outbox(Backlog())
    for client in range(1, 301):
        outbox.first_seen(client, "ann")
        outbox.add(b"\0\0", (client,), announce=True)
    leaving = outbox.take()
    assert leaving is not None
    assert leaving.last == 256
    assert len(leaving.authors) == 300
    outbox.announce_again()
    assert all(authors for _, authors in outbox.take_unannounced())  # the log may never get that entry
    outbox.arrived()
    outbox.announce_again()
    assert outbox.take_unannounced() == [(b"\0\0", ())] * 44
