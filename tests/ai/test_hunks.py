"""The states of a hunk: the whole table."""

import itertools

import pytest

from ai.proposals.hunks import Decision, Effect, HunkState, Mode, transition

POSSIBLE = {
    ("edit", "pending", "accept"): ("accepted", Effect.REPLACE, True),
    ("edit", "pending", "reject"): ("rejected", Effect.NONE, False),
    ("edit", "accepted", "undo"): ("undone", Effect.RESTORE, False),
    ("edit", "rejected", "undo"): ("pending", Effect.NONE, True),
    ("write", "pending", "accept"): ("accepted", Effect.NONE, False),
    ("write", "pending", "reject"): ("rejected", Effect.DELETE_TYPED, False),
    ("write", "pending", "undo"): ("undone", Effect.DELETE_TYPED, False),
    ("write", "accepted", "undo"): ("undone", Effect.DELETE_TYPED, False),
    ("write", "rejected", "undo"): ("pending", Effect.RETYPE, False),
    ("write", "undone", "undo"): ("pending", Effect.RETYPE, False),
}
MODES: tuple[Mode, ...] = ("edit", "write")


@pytest.mark.parametrize(("mode", "state", "decision"), list(itertools.product(MODES, HunkState, Decision)))
def test_each_decision_leads_where_it_should_or_nowhere(mode: Mode, state: HunkState, decision: Decision) -> None:
    step = transition(mode, state, decision)
    found = (step.state.value, step.effect, step.needs_base) if step else None
    assert found == POSSIBLE.get((mode, state.value, decision.value))
