"""Decisions as the API shows them."""

from datetime import datetime
from decimal import Decimal

import msgspec

from control_plane.kernel.exact import quantity_text
from control_plane.sdk.decide import Decision


class DecisionView(msgspec.Struct):
    """One feature's answer.

    Counted features tell their limit and what remains, in units as text; a configuration tells its
    value. ``valid_until`` is when the answer changes by itself, as far as is known.
    """

    feature: str
    allowed: bool
    reason: str
    limit: str | None
    remaining: str | None
    value: str | None
    valid_until: datetime | None


def decision_view(feature: str, decision: Decision, remaining: int | None = None) -> DecisionView:
    """Show a decision; ``remaining`` is what is left of a counted feature."""
    return DecisionView(
        feature=feature,
        allowed=decision.allowed,
        reason=decision.reason.value,
        limit=value_text(decision.limit),
        remaining=None if remaining is None else str(remaining),
        value=value_text(decision.value),
        valid_until=decision.valid_until,
    )


def value_text(value: Decimal | str | None) -> str | None:
    """Show what a window says, or a limit."""
    return quantity_text(value) if isinstance(value, Decimal) else value
