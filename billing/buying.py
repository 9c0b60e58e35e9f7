"""Whoever is suspended for not paying buys nothing more, and may give up what it has."""

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.life.requests import (
    BookingCancelled,
    CancelWanted,
    PauseWanted,
    Request,
    UndoWanted,
)
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.sdk.snapshot import Standing
from control_plane.standing.repository import StandingRepository

_STOPPED = frozenset({Standing.SUSPENDED, Standing.RETAINED, Standing.PURGED})
_GIVING_UP = BookingCancelled | CancelWanted | PauseWanted | UndoWanted


class SuspendedBuysNothing(TallyardError):
    """An organisation that is suspended wanted to buy."""

    code = "suspended_buys_nothing"
    kind = ErrorKind.FORBIDDEN
    message = "The organisation is suspended for an overdue invoice: nothing can be bought now."
    remedy = "Pay the open invoices first; everything is restored within seconds of that."


async def require_may_buy(
    session: AsyncSession, tenant_id: TenantId, request: Request | None = None
) -> None:
    """Let pass whoever stands well enough, and whatever only gives something up.

    Raises:
        SuspendedBuysNothing: the organisation is suspended, or its services have ended.
    """
    if isinstance(request, _GIVING_UP):
        return
    if (await StandingRepository(session).read(tenant_id)).standing in _STOPPED:
        raise SuspendedBuysNothing
