"""Cancel a subscription."""

from dataclasses import dataclass

from billing.changing import Changed, Changing, find_timeline, with_action
from billing.errors import SubscriptionEnding
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import Cancel


@dataclass(frozen=True, slots=True)
class CancelSubscription:
    """End a subscription with its period, or at once; nothing paid in advance is given back."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        actor: str,
        at_once: bool = False,
    ) -> Changed:
        """Record the cancellation. At once, the usage until now is invoiced with it.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
            SubscriptionEnding: it has ended, or was cancelled for as early an instant.
            AccountParked: billing is halted.
        """
        async with self.work(tenant_id) as session:
            books = await self.changing.current_books(session, tenant_id)
            timeline = find_timeline(books, subscription_id)
            segment = timeline.segment_at(books.now)
            if segment is None:
                ended = instant_text(timeline.ended_at or books.now)
                raise SubscriptionEnding(ended_at=ended)
            end = books.now if at_once else segment.anchor.period_at(books.now).end
            if timeline.ended_at is not None and end >= timeline.ended_at:
                raise SubscriptionEnding(ended_at=instant_text(timeline.ended_at))
            longer = with_action(timeline, Cancel(), end, books.now)
            return await self.changing.make(
                session, books, longer, books.now, shown=None, actor=actor
            )
