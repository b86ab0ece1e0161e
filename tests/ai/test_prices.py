"""What calls cost."""

from ai.models import Price, Usage
from ai.spending.prices import Cost, cost_of

PRICE = Price(0.25, 2.0)


def test_a_call_costs_what_its_tokens_do() -> None:
    assert cost_of(Usage(1_000_000, 500_000), PRICE, "EUR") == Cost(1.25, "EUR")


def test_what_the_endpoint_says_wins_and_without_either_nobody_knows() -> None:
    assert cost_of(Usage(1_000_000, 500_000, cost=0.5), PRICE, "USD") == Cost(0.5, "USD")
    assert cost_of(Usage(10, 10, cost=0.5), None, "USD") == Cost(0.5, "USD")
    assert cost_of(Usage(10, 10), None, "USD") is None
