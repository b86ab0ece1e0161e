"""What calls of models cost."""

from dataclasses import dataclass

from ai.models import Price, Usage


@dataclass(frozen=True, slots=True)
class Cost:
    """In `currency` (ISO 4217)."""

    amount: float
    currency: str


def cost_of(usage: Usage, price: Price | None, currency: str) -> Cost | None:
    """What a call cost: as the endpoint says, else by the server's price, else None. All of them are in `currency`."""
    if usage.cost is not None:
        return Cost(usage.cost, currency)
    return Cost(price.of(usage), currency) if price is not None else None
