"""What is due and not invoiced yet, and what it amounts to.

What is due is computed from the timelines, what was invoiced is subtracted by its line keys, and
the difference is priced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.due import due_lines, next_due_at
from billing.domain.lines import DueLine
from billing.domain.manifest import UsageInput
from billing.domain.rating import InvoiceLine, Measured, rate
from billing.domain.records import Account
from billing.repositories.invoices import InvoiceRepository
from billing.shelf import Shelf
from control_plane.catalog.domain import Meter
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import TenantId
from control_plane.subscriptions.domain import Timeline
from metering.ports import UsageStore


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines due at one instant in one currency: one invoice."""

    due_at: datetime
    currency: Currency
    lines: tuple[DueLine, ...]


@dataclass(frozen=True, slots=True)
class RatedBatch:
    """A batch with its amounts, and everything they were computed from."""

    batch: Batch
    lines: tuple[InvoiceLine, ...]
    usage: tuple[UsageInput, ...]
    cutoff: str | None


@dataclass(frozen=True, slots=True)
class Rater:
    """Finds what is due, and prices it by the usage measured."""

    usage: UsageStore
    shelf: Shelf = field(default_factory=Shelf)

    async def outstanding(
        self,
        session: AsyncSession,
        account: Account,
        timelines: Sequence[Timeline],
        upto: datetime,
    ) -> list[Batch]:
        """Return what is due up to an instant and not invoiced yet, earliest first."""
        versions = await self.shelf.versions(session, timelines)
        due: list[DueLine] = []
        for timeline in timelines:
            since = account.closed_through or timeline.started_at
            due.extend(due_lines(timeline, versions, since=since, upto=upto))
        if not due:
            return []
        # Whatever is due later than the account is closed cannot have been invoiced.
        closed = account.closed_through
        doubtful = [line.key for line in due if closed is not None and line.due_at <= closed]
        done = await InvoiceRepository(session).invoiced(account.tenant_id, doubtful)
        return batches(line for line in due if line.key not in done)

    async def rate(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        batch: Batch,
        *,
        cutoff: str | None = None,
    ) -> RatedBatch:
        """Price a batch, by the usage as an earlier ``cutoff`` saw it, or as it is now.

        Raises:
            MeterNotFound: the catalogue no longer defines a meter that was sold.
        """
        metered = [line for line in batch.lines if line.usage is not None]
        if not metered:
            return RatedBatch(batch, tuple(rate(line) for line in batch.lines), (), None)
        cutoff = cutoff or await self.usage.cutoff()
        followed = [line.follows for line in metered if line.follows is not None]
        cutoffs = await InvoiceRepository(session).invoiced(tenant_id, followed)
        inputs = []
        for line in metered:
            meter = await self.shelf.meter(session, line.meter)
            since = cutoffs.get(line.follows or "")
            inputs.append(await self.measure(tenant_id, line, meter, cutoff, since))
        measured = {entry.line.key: entry.measured for entry in inputs}
        lines = tuple(rate(line, measured.get(line.key)) for line in batch.lines)
        return RatedBatch(batch, lines, tuple(inputs), cutoff)

    async def measure(
        self, tenant_id: TenantId, line: DueLine, meter: Meter, cutoff: str, since: str | None
    ) -> UsageInput:
        """Ask the usage store for a line's quantity, late events of earlier pieces included."""
        total = await self.usage.total(tenant_id, meter, line.service, cutoff=cutoff, since=since)
        measured = Measured(meter, total.quantity, total.events, total.digest)
        return UsageInput(line=line, measured=measured, since=since)


def batches(lines: Iterable[DueLine]) -> list[Batch]:
    """Put lines due at one instant in one currency together, all subscriptions of the tenant."""
    ordered = sorted(lines, key=lambda line: (line.due_at, line.currency.code))
    return [
        # Subscription ids grow with time, so an invoice lists the oldest subscription first.
        Batch(due_at, currency, tuple(sorted(group, key=lambda line: line.subscription_id)))
        for (due_at, currency), group in groupby(
            ordered, key=lambda line: (line.due_at, line.currency)
        )
    ]


def earliest_due_at(timelines: Iterable[Timeline], after: datetime) -> datetime | None:
    """Return when anything of the tenant is next due, later than ``after``."""
    upcoming = (next_due_at(timeline, after) for timeline in timelines)
    return min((at for at in upcoming if at is not None), default=None)
