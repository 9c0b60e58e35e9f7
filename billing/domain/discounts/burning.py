"""In which order balances are used up."""

from collections.abc import Iterable
from datetime import UTC, datetime

from billing.domain.discounts.records import Grant, Topup
from control_plane.catalog.policies import BurnOrder

_NEVER = datetime.max.replace(tzinfo=UTC)

_Key = tuple[bool, int, datetime, datetime, int]


def grants_in_order(grants: Iterable[Grant], order: BurnOrder) -> list[Grant]:
    """Sort by priority, expiry (to the second), age, id; or first of all what does not roll over.

    What never ends is never lost, so it counts as rolling over.
    """
    late = order is BurnOrder.NON_ROLLOVER_FIRST
    return sorted(
        grants,
        key=lambda g: _key(late and g.rolls_over, g.priority, g.expires_at, g.granted_at, g.id.int),
    )


def topups_in_order(topups: Iterable[Topup], order: BurnOrder) -> list[Topup]:
    """Sort by the wallet's priority, expiry (to the second), age, id; as `grants_in_order`.

    Prepaid money does not roll over: what has an end is lost there.
    """
    late = order is BurnOrder.NON_ROLLOVER_FIRST
    return sorted(
        topups,
        key=lambda t: _key(
            late and t.expires_at is None,
            t.priority,
            t.expires_at,
            t.ended_at or _NEVER,
            t.id.int,
        ),
    )


def _key(
    lasting: bool,  # noqa: FBT001 - a place in a key
    priority: int,
    ends: datetime | None,
    since: datetime,
    n: int,
) -> _Key:
    expiry = _NEVER if ends is None else ends.replace(microsecond=0)
    return (lasting, priority, expiry, since, n)
