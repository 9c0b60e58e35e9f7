"""Closes what is due of one tenant, in order, within the caller's transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.billed import NOTHING_BILLED, MemoryBilledView
from billing.domain.instants import next_instant
from billing.domain.items import PolicyBook
from billing.domain.lines import Versions
from billing.domain.records import Account
from billing.drafting import Drafter
from billing.drafts import Drafts
from billing.errors import AccountParked
from billing.invoicing import Convergence, Rater
from billing.issuing import ACTOR, NOTHING, Issued, Issuer
from billing.repositories.accounts import AccountRepository, advanced
from billing.repositories.books import read_books
from billing.selling import Counter
from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import Write
from control_plane.subscriptions.domain import Timeline
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Books:
    """Everything the billing of one tenant is computed from, read under the account's lock."""

    account: Account
    organisation: Organisation
    timelines: tuple[Timeline, ...]
    versions: Versions
    now: datetime

    @property
    def policies(self) -> PolicyBook:
        """The policies in force: the tenant's own choices come last."""
        return PolicyBook(self.account.policies)

    @property
    def closed(self) -> datetime | None:
        """Up to when everything is invoiced; before anything ever was, just before the start."""
        if self.account.closed_through is not None:
            return self.account.closed_through
        start = min((t.changes[0].effective_at for t in self.timelines), default=None)
        return None if start is None else start - _INSTANT

    @property
    def upcoming(self) -> datetime | None:
        """The next instant at which anything may be due."""
        closed = self.closed
        return None if closed is None else next_instant(self.timelines, closed, self.versions)

    @property
    def work_at(self) -> datetime | None:
        """When there is something to do next: the grace period after what is due next."""
        if self.account.reach is not None:
            return self.now
        upcoming = self.upcoming
        return None if upcoming is None else upcoming + self.account.grace

    def closed_at(self, at: datetime) -> "Books":
        """Return the books with everything up to ``at`` invoiced."""
        closed = max(at, self.account.closed_through or at)
        return replace(self, account=replace(self.account, closed_through=closed))

    def timelines_with(self, changed: Timeline) -> tuple[Timeline, ...]:
        """Return the timelines with one of them replaced, or added."""
        others = [t for t in self.timelines if t.subscription_id != changed.subscription_id]
        return (*others, changed)


@dataclass(frozen=True, slots=True)
class Closing:
    """Issues what is due, and remembers how far it came."""

    rater: Rater
    tenant_clock: TenantClock
    counter: Counter

    async def open_books(self, session: AsyncSession, account: Account) -> Books:
        """Read the tenant's books. The account must be locked.

        Raises:
            AccountParked: billing is halted.
        """
        if account.parked_reason is not None:
            raise AccountParked(reason=account.parked_reason)
        opened = await read_books(session, account.tenant_id)
        now = self.tenant_clock.told(opened.test_now).now
        return Books(
            account=account,
            organisation=opened.organisation,
            timelines=opened.timelines,
            versions=await self.rater.shelf.versions(session, opened.timelines),
            # Never before what is closed, should another worker's clock run ahead of ours.
            now=max(now, account.closed_through or now),
        )

    async def open_account(self, session: AsyncSession, tenant_id: TenantId) -> Books:
        """Lock the tenant's account (opening it when there is none) and read the books."""
        accounts = AccountRepository(session)
        account = await accounts.lock(tenant_id)
        if account is None:
            organisation = await OrganisationRepository(session).get(tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            entity = "sandbox" if organisation.sandbox else "live"
            account = await accounts.open(tenant_id, entity, now)
        return await self.open_books(session, account)

    async def with_timeline(self, session: AsyncSession, books: Books, changed: Timeline) -> Books:
        """Return the books with one subscription as it would be."""
        timelines = books.timelines_with(changed)
        versions = await self.rater.shelf.versions(session, timelines)
        return replace(books, timelines=timelines, versions=versions)

    async def close(
        self,
        session: AsyncSession,
        books: Books,
        *,
        most: int | None = None,
        without_grace: bool = False,
    ) -> tuple[Books, Issued]:
        """Issue what is due by the tenant's clock, the earliest first.

        With ``most``, stop after so many due instants: the rest stays due. ``without_grace`` issues
        what still waits, too. Returns the books as they then stand.
        """
        issued, done = NOTHING, 0
        grace = timedelta(0) if without_grace else books.account.grace
        while most is None or done < most:
            at = books.upcoming
            if at is None or at + grace > books.now:
                break
            books, more = await self._close_instant(session, books, at)
            issued, done = issued + more, done + 1
        if books.account.reach is not None and (most is None or done < most):
            books, more = await self._close_instant(session, books, books.now)
            issued, done = issued + more, done + 1
        if not done:
            return await self.remember(session, books), issued
        return books, issued

    async def _close_instant(
        self, session: AsyncSession, books: Books, at: datetime
    ) -> tuple[Books, Issued]:
        found = await self.converge(
            session, books, at, reach=books.account.reach, look_for_late=True
        )
        account = replace(
            books.account,
            closed_through=max(at, books.account.closed_through or at),
            reach=None,
            usage_cutoff=found.cutoff or books.account.usage_cutoff,
        )
        closed = advanced_in(replace(books, account=account))
        drafts = await self.draft(session, books, found)
        issued = await self.issue(session, books, drafts, beside=(advanced(closed.account),))
        return closed, issued

    async def converge(
        self,
        session: AsyncSession,
        books: Books,
        at: datetime,
        *,
        reach: datetime | None = None,
        cutoff: str | None = None,
        look_for_late: bool = False,
        supposed: MemoryBilledView = NOTHING_BILLED,
    ) -> Convergence:
        """Compute the difference at an instant; what is closed before it stays closed."""
        closed = books.closed or at - _INSTANT
        return await self.rater.converge(
            session,
            books,
            at,
            after=min(closed, at),
            reach=reach,
            cutoff=cutoff,
            look_for_late=look_for_late,
            supposed=supposed,
        )

    async def draft(
        self, session: AsyncSession, books: Books, found: Convergence, reason: str | None = None
    ) -> Drafts:
        """Return the documents of a difference, as they would be issued."""
        drafter = Drafter(session, self.counter, books.account, books.organisation)
        return await drafter.draft(found, reason=reason)

    async def issue(
        self,
        session: AsyncSession,
        books: Books,
        drafts: Drafts,
        actor: str = ACTOR,
        beside: tuple[Write, ...] = (),
    ) -> Issued:
        """Issue drafts made from these books; ``beside`` is written together with them."""
        through = {t.subscription_id: len(t.changes) for t in books.timelines}
        issuer = Issuer(
            session,
            self.counter,
            books.account,
            books.organisation,
            through,
            books.now,
            actor,
            beside,
        )
        return await issuer.issue(drafts)

    async def remember(self, session: AsyncSession, books: Books) -> Books:
        """Record how far everything is invoiced and when there is more to do."""
        books = advanced_in(books)
        await AccountRepository(session).advance(books.account)
        return books


def advanced_in(books: Books) -> Books:
    """Return the books with the account saying when there is more to do."""
    return replace(books, account=replace(books.account, next_due_at=books.work_at))
