"""Show what is not issued yet: what waits in grace, and the open period with its usage so far."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from billing.closing import Books, Closing
from billing.domain.billed import MemoryBilledView
from billing.domain.converge import booked
from billing.drafts import Drafts
from billing.invoicing import Convergence
from billing.repositories.accounts import AccountRepository
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

_SUPPOSED = InvoiceId(UUID(int=0))


class UpcomingState(StrEnum):
    """How near to its issue a document is."""

    DRAFT = "draft"
    """Its period is open: usage may still be added."""
    GRACE = "grace"
    """Its period is over; it waits for usage that comes late."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The documents of one instant as they would be issued now; nothing of it is kept.

    ``body`` is that of an invoice or a credit note, without a number. ``issued_at`` is when it is
    to be issued.
    """

    state: UpcomingState
    due_at: datetime
    issued_at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListUpcoming:
    """Drafts are computed whenever somebody looks; there are no rows that could be stale."""

    work: UnitOfWork
    closing: Closing

    async def __call__(self, tenant_id: TenantId) -> tuple[Upcoming, ...]:
        """Return what waits in grace and what falls due next, the earliest first.

        Raises:
            AccountParked: billing is halted.
        """
        async with self.work(tenant_id) as session:
            account = await AccountRepository(session).get(tenant_id)
            if account is None:
                return ()
            books = await self.closing.open_books(session, account)
            found: list[Upcoming] = []
            supposed = MemoryBilledView()
            while (at := books.upcoming) is not None:
                drafts = await self._draft(session, books, at, supposed)
                state = UpcomingState.GRACE if at <= books.now else UpcomingState.DRAFT
                found.extend(_views(drafts, state, at, at + account.grace))
                supposed = _booked(supposed, drafts.convergence)
                books = books.closed_at(at)
                if state is UpcomingState.DRAFT and (found or not _more(books, at)):
                    break
            return tuple(found)

    async def _draft(
        self, session: Any, books: Books, at: datetime, supposed: MemoryBilledView
    ) -> Drafts:
        found = await self.closing.converge(session, books, at, supposed=supposed)
        return await self.closing.draft(session, books, found)


def _more(books: Books, at: datetime) -> bool:
    """Tell whether looking further ahead may show anything, an ended life's aftermath left out."""
    return any(t.ended_at is None or t.ended_at > at for t in books.timelines)


def _booked(supposed: MemoryBilledView, found: Convergence) -> MemoryBilledView:
    known = supposed.over(found.view)
    asks = (entry.ask for entry in found.usage)
    return booked(known, found.settled, asks, _SUPPOSED)


def _views(
    drafts: Drafts, state: UpcomingState, due_at: datetime, issued_at: datetime
) -> list[Upcoming]:
    bodies = [draft.body for draft in drafts.invoices] + [draft.body for draft in drafts.notes]
    return [Upcoming(state, due_at, issued_at, body) for body in bodies]
