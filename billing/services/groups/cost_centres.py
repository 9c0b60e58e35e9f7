"""The customer's cost centres: from a property of its events to shares of its lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.documents.meters import RecordedUsage, recorded_usage
from billing.domain.groups.errors import CostCentrePropertyInvalid
from billing.domain.groups.splitting import CentreUsage, Split, split_line
from billing.repositories.invoices import InvoiceRepository
from control_plane.audit.record import record
from control_plane.catalog.domain import Charge, ChargeKind, Text, Timing
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, OutboxId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import Handler
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from metering.ports import UsageStore

LONGEST_PROPERTY = 100
_ADD = text(
    """
    INSERT INTO line_splits
        (tenant_id, invoice_id, line_key, position, cost_centre, quantity, amount_minor)
    SELECT :tenant_id, :invoice_id, s.* FROM jsonb_to_recordset(CAST(:splits AS jsonb)) AS s
        (line_key text, position integer, cost_centre text, quantity numeric, amount_minor bigint)
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class CostCentreProperty:
    """Which member of the events' data names the cost centre; None for none."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def read(self, tenant_id: TenantId) -> str | None:
        """Return the property."""
        async with self.work(tenant_id) as session:
            return await _property(session, tenant_id)

    async def set(self, *, tenant_id: TenantId, value: str | None, actor: str) -> str | None:
        """Keep the property, for invoices issued from now on.

        Raises:
            CostCentrePropertyInvalid: it is too long or not printable.
        """
        named = (value or "").strip()
        if len(named) > LONGEST_PROPERTY or not named.isprintable():
            raise CostCentrePropertyInvalid(
                value=named[:LONGEST_PROPERTY], most=LONGEST_PROPERTY, field="property"
            )
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            await _set_property(session, tenant_id, named, now)
            await record(
                session,
                tenant_id,
                actor,
                "cost_centres.changed",
                "organisation",
                format_id("ten", tenant_id),
                {"property": named},
            )
        return named or None


async def _property(session: AsyncSession, tenant_id: TenantId) -> str | None:
    found: str | None = await session.scalar(
        text("SELECT property FROM cost_centre_properties WHERE tenant_id = :tenant_id"),
        {"tenant_id": tenant_id},
    )
    return found


async def _set_property(session: AsyncSession, tenant_id: TenantId, named: str, now: Any) -> None:
    if not named:
        statement = "DELETE FROM cost_centre_properties WHERE tenant_id = :tenant_id"
        await session.execute(text(statement), {"tenant_id": tenant_id})
        return
    await session.execute(
        text(
            "INSERT INTO cost_centre_properties VALUES (:tenant_id, :property, :now) "
            "ON CONFLICT (tenant_id) DO UPDATE SET property = excluded.property, updated_at = :now"
        ),
        {"tenant_id": tenant_id, "property": named, "now": now},
    )


@dataclass(frozen=True, slots=True)
class SplitInvoice:
    """Spread an invoice's usage lines over cost centres. It notes beside, and changes no amount.

    The usage is read by the very cut-offs that the invoice was made by, so it is the same whenever
    this runs; kept once, it stays, whatever the property is later.
    """

    work: UnitOfWork
    usage: UsageStore

    async def __call__(self, tenant_id: TenantId, invoice_id: InvoiceId) -> int:
        """Keep the shares of every usage line, and return how many there are.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            named = await _property(session, tenant_id)
            if named is None:
                return 0
            invoice = await InvoiceRepository(session).get(invoice_id)
        recorded = recorded_usage(invoice.inputs)
        code, rows = invoice.summary.total.currency, []
        for line in invoice.content["lines"]:
            said = recorded.get(line.get("item_key", line["key"]))
            if said is not None:
                amount = Money(line.get("net_minor", line["amount_minor"]), code)
                used = await self._used(tenant_id, said, named)
                rows += _rows(line["key"], split_line(amount, used))
        values = {"tenant_id": tenant_id, "invoice_id": invoice_id, "splits": json.dumps(rows)}
        async with self.work(tenant_id) as session:
            await session.execute(_ADD, values)
        return len(rows)

    async def _used(
        self, tenant_id: TenantId, said: RecordedUsage, named: str
    ) -> list[CentreUsage]:
        grouping = Charge(
            code="cost_centres",
            kind=ChargeKind.PER_UNIT,
            timing=Timing.ARREARS,
            name=Text(en="Cost centres", zh="成本中心"),
            meter=said.meter.code,
            unit_price=Decimal(0),
            group_by=(named,),
        )
        found = await self.usage.measure(
            tenant_id,
            said.meter,
            said.period,
            cutoff=said.cutoff,
            since=said.since,
            charge=grouping,
        )
        return [CentreUsage(g.values[0], g.quantity, g.events) for g in found.groups]


def _rows(key: str, splits: tuple[Split, ...]) -> list[dict[str, Any]]:
    return [
        {
            "line_key": key,
            "position": position,
            "cost_centre": split.centre,
            "quantity": str(split.quantity),
            "amount_minor": split.amount.minor,
        }
        for position, split in enumerate(splits, start=1)
    ]


@dataclass(frozen=True, slots=True)
class SplitAfter:
    """Splits an invoice after another handler of ``invoice.issued``."""

    first: Handler
    split: SplitInvoice

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Deliver to the other, then split the invoice that the message names."""
        await self.split(tenant_id, InvoiceId(UUID(str(payload["invoice_id"]))))
        await self.first(tenant_id, payload, delivery_id)


@dataclass(frozen=True, slots=True)
class ReadSplits:
    """An invoice's shares by cost centre."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, invoice_id: InvoiceId
    ) -> Mapping[str, tuple[Split, ...]]:
        """Return the shares of each line, by its key; nothing where none were kept.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            invoice = await InvoiceRepository(session).get(invoice_id)
            code = currency(invoice.summary.total.currency.code)
            rows = await session.execute(
                text(
                    "SELECT line_key, cost_centre, quantity, amount_minor FROM line_splits "
                    "WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id "
                    "ORDER BY line_key, position"
                ),
                {"tenant_id": tenant_id, "invoice_id": invoice_id},
            )
            found: dict[str, tuple[Split, ...]] = {}
            for row in rows:
                share = Split(row.cost_centre, row.quantity, Money(row.amount_minor, code))
                found[row.line_key] = (*found.get(row.line_key, ()), share)
        return found
