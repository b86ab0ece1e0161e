"""Who may begin more on one worker: a pure rule over what runs on it.

Nobody holds more than so many times what is free. Alone, a person gets 4 of every 5 slots; with each one more the
shares shrink by themselves, and as long as it is few who are at their share, there is a free slot for whoever comes.
Switches share their buffers so, by dynamic thresholds. (A fixed share would slow down whoever is alone; a count over
all workers would cost every claim a query.)

It needs no news of other workers: what holds on each of them holds on all together.
"""

from collections import Counter
from dataclasses import dataclass

OF_A_PERSON = 4

OF_A_WORKSPACE = 16
"""More than of a person: what one leaves free must be of use to the others of the same workspace as well."""

FOREGROUND = 1 / 4
"""The part of the slots that background jobs leave alone: whoever waits for an answer must not wait for one of them."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Whose jobs may not begin now: of which people and workspaces, by id, and whether any in the background."""

    people: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    background: bool = False

    def __bool__(self) -> bool:
        return bool(self.people or self.workspaces or self.background)


NOBODY = HeldBack()


class Shares:
    """The `slots` of one worker."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._taken = 0
        self._people: Counter[str] = Counter()
        self._workspaces: Counter[str] = Counter()

    @property
    def free(self) -> int:
        return self._slots - self._taken

    def begin(self, person: str, workspace: str) -> None:
        self._taken += 1
        self._people[person] += 1
        self._workspaces[workspace] += 1

    def end(self, person: str, workspace: str) -> None:
        """Once for each `begin`."""
        self._taken -= 1
        for held, holder in ((self._people, person), (self._workspaces, workspace)):
            held[holder] -= 1
            if not held[holder]:
                del held[holder]

    def held_back(self) -> HeldBack:
        """Asked before each job that begins."""
        background = self.free <= self._slots * FOREGROUND
        if self._taken < OF_A_PERSON * self.free:  # nobody can be at such a share: so it is nearly always
            return HeldBack(background=background)
        return HeldBack(
            tuple(person for person, held in self._people.items() if held >= OF_A_PERSON * self.free),
            tuple(workspace for workspace, held in self._workspaces.items() if held >= OF_A_WORKSPACE * self.free),
            background,
        )
