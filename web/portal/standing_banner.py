"""The banner on every page of an organisation that has something to pay."""

from sqlalchemy.ext.asyncio import AsyncSession

from billing.repositories.debts import read_debt
from control_plane.kernel.ids import TenantId
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Debt
from control_plane.standing.repository import KeptStanding, StandingRepository
from control_plane.standing.services.read_standing import StandingView
from web.compose import Application
from web.portal.views.standing import StandingBanner


async def standing_banner(
    application: Application, session: AsyncSession, tenant_id: TenantId
) -> StandingBanner | None:
    """Return what to say of the organisation's standing; None, after one look-up, for most."""
    kept = await StandingRepository(session).read(tenant_id)
    if not _may_say(kept):
        return None
    view = await application.read_standing(tenant_id)
    return banner_of(view, await read_debt(session, tenant_id))


def banner_of(view: StandingView, debt: Debt | None) -> StandingBanner | None:
    """Return the banner of a standing; None while all is well and nothing was announced."""
    coming = view.next
    announced = coming is not None and coming.announced
    if view.standing is Standing.ACTIVE and not announced:
        return None
    return StandingBanner(
        standing=view.standing.value,
        next=None if coming is None else coming.standing.value,
        next_at=None if coming is None else coming.effective_at,
        held_until=None if view.hold is None else view.hold.effective_at,
        open=() if debt is None else debt.open,
    )


def _may_say(kept: KeptStanding) -> bool:
    return kept.standing is not Standing.ACTIVE or kept.next_at is not None
