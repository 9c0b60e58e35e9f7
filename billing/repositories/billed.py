"""What stands billed, read into a view that the pure engine asks."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.billed import Billed, BilledLine, MemoryBilledView
from billing.domain.documents.newest import Stood
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.writes import run

_COLUMNS = """l.item_key, l.revision, l.line_key, l.subscription_id, l.service_end, l.amount_minor,
    l.cutoff, l.since, l.id, l.due_at"""
LINES = text(
    f"""
    SELECT {_COLUMNS}, l.invoice_id, i.currency, i.state, coalesce(n.taken, 0) AS taken,
        coalesce(n.given, 0) AS given,
        n.revision AS note_revision, n.cutoff AS note_cutoff, n.since AS note_since
    FROM invoice_lines l
    JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
    LEFT JOIN LATERAL (
        SELECT sum(c.amount_minor) AS taken, max(c.revision) AS revision,
            sum(c.amount_minor) FILTER (WHERE d.reason = 'goodwill') AS given,
            (array_agg(c.cutoff ORDER BY c.revision DESC))[1] AS cutoff,
            (array_agg(c.since ORDER BY c.revision DESC))[1] AS since
        FROM credit_note_lines c
        JOIN credit_notes d ON d.tenant_id = c.tenant_id AND d.id = c.note_id
        WHERE c.tenant_id = l.tenant_id AND c.invoice_line_id = l.id) n ON true
    WHERE l.tenant_id = :tenant_id AND l.item_key = ANY (:keys)
    ORDER BY l.item_key, l.revision
    """  # noqa: S608 - built from our own names
)
_LATER = text(
    """
    SELECT DISTINCT l.item_key FROM invoice_lines l
    JOIN jsonb_to_recordset(CAST(:reach AS jsonb)) AS r (subscription_id uuid, reach timestamptz)
        ON l.subscription_id = r.subscription_id AND l.service_end > r.reach
    WHERE l.tenant_id = :tenant_id
    """
)
_CUTOFFS = text(
    """
    SELECT due_at, max(cutoff) AS cutoff FROM invoice_lines
    WHERE tenant_id = :tenant_id AND due_at = ANY (:instants) AND cutoff IS NOT NULL
    GROUP BY due_at
    """
)
_FIRST = text(
    "SELECT min(service_start) FROM invoice_lines "
    "WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id"
)
_ITEMS = text(
    "SELECT line_key, item_key FROM invoice_lines "
    "WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id"
)
_STOOD = text(
    """
    SELECT l.line_key, l.item_key, (
        SELECT sum(e.amount_minor) FROM invoice_lines e
        WHERE e.tenant_id = l.tenant_id AND e.item_key = l.item_key AND e.revision <= (
            SELECT max(t.revision) FROM invoice_lines t
            WHERE t.tenant_id = l.tenant_id AND t.invoice_id = l.invoice_id
                AND t.item_key = l.item_key)) AS billed
    FROM invoice_lines l WHERE l.tenant_id = :tenant_id AND l.invoice_id = :invoice_id
    ORDER BY l.position
    """
)


@dataclass(frozen=True, slots=True)
class BilledRepository:
    """What stands billed of the session's tenant."""

    session: AsyncSession

    async def view(
        self,
        tenant_id: TenantId,
        keys: Iterable[str],
        reach: Mapping[SubscriptionId, datetime],
        instants: Collection[datetime] = (),
    ) -> MemoryBilledView:
        """Read the items of those keys, and whatever serves a time after a reach.

        ``instants`` asks for the looks at the usage by which they were closed.
        """
        wanted = {*keys, *await self._later(tenant_id, reach)}
        cutoffs = await self._cutoffs(tenant_id, instants)
        if not wanted:
            return MemoryBilledView(cutoffs=cutoffs)
        bound = {"tenant_id": tenant_id, "keys": sorted(wanted)}
        found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        for row in await run(self.session, LINES, bound):
            found[row.item_key].append(row)
        items = {key: _billed(rows) for key, rows in found.items()}
        return MemoryBilledView(items=items, cutoffs=cutoffs)

    async def first_service(self, tenant_id: TenantId, invoice_id: InvoiceId) -> datetime:
        """Return from when on an invoice's lines serve."""
        bound = {"tenant_id": tenant_id, "invoice_id": invoice_id}
        found: datetime = (await self.session.execute(_FIRST, bound)).scalar_one()
        return found.astimezone(UTC)

    async def items_of(self, tenant_id: TenantId, invoice_id: InvoiceId) -> dict[str, str]:
        """Return the items that an invoice's lines bill, by line key."""
        bound = {"tenant_id": tenant_id, "invoice_id": invoice_id}
        rows = await self.session.execute(_ITEMS, bound)
        return {row.line_key: row.item_key for row in rows}

    async def stood(self, tenant_id: TenantId, invoice_id: InvoiceId) -> tuple[Stood, ...]:
        """Return an invoice's lines, and what stood invoiced of their items once it was issued."""
        bound = {"tenant_id": tenant_id, "invoice_id": invoice_id}
        rows = await self.session.execute(_STOOD, bound)
        return tuple(Stood(row.line_key, row.item_key, int(row.billed)) for row in rows)

    async def _later(
        self, tenant_id: TenantId, reach: Mapping[SubscriptionId, datetime]
    ) -> list[str]:
        if not reach:
            return []
        rows = [{"subscription_id": str(k), "reach": instant_text(v)} for k, v in reach.items()]
        bound = {"tenant_id": tenant_id, "reach": _json(rows)}
        return list(await self.session.scalars(_LATER, bound))

    async def _cutoffs(
        self, tenant_id: TenantId, instants: Collection[datetime]
    ) -> dict[datetime, str]:
        if not instants:
            return {}
        bound = {"tenant_id": tenant_id, "instants": sorted(instants)}
        rows = await self.session.execute(_CUTOFFS, bound)
        return {row.due_at.astimezone(UTC): row.cutoff for row in rows}


def _json(value: object) -> str:
    return json.dumps(value)


def _billed(rows: list[Row[Any]]) -> Billed:
    code = currency(rows[0].currency)
    standing = [row for row in rows if row.state != "voided"]
    left = _left(standing)
    last = max(rows, key=lambda row: max(row.revision, row.note_revision or 0))
    by_note = (last.note_revision or 0) > last.revision
    return Billed(
        subscription_id=SubscriptionId(rows[0].subscription_id),
        service_end=max(row.service_end for row in rows).astimezone(UTC),
        # What was given out of goodwill is owed all the same, and is not billed again.
        amount=Money(sum(left.values()) + sum(int(row.given) for row in standing), code),
        revision=max(last.revision, last.note_revision or 0),
        cutoff=(by_note and last.note_cutoff) or last.cutoff,
        since=(by_note and last.note_since) or last.since,
        lines=tuple(
            BilledLine(row.line_key, InvoiceId(row.invoice_id), Money(left[row.line_key], code))
            for row in sorted(standing, key=lambda row: row.revision, reverse=True)
            if left[row.line_key] > 0
        ),
        voided=not standing,
    )


def _left(rows: list[Row[Any]]) -> dict[str, int]:
    """Return what is left of each line; credits that were lines themselves come off the newest."""
    left = {row.line_key: int(row.amount_minor) - int(row.taken) for row in rows}
    for row in rows:
        if row.amount_minor < 0:
            owing = -left[row.line_key]
            left[row.line_key] = 0
            for earlier in reversed(rows):
                taken = min(owing, max(0, left[earlier.line_key]))
                left[earlier.line_key] -= taken
                owing -= taken
    return left
