"""Show what a new subscription would cost: the short form of `PreviewChange` for a start."""

from dataclasses import dataclass

from billing.changing import Changing
from billing.domain.life.requests import StartWanted
from billing.services.subscriptions.preview_change import ChangePreview, PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PreviewStart:
    """Compute the first invoice of a subscription without starting it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        plan_code: str,
        interval: Interval,
        currency_code: str | None = None,
    ) -> ChangePreview:
        """Return the exact first invoice and the token that confirms it.

        Raises:
            TallyardError: see `propose_start`.
        """
        preview = PreviewChange(self.work, Weighing.of(self.changing))
        wanted = StartWanted(plan_code, interval, currency_code=currency_code)
        return await preview(tenant_id=tenant_id, request=wanted)
