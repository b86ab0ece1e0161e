"""The JSON of budgets."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from ai.clock import rfc3339
from ai.spending.budgets import Amount, Gauge


class BudgetSetting(BaseModel):
    """What a workspace may spend on models. Null: without limit. Days and months are those of UTC."""

    tokens_per_day: Annotated[int, Field(ge=0, le=10**12, strict=True)] | None = None
    money_per_month: Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """What one person alone may use of each limit."""


class GaugeShown(BaseModel):
    """How far one limit is used up. `personal`: one's own share of the workspace's."""

    unit: Literal["tokens", "money"]
    personal: bool
    limit: float
    used: float
    currency: str
    renews_at: str
    spent: str | None
    """A sentence, once nothing more can be asked for."""

    @classmethod
    def of(cls, gauge: Gauge) -> "GaugeShown":
        return cls(
            unit=gauge.unit,
            personal=gauge.personal,
            limit=gauge.limit,
            used=gauge.used,
            currency=gauge.currency,
            renews_at=rfc3339(gauge.renews_at),
            spent=gauge.sentence(Amount()) if gauge.refuses(Amount()) else None,
        )
