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
    return DecisionView(*decision_members(feature, decision, remaining))


def decision_members(
    feature: str, decision: Decision, remaining: int | None
) -> tuple[str, bool, str, str | None, str | None, str | None, datetime | None]:
    """Return what a view begins with that shows a decision, in the order of `DecisionView`."""
    allowed, reason, limit, _, valid_until, value, _, _ = decision
    return (
        feature,
        allowed,
        str(reason),
        None if limit is None else quantity_text(limit),
        None if remaining is None else str(remaining),
        quantity_text(value) if isinstance(value, Decimal) else value,
        valid_until,
    )
