"""Exact values of the kept rate, and its bound on time."""

import random

import pytest

from ai.record.kept_rate import kept_rate


@pytest.mark.parametrize(
    ("accepted", "final", "rate"),
    [
        ("return total", "return total", 1.0),
        ("return total", "", 0.0),
        ("", "", 1.0),
        ("", "put back", 0.0),
        ("  \n", "", 1.0),
        ("return total", "    return total\n\n", 1.0),
        ("return total", "return sum", 0.5454545454545454),
        ("one two", "two one", 0.5),
        ("abc", "xaxbxcx", 0.0),
        ("a b c", "a x b y c z", 1.0),
        ("foo(bar, baz)", "foo(bar)", 2 / 3),
        ("same same same", "same", 1 / 3),
        ("naïve 😀", "naïve 😀!", 1.0),
        ("a\nb\n", "b\na\n", 0.5),
    ],
)
def test_exact_values(accepted: str, final: str, rate: float) -> None:
    assert kept_rate(accepted, final) == pytest.approx(rate)


def test_it_never_leaves_its_bounds_and_equals_a_plain_table() -> None:
    rng = random.Random(3)
    for _ in range(300):
        a = [rng.choice("abc") for _ in range(rng.randrange(12))]
        b = [rng.choice("abc") for _ in range(rng.randrange(12))]
        table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
        expected = table[-1][-1] / len(a) if a else float(not b)
        assert kept_rate(" ".join(a), " ".join(b)) == pytest.approx(expected)


def test_large_texts_take_bounded_time() -> None:
    rng = random.Random(4)
    words = ["alpha", "beta", "gamma", "delta", "1", "2", "3", "(", ")"]
    text = "\n".join(" ".join(rng.choices(words, k=9)) for _ in range(30_000))
    assert kept_rate(text, text.replace("alpha", "omega")) < 0.5
    assert kept_rate(text, text) == 1.0
    assert 0.4 < kept_rate(text[:15_000], text[:7_500] + "and something else " * 300) < 0.7
