"""A circuit breaker as a pure state machine: when a model that keeps failing is left alone, and when it is tried again.

Closed, every request asks the model. `FAILURES` failures with no whole answer between them, within `WINDOW` seconds,
open it: nobody asks any more. After a rest one request tries (half-open) while the others stay away; as soon as it is
answered the circuit is closed, and a failure opens it for twice as long. Times are seconds of one clock that never goes
back.
"""

FAILURES = 3
WINDOW = 300.0
"""Longer than that many requests take which each wait for a model that has hung up."""

FIRST_REST = 15.0
LONGEST_REST = 240.0

ASK = 0
"""The ticket of a request while all is well; any other number belongs to one that tries."""


class Circuit:
    """Whoever was given a ticket says what became of it: `answered` and then `completed`, `failed`, or `left`."""

    def __init__(self) -> None:
        self._failures: list[float] = []
        self._since: float | None = None
        self._rest = FIRST_REST
        self._rests_until = 0.0
        self._tries = 0
        self._trying = ASK

    @property
    def since(self) -> float | None:
        """When the failures began that opened it; None while it is closed."""
        return self._since

    def admit(self, now: float) -> int | None:
        """A ticket for a request that may ask the model; None for one that is to stay away."""
        if self._since is None:
            return ASK
        if self._trying or now < self._rests_until:
            return None
        self._tries += 1
        self._trying = self._tries
        return self._trying

    def answered(self) -> float | None:
        """An answer has begun, whoever gets it. Since when none did, if this is what closes the circuit.

        The failures still count: a model that always breaks off does not work either.
        """
        since, self._since, self._trying = self._since, None, ASK
        return since

    def completed(self) -> None:
        """An answer came to its end: all is well."""
        self._failures = []
        self._rest = FIRST_REST

    def failed(self, ticket: int, now: float, rest: float = 0.0) -> None:
        """No answer began, or it broke off. `rest` are the seconds that the endpoint asks for, if it does."""
        if self._since is None:
            self._failures = [at for at in self._failures if at > now - WINDOW] + [now]
            if len(self._failures) >= FAILURES:
                self._since = self._failures[0]
                self._rests_until = now + max(self._rest, rest)
        elif ticket and ticket == self._trying:
            self._trying = ASK
            self._rest = min(2 * self._rest, LONGEST_REST)
            self._rests_until = now + max(self._rest, rest)
        # Others were asked before it opened: what they say is no news.

    def left(self, ticket: int) -> None:
        """Nobody will know: it was cancelled before it answered, or refused for its own sake. The next one tries."""
        if ticket == self._trying:
            self._trying = ASK
