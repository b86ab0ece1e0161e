"""Rankings as one."""

import pytest

from ai.knowledge.fusion import fused


def test_what_both_have_comes_before_what_one_has_at_the_same_rank() -> None:
    assert next(item for item, _ in fused([["a", "b", "c"], ["d", "b"]])) == "b"
    assert dict(fused([["a", "b"], ["b"]])) == {"a": pytest.approx(1 / 61), "b": pytest.approx(1 / 61 + 1 / 62)}


def test_one_ranking_stays_as_it_is_and_none_is_nothing() -> None:
    assert [item for item, _ in fused([["a", "b", "c"], []])] == ["a", "b", "c"]
    assert fused([]) == fused([[], []]) == []
