"""Start a subscription."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.services.preview_start import PURPOSE, propose_start
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

        With the ``token`` of a preview, exactly what it showed is charged; without, the prices
        of this moment are.

        Raises:
            PreviewInvalid, PreviewStale: the token is not good for this.
            PlanNotFound, PriceNotFound, CurrencyNotOffered, ModuleAlreadySubscribed,
            AccountParked: see `PreviewStart`.
        """
        async with self.work(tenant_id) as session:
            shown = None
            if token is not None:
                shown = self.changing.tokens.read(PURPOSE, tenant_id, token)
            books = await self.changing.current_books(session, tenant_id)
            if shown is not None:
                shown.require_fresh(books.now, books.account.closed_through)
            at = books.now if shown is None else shown.at
            cutoff = None if shown is None else shown.cutoff
            proposal = await propose_start(
                self.changing, session, books, plan_code, interval, currency_code, at, cutoff
            )
            if shown is not None:
                shown.require_same(proposal.digest)
            return await self.changing.make(
                session, books, proposal.timeline, at, shown=shown, actor=actor
            )
