"""What children showed their parent, and the consolidated invoices over it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.errors import ConsolidatedInvoiceNotFound
from billing.domain.groups.records import ConsolidatedInvoice, SharedInvoice
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ConsolidatedInvoiceId, InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money

_SHARED = """
    SELECT g.tenant_id, g.invoice_id, g.child_id, g.child_name, g.number, g.entity, g.currency,
        g.dated, g.payable_by, g.total_minor, g.open_minor, g.parent_pays, g.body, g.shared_at,
        g.consolidated_id, coalesce((
            SELECT sum(s.amount_minor) FROM consolidated_settlements s
            WHERE s.tenant_id = g.tenant_id AND s.invoice_id = g.invoice_id), 0)::bigint
            AS paid_minor
    FROM group_invoices g WHERE g.tenant_id = :tenant_id
"""
_SHARE = text(
    """
    INSERT INTO group_invoices (tenant_id, invoice_id, child_id, child_name, number, entity,
        currency, dated, payable_by, total_minor, open_minor, parent_pays, body, shared_at)
    VALUES (:tenant_id, :invoice_id, :child_id, :child_name, :number, :entity, :currency, :dated,
        :payable_by, :total_minor, :open_minor, :parent_pays, :body, :shared_at)
    ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET open_minor = excluded.open_minor
    """
)
_FOLLOW = text(
    "UPDATE group_invoices SET open_minor = :open_minor "
    "WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id RETURNING 1"
)
# Money that came in and has not reached the invoices yet is not to be asked for again.
_CONSOLIDATED = """
    SELECT c.tenant_id, c.id, c.number, c.entity, c.currency, c.first_day, c.last_day, c.dated,
        c.payable_by, c.total_minor, c.body, c.body_sha256, c.issued_at, coalesce((
            SELECT sum(g.open_minor) FROM group_invoices g
            WHERE g.tenant_id = c.tenant_id AND g.consolidated_id = c.id), 0)::bigint AS owed_minor,
        coalesce((
            SELECT sum(p.amount_minor) FROM consolidated_payments p
            WHERE p.tenant_id = c.tenant_id AND p.consolidated_id = c.id
                AND p.state = 'succeeded'), 0)::bigint AS paid_minor,
        coalesce((
            SELECT sum(p.amount_minor - coalesce((
                SELECT sum(s.amount_minor) FROM consolidated_settlements s
                WHERE s.tenant_id = p.tenant_id AND s.payment_id = p.id), 0))
            FROM consolidated_payments p
            WHERE p.tenant_id = c.tenant_id AND p.consolidated_id = c.id
                AND p.state = 'succeeded' AND p.spread_at IS NULL), 0)::bigint AS coming_minor
    FROM consolidated_invoices c
"""
_LOCK = text(
    "SELECT 1 FROM group_invoices WHERE tenant_id = :tenant_id AND consolidated_id = :id "
    "ORDER BY invoice_id FOR UPDATE"
)
_ISSUE = text(
    """
    INSERT INTO consolidated_invoices (tenant_id, id, number, entity, year, place, currency,
        first_day, last_day, dated, payable_by, total_minor, body, body_sha256, issued_at)
    VALUES (:tenant_id, :id, :number, :entity, :year, :place, :currency, :first_day, :last_day,
        :dated, :payable_by, :total_minor, :body, :body_sha256, :issued_at)
    """
)
_DRAW = text(
    """
    INSERT INTO invoice_numbers (entity, series, year, last)
    VALUES (:entity, 'consolidated', :year, 1)
    ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1
    RETURNING last
    """
)
_WAITING = text(
    """
    SELECT DISTINCT tenant_id FROM group_invoices
    WHERE parent_pays AND consolidated_id IS NULL AND open_minor > 0 AND dated < :before
        AND (CAST(:after AS uuid) IS NULL OR tenant_id > CAST(:after AS uuid))
    ORDER BY tenant_id LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class ConsolidatedRepository:
    """The session's tenant as a parent (every parent, in a staff session)."""

    session: AsyncSession

    async def share(self, invoice: SharedInvoice) -> None:
        """Keep a child's invoice among the parent's, or bring its open amount up to date."""
        values = {
            "tenant_id": invoice.parent_id,
            "invoice_id": invoice.invoice_id,
            "child_id": invoice.child_id,
            "child_name": invoice.child_name,
            "number": invoice.number,
            "entity": invoice.entity,
            "currency": invoice.total.currency.code,
            "dated": invoice.dated,
            "payable_by": invoice.payable_by,
            "total_minor": invoice.total.minor,
            "open_minor": invoice.open.minor,
            "parent_pays": invoice.parent_pays,
            "body": invoice.body,
            "shared_at": invoice.shared_at,
        }
        await self.session.execute(_SHARE, values)

    async def shared(
        self,
        tenant_id: TenantId,
        *,
        waiting: bool = False,
        consolidated_id: ConsolidatedInvoiceId | None = None,
        limit: int = 500,
    ) -> list[SharedInvoice]:
        """Return what children shared, the latest first; ``waiting``: what is not consolidated."""
        condition, values = "", {"tenant_id": tenant_id, "most": limit, "of": consolidated_id}
        if waiting:
            condition = "AND g.parent_pays AND g.consolidated_id IS NULL FOR UPDATE OF g"
        elif consolidated_id is not None:
            condition = "AND g.consolidated_id = :of ORDER BY g.number, g.invoice_id"
        else:
            condition = "ORDER BY g.dated DESC, g.number DESC LIMIT :most"
        bound = {name: value for name, value in values.items() if f":{name}" in _SHARED + condition}
        rows = await self.session.execute(text(f"{_SHARED} {condition}"), bound)
        return [_shared(row) for row in rows.mappings()]

    async def draw_place(self, entity: str, year: int) -> int:
        """Draw the next number of the series; do it last, just before the commit."""
        place = await self.session.scalar(_DRAW, {"entity": entity, "year": year})
        return int(place or 0)

    async def prefix(self, entity: str) -> str:
        """Return what numbers of a legal entity begin with."""
        found: str | None = await self.session.scalar(
            text("SELECT prefix FROM legal_entities WHERE code = :entity"), {"entity": entity}
        )
        return found or entity.upper()

    async def issue(
        self, made: ConsolidatedInvoice, place: int, invoices: Iterable[SharedInvoice]
    ) -> None:
        """Keep a consolidated invoice, and mark what is in it."""
        values = {
            "tenant_id": made.tenant_id,
            "id": made.id,
            "number": made.number,
            "entity": made.entity,
            "year": made.dated.year,
            "place": place,
            "currency": made.total.currency.code,
            "first_day": made.first_day,
            "last_day": made.last_day,
            "dated": made.dated,
            "payable_by": made.payable_by,
            "total_minor": made.total.minor,
            "body": made.body,
            "body_sha256": made.body_sha256,
            "issued_at": made.issued_at,
        }
        await self.session.execute(_ISSUE, values)
        await self._mark(
            made.tenant_id,
            [invoice.invoice_id for invoice in invoices],
            {"consolidated_id": made.id},
        )

    async def follow(self, tenant_id: TenantId, invoice_id: InvoiceId, left: Money) -> bool:
        """Bring the open amount of an invoice that was shared up to date; False without one."""
        values = {"tenant_id": tenant_id, "invoice_id": invoice_id, "open_minor": left.minor}
        return (await self.session.execute(_FOLLOW, values)).first() is not None

    async def _mark(
        self, tenant_id: TenantId, ids: Sequence[InvoiceId], values: Mapping[str, Any]
    ) -> None:
        settings = ", ".join(f"{name} = :{name}" for name in values)
        await self.session.execute(
            text(
                f"UPDATE group_invoices SET {settings} "  # noqa: S608 - names of our own
                "WHERE tenant_id = :tenant_id AND invoice_id = ANY (:ids)"
            ),
            {**values, "tenant_id": tenant_id, "ids": list(ids)},
        )

    async def consolidated(
        self, tenant_id: TenantId | None = None, limit: int = 200
    ) -> list[ConsolidatedInvoice]:
        """Return the tenant's consolidated invoices, the latest first (of all, for staff)."""
        where = "WHERE c.tenant_id = :tenant_id " if tenant_id is not None else ""
        values = {"most": limit} | ({"tenant_id": tenant_id} if tenant_id is not None else {})
        rows = await self.session.execute(
            text(f"{_CONSOLIDATED} {where} ORDER BY c.dated DESC, c.number DESC LIMIT :most"),
            values,
        )
        return [_consolidated(row) for row in rows.mappings()]

    async def get(
        self, tenant_id: TenantId, wanted: ConsolidatedInvoiceId, *, lock: bool = False
    ) -> ConsolidatedInvoice:
        """Return one consolidated invoice; locked, what is open of it stays until the commit.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
        """
        values = {"tenant_id": tenant_id, "id": wanted}
        if lock:
            await self.session.execute(_LOCK, values)
        rows = await self.session.execute(
            text(f"{_CONSOLIDATED} WHERE c.tenant_id = :tenant_id AND c.id = :id"), values
        )
        row = rows.mappings().one_or_none()
        if row is None:
            raise ConsolidatedInvoiceNotFound(consolidated_id=format_id("cin", wanted))
        return _consolidated(row)


async def waiting_parents(
    system: AsyncSession, before: date, after: TenantId | None, most: int
) -> list[TenantId]:
    """Return parents that may have something to consolidate, by id, for a system session."""
    rows = await system.scalars(_WAITING, {"before": before, "after": after, "most": most})
    return [TenantId(row) for row in rows]


def _shared(row: RowMapping) -> SharedInvoice:
    code, consolidated = currency(row["currency"]), row["consolidated_id"]
    return SharedInvoice(
        parent_id=TenantId(row["tenant_id"]),
        invoice_id=InvoiceId(row["invoice_id"]),
        child_id=TenantId(row["child_id"]),
        child_name=row["child_name"],
        number=row["number"],
        entity=row["entity"],
        dated=row["dated"],
        payable_by=row["payable_by"],
        total=Money(row["total_minor"], code),
        open=Money(row["open_minor"], code),
        parent_pays=row["parent_pays"],
        body=bytes(row["body"]),
        shared_at=row["shared_at"].astimezone(UTC),
        consolidated_id=None if consolidated is None else ConsolidatedInvoiceId(consolidated),
        paid=Money(row["paid_minor"], code),
    )


def _consolidated(row: RowMapping) -> ConsolidatedInvoice:
    code = currency(row["currency"])
    return ConsolidatedInvoice(
        tenant_id=TenantId(row["tenant_id"]),
        id=ConsolidatedInvoiceId(row["id"]),
        number=row["number"],
        entity=row["entity"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        dated=row["dated"],
        payable_by=row["payable_by"],
        total=Money(row["total_minor"], code),
        body=bytes(row["body"]),
        body_sha256=row["body_sha256"],
        paid=Money(row["paid_minor"], code),
        open=Money(max(row["owed_minor"] - row["coming_minor"], 0), code),
        issued_at=row["issued_at"].astimezone(UTC),
    )
