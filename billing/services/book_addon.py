"""Book a seasonal add-on, as previewed."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.services.preview_addon import PURPOSE, propose_addon
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class BookAddon:
    """Book exactly the window that was previewed, and invoice it at once."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        addon_code: str,
        token: str,
        actor: str,
    ) -> Changed:
        """Record the booking with its invoice, effective as of the preview.

        Raises:
            PreviewInvalid: ``token`` is not of a preview of an add-on of this tenant.
            PreviewStale: the preview is too old, or no longer what would be charged.
            SubscriptionNotFound, SubscriptionEnding, AddonNotFound, PriceNotFound, SeasonOver,
            AddonNotApplicable, AccountParked: see `PreviewAddon`.
        """
        async with self.work(tenant_id) as session:
            shown = self.changing.tokens.read(PURPOSE, tenant_id, token)
            books = await self.changing.current_books(session, tenant_id)
            shown.require_fresh(books.now, books.account.closed_through)
            found = await propose_addon(
                self.changing, session, books, subscription_id, addon_code, shown.at, shown.cutoff
            )
            shown.require_same(found.digest)
            return await self.changing.make(
                session, books, found.longer, shown.at, shown=shown, actor=actor
            )
