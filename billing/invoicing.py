"""What is due and not invoiced yet, and what it amounts to.

What is due is computed from the timelines, what was invoiced is subtracted by its line keys, and
the difference is priced.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.due import due_lines, next_due_at
from billing.domain.lines import DueLine, Versions
from billing.domain.manifest import UsageInput
from billing.domain.rating import InvoiceLine, Measured, rate
from billing.domain.records import Account
from billing.repositories.invoices import InvoiceRepository
from control_plane.catalog.domain import Meter
from control_plane.catalog.errors import MeterNotFound
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import TenantId
from control_plane.subscriptions.domain import BookAddon, ChangePlan, Start, Timeline
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


async def load_versions(session: AsyncSession, timelines: Iterable[Timeline]) -> Versions:
    """Return every plan and add-on version that the timelines name."""
    catalog = CatalogRepository(session)
    actions = [change.action for timeline in timelines for change in timeline.changes]
    plans = [a.plan_version_id for a in actions if isinstance(a, Start | ChangePlan)]
    addons = [a.addon_version_id for a in actions if isinstance(a, BookAddon)]
    return Versions(
        plans=await catalog.plan_versions(plans),
        addons=await catalog.addon_versions(addons) if addons else {},
    )


@dataclass(frozen=True, slots=True)
class Rater:
    """Finds what is due, and prices it by the usage measured."""

    usage: UsageStore

    async def outstanding(
        self,
        session: AsyncSession,
        account: Account,
        timelines: Sequence[Timeline],
        versions: Versions,
        upto: datetime,
    ) -> list[Batch]:
        """Return what is due up to an instant and not invoiced yet, earliest first."""
        due: list[DueLine] = []
        for timeline in timelines:
            since = account.closed_through or timeline.started_at
            due.extend(due_lines(timeline, versions, since=since, upto=upto))
        if not due:
            return []
        repository = InvoiceRepository(session)
        done = await repository.invoiced(account.tenant_id, [line.key for line in due])
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
        cutoffs = await InvoiceRepository(session).invoiced(tenant_id, followed) if followed else {}
        meters = await CatalogRepository(session).meters()
        inputs = [
            await self.measure(
                tenant_id, line, _meter(meters, line), cutoff, cutoffs.get(line.follows or "")
            )
            for line in metered
        ]
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


def _meter(meters: Mapping[str, Meter], line: DueLine) -> Meter:
    code = line.usage.meter if line.usage is not None else None
    if code is None or code not in meters:
        raise MeterNotFound(meter_code=code)
    return meters[code]
