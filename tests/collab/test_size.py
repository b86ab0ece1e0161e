from hypothesis import given
from hypothesis import strategies as st

from collab.rooms.size import Size


@given(st.lists(st.tuples(st.integers(-50, 60), st.booleans()), max_size=60))
def test_what_is_counted_is_never_less_than_the_truth_and_nothing_is_refused_without_need(
    steps: list[tuple[int, bool]],
) -> None:
    size, true, limit = Size(0, 100), 0, 100
    for growth, measurable in steps:
        growth = max(growth, -true)
        before = true
        if size.admit(growth, (lambda truth=before: truth) if measurable else None):
            true += growth
            assert growth <= 0 or not measurable or true <= limit
        else:
            assert measurable
            assert true + growth > limit
        assert size.most >= true


def test_what_others_took_counts_but_is_not_refused() -> None:
    size = Size(90, 100)
    size.grow(30)
    assert size.most == 120
    assert not size.admit(1, lambda: 120)
    assert size.admit(0, lambda: 120)
    assert size.admit(10, lambda: 80)
