"""The circuit breaker as a state machine."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ai.models.circuit import ASK, FAILURES, FIRST_REST, LONGEST_REST, WINDOW, Circuit


def broken(at: float = 100.0) -> Circuit:
    circuit = Circuit()
    for n in range(FAILURES):
        circuit.failed(ASK, at + n)
    return circuit


def test_a_few_failures_change_nothing() -> None:
    circuit = Circuit()
    for n in range(FAILURES - 1):
        assert circuit.admit(n) == ASK
        circuit.failed(ASK, n)
    assert circuit.admit(FAILURES) == ASK
    assert circuit.since is None


def test_an_answer_between_them_or_much_time_makes_failures_forgotten() -> None:
    circuit = Circuit()
    for n in range(10):
        circuit.failed(ASK, n * (WINDOW / (FAILURES - 1) + 1))
    assert circuit.since is None
    circuit = Circuit()
    for n in range(10):
        circuit.failed(ASK, n)
        circuit.failed(ASK, n)
        circuit.answered()
        circuit.completed()
    assert circuit.since is None


def test_answers_that_all_break_off_are_failures() -> None:
    circuit = Circuit()
    for n in range(FAILURES):
        circuit.answered()
        circuit.failed(ASK, n)
    assert circuit.since == 0


def test_it_rests_and_then_one_tries_while_the_others_stay_away() -> None:
    circuit = broken(at=100.0)
    opened = 100.0 + FAILURES - 1
    assert circuit.since == 100.0
    assert circuit.admit(opened + FIRST_REST - 0.1) is None
    assert circuit.admit(opened + FIRST_REST)
    assert circuit.admit(opened + FIRST_REST) is None
    assert circuit.answered() == 100.0
    assert circuit.admit(opened + FIRST_REST) == ASK
    assert circuit.answered() is None


def test_each_failed_try_lets_it_rest_longer_up_to_a_bound() -> None:
    circuit = broken()
    now, rests = 1000.0, []
    for _ in range(8):
        ticket = circuit.admit(now)
        assert ticket
        circuit.failed(ticket, now)
        began = now
        while (ticket := circuit.admit(now)) is None:
            now += 1
        circuit.left(ticket)
        rests.append(now - began)
    assert rests == sorted(rests)
    assert rests[0] == 2 * FIRST_REST
    assert rests[-1] == LONGEST_REST


def test_the_endpoint_may_ask_for_a_longer_rest() -> None:
    circuit = Circuit()
    for n in range(FAILURES):
        circuit.failed(ASK, n, rest=100.0)
    assert circuit.admit(FAILURES - 1 + 99.0) is None
    assert circuit.admit(FAILURES - 1 + 100.0)


def test_a_try_that_was_cancelled_is_followed_by_another() -> None:
    circuit = broken()
    ticket = circuit.admit(1000.0)
    assert ticket
    circuit.left(ticket)
    assert circuit.admit(1000.0)


def test_what_was_asked_before_it_opened_says_nothing_new_by_failing() -> None:
    circuit = broken()
    ticket = circuit.admit(1000.0)
    assert ticket
    circuit.failed(ASK, 1001.0)
    assert circuit.admit(1001.0 + LONGEST_REST) is None, "the try is still on its way"
    circuit.left(ticket)
    assert circuit.admit(1001.0), "and it rests no longer for what came late"


class Requests(RuleBasedStateMachine):
    """Any number of requests under way at once, ending in any order and way."""

    @initialize()
    def begin(self) -> None:
        self.circuit = Circuit()
        self.now = 0.0
        self.under_way: list[int] = []
        self.trying: int | None = None
        self.failures_in_a_row = 0

    @rule(seconds=st.floats(0, 400))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        was_closed = self.circuit.since is None
        ticket = self.circuit.admit(self.now)
        assert (ticket == ASK) == was_closed
        if ticket is not None:
            self.under_way.append(ticket)
        if ticket:
            assert self.trying is None, "one at a time"
            self.trying = ticket

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), how=st.sampled_from(["completed", "breaks off", "failed", "failed", "left"]))
    def one_ends(self, data: st.DataObject, how: str) -> None:
        ticket = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        if how in ("completed", "breaks off"):
            since = self.circuit.since
            assert self.circuit.answered() == since
            assert self.circuit.since is None
            self.trying = None  # for whoever tried, all is decided
        if how == "completed":
            self.circuit.completed()
            self.failures_in_a_row = 0
        elif how in ("failed", "breaks off"):
            was_closed = self.circuit.since is None
            self.circuit.failed(ticket, self.now)
            self.failures_in_a_row += 1
            if was_closed and self.circuit.since is not None:
                assert self.failures_in_a_row >= FAILURES
        else:
            self.circuit.left(ticket)
        if ticket == self.trying:
            self.trying = None

    @invariant()
    def it_is_open_only_after_failures(self) -> None:
        assert self.circuit.since is None or self.failures_in_a_row >= FAILURES

    def teardown(self) -> None:
        """However it went: once the model works again, it is asked again within the longest rest."""
        if not hasattr(self, "circuit"):
            return
        for ticket in self.under_way:
            self.circuit.left(ticket)
        self.now += LONGEST_REST
        assert self.circuit.admit(self.now) is not None
        self.circuit.answered()
        self.circuit.completed()
        assert self.circuit.admit(self.now) == ASK


TestRequests = Requests.TestCase
