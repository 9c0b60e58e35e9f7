"""Closes what is due of one tenant, in order, within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.lines import Versions
from billing.domain.records import Account, InvoiceSummary
from billing.errors import AccountParked
from billing.invoicing import Batch, RatedBatch, Rater, earliest_due_at
from billing.issuing import Issuer
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import TenantId
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class Books:
    """Everything the billing of one tenant is computed from, read under the account's lock."""

    account: Account
    organisation: Organisation
    timelines: tuple[Timeline, ...]
    versions: Versions
    now: datetime

    def timelines_with(self, changed: Timeline) -> tuple[Timeline, ...]:
        """Return the timelines with one of them replaced, or added."""
        others = [t for t in self.timelines if t.subscription_id != changed.subscription_id]
        return (*others, changed)


@dataclass(frozen=True, slots=True)
class Closing:
    """Issues what is due, and remembers how far it came."""

    rater: Rater
    tenant_clock: TenantClock
    vendor_name: str

    async def open_books(
        self, session: AsyncSession, account: Account, organisation: Organisation
    ) -> Books:
        """Read the tenant's books. The account must be locked.

        Raises:
            AccountParked: billing is halted.
        """
        if account.parked_reason is not None:
            raise AccountParked(reason=account.parked_reason)
        tenant_id = account.tenant_id
        timelines = await SubscriptionRepository(session).timelines(tenant_id)
        now = await self.tenant_clock.now(session, tenant_id)
        return Books(
            account=account,
            organisation=organisation,
            timelines=timelines,
            versions=await self.rater.shelf.versions(session, timelines),
            # Never before what is closed, should another worker's clock run ahead of ours.
            now=max(now, account.closed_through or now),
        )

    async def open_account(self, session: AsyncSession, tenant_id: TenantId) -> Books:
        """Lock the tenant's account (opening it when there is none) and read the books."""
        organisation = await OrganisationRepository(session).get(tenant_id)
        now = await self.tenant_clock.now(session, tenant_id)
        entity = "sandbox" if organisation.sandbox else "live"
        account = await AccountRepository(session).open(tenant_id, entity, now)
        return await self.open_books(session, account, organisation)

    async def close(
        self, session: AsyncSession, books: Books, *, most: int | None = None
    ) -> tuple[Books, list[InvoiceSummary]]:
        """Issue what is due by the tenant's clock, the earliest first.

        With ``most``, stop after so many due instants: the rest stays due. Returns the books as
        they then stand.
        """
        due = await self.rater.outstanding(session, books.account, books.timelines, books.now)
        instants = sorted({batch.due_at for batch in due})
        taken = set(instants[:most])
        issued = []
        for batch in (b for b in due if b.due_at in taken):
            rated = await self.rater.rate(session, books.account.tenant_id, batch)
            issued.append(await self.issue(session, books, rated))
        closed = max(taken, default=books.account.closed_through)
        rest = instants[len(taken) :]
        upcoming = rest[0] if rest else earliest_due_at(books.timelines, books.now)
        return await self.remember(session, books, closed, upcoming), issued

    async def issue(self, session: AsyncSession, books: Books, rated: RatedBatch) -> InvoiceSummary:
        """Issue one rated batch."""
        through = {t.subscription_id: len(t.changes) for t in books.timelines}
        issuer = Issuer(
            session, books.account, books.organisation, self.vendor_name, through, books.now
        )
        return await issuer.issue(rated)

    async def remember(
        self,
        session: AsyncSession,
        books: Books,
        closed: datetime | None,
        upcoming: datetime | None,
    ) -> Books:
        """Record how far everything is invoiced and when more is due, where that changed."""
        account = replace(books.account, closed_through=closed, next_due_at=upcoming)
        if account != books.account:
            await AccountRepository(session).advance(account.tenant_id, closed, upcoming)
        return replace(books, account=account)

    async def due_now(
        self, session: AsyncSession, books: Books, timelines: Sequence[Timeline], at: datetime
    ) -> list[Batch]:
        """Return what would be due up to ``at`` with other timelines, and is not invoiced yet."""
        return await self.rater.outstanding(session, books.account, timelines, at)
