"""A quote: what was offered, until when, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.domain.life.errors import ExpectedUsageNegative
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.ids import QuoteId, SubscriptionId, TenantId


class QuoteState(StrEnum):
    """Where a quote stands; ``expired`` is read from the clock, the rest from its answer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a quote. ``subscription_id`` is what an acceptance started."""

    state: QuoteState
    at: datetime
    actor: str
    subscription_id: SubscriptionId | None


@dataclass(frozen=True, slots=True)
class SalesQuote:
    """A frozen offer to one organisation.

    ``body`` is the canonical JSON that the customer sees, amounts in minor units; ``promise`` the
    digest of what acceptance must still come to.
    """

    id: QuoteId
    tenant_id: TenantId
    number: str
    body: Mapping[str, Any]
    sha256: str
    promise: str
    valid_until: datetime
    made_at: datetime
    made_by: str
    answer: Answer | None = None

    def state_at(self, now: datetime) -> QuoteState:
        """Tell where the quote stands at an instant of the organisation's clock."""
        if self.answer is not None:
            return self.answer.state
        return QuoteState.EXPIRED if now >= self.valid_until else QuoteState.OPEN


def expected_quantity(text: str) -> Decimal:
    """Read how much usage is expected of a meter.

    Raises:
        InvalidNumber: it is no number.
        ExpectedUsageNegative: it is less than nothing.
    """
    quantity = exact_decimal(text)
    if quantity < 0:
        raise ExpectedUsageNegative(value=quantity_text(quantity))
    return quantity


def quote_number(year: int, place: int) -> str:
    """Return a quote's number, ``Q-2026-000007``: unique, not gapless."""
    return f"Q-{year}-{place:06d}"
