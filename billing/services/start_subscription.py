"""Start a subscription: the short form of `ConfirmChange` for a start."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.domain.life.requests import StartWanted
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StartSubscription:
    """Begin a subscription at once, and invoice its first fees."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        plan_code: str,
        interval: Interval,
        actor: str,
        currency_code: str | None = None,
        token: str | None = None,
    ) -> Changed:
        """Start, and return the subscription's id with its first invoice.

        With the ``token`` of a preview exactly what it showed is charged; without, the prices of
        this moment are.

        Raises:
            TallyardError: see `ConfirmChange` and `propose_start`.
        """
        confirm = ConfirmChange(self.work, Weighing.of(self.changing))
        wanted = StartWanted(plan_code, interval, currency_code=currency_code)
        return await confirm(tenant_id=tenant_id, request=wanted, actor=actor, token=token)
