"""The rule by which people, workspaces and background work share a worker's slots."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ai.pool.shares import NOBODY, OF_A_PERSON, OF_A_WORKSPACE, HeldBack, Shares


@dataclass(frozen=True)
class Asked:
    person: str
    workspace: str
    background: bool


def allowed(held: HeldBack, asked: Asked) -> bool:
    return (
        asked.person not in held.people
        and asked.workspace not in held.workspaces
        and not (asked.background and held.background)
    )


def fill(shares: Shares, person: str, workspace: str) -> int:
    """How many slots one person comes to hold who asks for all of them."""
    count = 0
    while shares.free and allowed(shares.held_back(), Asked(person, workspace, background=False)):
        shares.begin(person, workspace)
        count += 1
    return count


@given(st.integers(5, 1000))
def test_who_is_alone_has_nearly_all_slots_and_whoever_comes_begins_at_once(slots: int) -> None:
    shares = Shares(slots)
    alone = fill(shares, "ann", "w")
    assert slots * 4 // 5 <= alone < slots
    assert allowed(shares.held_back(), Asked("bob", "v", background=False))
    assert allowed(shares.held_back(), Asked("bob", "w", background=False))


@given(st.integers(50, 1000), st.integers(2, 8))
def test_many_who_want_all_come_to_hold_alike(slots: int, count: int) -> None:
    """Slots become free one by one, and whoever holds least takes the next: as turns give them."""
    shares = Shares(slots)
    held = Counter({f"p{n}": 0 for n in range(count)})
    held["p0"] = fill(shares, "p0", "w0")
    for _ in range(slots * 4):
        for person in sorted(held, key=lambda one: held[one]):
            if shares.free and allowed(shares.held_back(), Asked(person, f"w{person[1:]}", background=False)):
                shares.begin(person, f"w{person[1:]}")
                held[person] += 1
        most = max(held, key=lambda one: held[one])
        shares.end(most, f"w{most[1:]}")
        held[most] -= 1
    assert max(held.values()) - min(held.values()) <= OF_A_PERSON + 1
    assert sum(held.values()) >= slots * 4 // 5 - 1


@given(st.integers(OF_A_WORKSPACE + 1, 1000), st.integers(1, 50))
def test_a_large_workspace_leaves_room_for_a_small_one(slots: int, people: int) -> None:
    shares = Shares(slots)
    for n in range(people):
        fill(shares, f"p{n}", "large")
    assert shares.free
    assert allowed(shares.held_back(), Asked("ann", "small", background=False))


@given(st.integers(4, 1000))
def test_work_in_the_background_leaves_its_part_of_the_slots_alone(slots: int) -> None:
    shares = Shares(slots)
    begun = 0
    while allowed(shares.held_back(), Asked(f"p{begun}", f"w{begun}", background=True)):
        shares.begin(f"p{begun}", f"w{begun}")
        begun += 1
    assert shares.free == slots // 4
    assert allowed(shares.held_back(), Asked("ann", "w", background=False))


def test_on_an_idle_worker_nobody_is_held_back() -> None:
    assert Shares(512).held_back() == NOBODY


class Worker(RuleBasedStateMachine):
    """One worker, and people of workspaces who ask in bursts; jobs begin in the order of their turns."""

    @initialize(slots=st.integers(1, 40))
    def open(self, slots: int) -> None:
        self.slots = slots
        self.shares = Shares(slots)
        self.waiting: list[Asked] = []
        self.running: list[Asked] = []

    @rule(
        person=st.sampled_from("abcdef"),
        workspace=st.sampled_from("xyz"),
        background=st.booleans(),
        count=st.integers(1, 30),
    )
    def ask(self, person: str, workspace: str, background: bool, count: int) -> None:
        self.waiting += [Asked(person, workspace, background)] * count
        self.begin_what_may()

    @rule(data=st.data(), count=st.integers(1, 10))
    def some_end(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.running))):
            self.end(data.draw(st.integers(0, len(self.running) - 1)))

    def end(self, number: int) -> None:
        ended = self.running.pop(number)
        self.shares.end(ended.person, ended.workspace)
        self.begin_what_may()

    def begin_what_may(self) -> None:
        while self.shares.free:
            held = self.shares.held_back()
            in_order = sorted(self.waiting, key=lambda asked: asked.background)
            following = next((asked for asked in in_order if allowed(held, asked)), None)
            if following is None:
                return
            self.waiting.remove(following)
            self.running.append(following)
            self.shares.begin(following.person, following.workspace)

    @invariant()
    def the_count_is_right(self) -> None:
        assert self.shares.free == self.slots - len(self.running) >= 0

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Who is held back while slots are free has more than a fair part already, or works in the background."""
        if not self.shares.free:
            return
        for asked in set(self.waiting):
            holds = sum(one.person == asked.person for one in self.running)
            theirs = sum(one.workspace == asked.workspace for one in self.running)
            at_share = holds >= OF_A_PERSON * self.shares.free or theirs >= OF_A_WORKSPACE * self.shares.free
            assert asked.background or at_share

    def teardown(self) -> None:
        """Nobody asks any more: then everything begins, however it was held back."""
        if not hasattr(self, "shares"):
            return
        while self.running:
            self.end(0)
        assert not self.waiting


TestWorker = Worker.TestCase
