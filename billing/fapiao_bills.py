"""Reads what fapiao are made of: issued invoices with their credit notes, and money paid ahead."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.composing import Bill, Classes, Credited, Note
from billing.domain.fapiao.content import PREPAID_CATEGORY
from billing.errors import InvoiceNotFound
from billing.models import INVOICE_LINES, INVOICES
from billing.models.notes import CREDIT_NOTE_LINES, CREDIT_NOTES
from billing.repositories.tax import TaxRepository
from control_plane.kernel.ids import InvoiceId, TenantId, TopupId, format_id

Document = InvoiceId | TopupId

_PAID_AHEAD = text(
    """
    SELECT u.invoice_id, sum(u.amount_minor) AS minor FROM wallet_uses u
    JOIN wallet_topups t ON t.tenant_id = u.tenant_id AND t.id = u.topup_id
    WHERE u.tenant_id = :tenant_id AND u.invoice_id = ANY (:ids)
        AND t.policy IN ('card', 'tax_on_topup')
    GROUP BY u.invoice_id
    """
)
# Each refund of what is free of a top-up is one posting, which never changes.
_REFUNDS = text(
    """
    SELECT t.source_id AS topup_id, -sum(e.amount_minor) AS minor FROM ledger_transactions t
    JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
    WHERE t.tenant_id = :tenant_id AND t.source_id = ANY (:ids) AND t.kind = 'refund'
        AND e.account = 'cash'
    GROUP BY t.source_id, t.id ORDER BY t.source_id, t.id
    """
)
_TOPUPS = text(
    """
    SELECT id, entity, policy, number, body FROM wallet_topups
    WHERE tenant_id = :tenant_id AND id = ANY (:ids) AND state = 'paid' ORDER BY id
    """
)


@dataclass(frozen=True, slots=True)
class IssuedBill:
    """An invoice or a top-up, its legal entity, and what a fapiao could be made of.

    ``classes`` are those that the entity's tax file gives its tax categories.
    """

    document: Document
    topup: bool
    entity: str
    state: str
    bill: Bill
    classes: Classes = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The invoice's number, or that of the top-up's receipt."""
        return self.bill.number

    @property
    def notes(self) -> tuple[str, ...]:
        """The numbers of its credit notes."""
        return tuple(note.number for note in self.bill.notes)

    @property
    def seller(self) -> dict[str, Any]:
        """Who issued it, as frozen."""
        return dict(self.bill.body["seller"])


async def read_bills(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[Document], *, lock: bool = False
) -> list[IssuedBill]:
    """Return invoices and paid top-ups in the order of ``ids``.

    Locked, no credit note comes in between.

    Raises:
        InvoiceNotFound: the tenant has none of an id.
    """
    found = await _invoices(session, tenant_id, ids, lock=lock)
    found.update(await _topups(session, tenant_id, [i for i in ids if i not in found]))
    missing = [wanted for wanted in ids if wanted not in found]
    if missing:
        raise InvoiceNotFound(invoice_id=format_id("inv", missing[0]))
    classes = await _classes(session, {bill.entity for bill in found.values()})
    return [replace(found[one], classes=classes.get(found[one].entity, {})) for one in ids]


async def _classes(session: AsyncSession, entities: set[str]) -> dict[str, Classes]:
    """Return the classes of goods by tax category, for each legal entity that names any."""
    return {
        entity.code: dict(entity.tax.goods_classes)
        for entity in await TaxRepository(session).entities()
        if entity.code in entities and entity.tax is not None
    }


async def _invoices(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[Document], *, lock: bool
) -> dict[Document, IssuedBill]:
    query = select(INVOICES.c.id, INVOICES.c.entity, INVOICES.c.state, INVOICES.c.body).where(
        INVOICES.c.tenant_id == tenant_id, INVOICES.c.id.in_(list(ids))
    )
    query = query.order_by(INVOICES.c.id)  # one order, so that two requests cannot deadlock
    rows = (await session.execute(query.with_for_update() if lock else query)).all()
    notes = await _notes(session, tenant_id, [row.id for row in rows])
    ahead = await _paid_ahead(session, tenant_id, [row.id for row in rows])
    found: dict[Document, IssuedBill] = {}
    for row in rows:
        body, taken = json.loads(row.body), notes.get(row.id, ())
        if row.state == "voided":
            taken = (*taken, voiding(body))
        bill = Bill(body, taken, ahead.get(row.id, 0))
        found[InvoiceId(row.id)] = IssuedBill(
            InvoiceId(row.id), topup=False, entity=row.entity, state=row.state, bill=bill
        )
    return found


def voiding(body: Mapping[str, Any]) -> Note:
    """Return what the voiding of an invoice takes back: all of it, as a credit note would."""
    lines = (Credited(x["key"], x["net_minor"], x.get("tax_minor", 0)) for x in body["lines"])
    return Note(f"{body['number']}/void", tuple(lines))


async def _paid_ahead(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[Document]
) -> dict[Document, int]:
    """Return what of the invoices was paid with money that had its fapiao when it was paid in."""
    rows = await session.execute(_PAID_AHEAD, {"tenant_id": tenant_id, "ids": list(ids)})
    return {InvoiceId(row.invoice_id): int(row.minor) for row in rows}


async def _topups(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[Document]
) -> dict[Document, IssuedBill]:
    values = {"tenant_id": tenant_id, "ids": list(ids)}
    rows = (await session.execute(_TOPUPS, values)).all()
    refunds: dict[Document, list[int]] = {}
    for paid in await session.execute(_REFUNDS, values):
        refunds.setdefault(TopupId(paid.topup_id), []).append(int(paid.minor))
    return {
        TopupId(row.id): IssuedBill(
            document=TopupId(row.id),
            topup=True,
            entity=row.entity,
            state=row.policy,
            bill=_topup_bill(topup_body(json.loads(row.body)), refunds.get(TopupId(row.id), ())),
        )
        for row in rows
    }


def _topup_bill(body: dict[str, Any], refunds: Sequence[int]) -> Bill:
    """Return a top-up with its refunds as the credit notes they are: only untaxed money goes back.

    They are told apart by their order, which never changes.
    """
    lines = body["lines"]
    notes = [
        Note(f"{body['number']}/refund-{place}", (Credited(lines[0]["key"], minor, 0),))
        for place, minor in enumerate(refunds, start=1)
        if lines
    ]
    return Bill(body, notes)


def topup_body(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return a top-up's receipt in the form of an invoice's body, one line for each rate.

    A prepaid card is sold untaxed; money taxed when it is paid in has its groups; money taxed when
    it is used has none, so that no fapiao can be made of it.
    """
    card = receipt["policy"] == "card"
    groups = receipt.get("taxes", ())
    if card:
        total = receipt["total_minor"]
        groups = [
            {
                "category": PREPAID_CATEGORY,
                "code": "O",
                "rate": "0",
                "base_minor": total,
                "tax_minor": 0,
            }
        ]
    name = {"en": "Prepaid top-up", "zh": "预付费充值"}
    lines = [
        {
            "key": f"{group['code']}{group['rate']}",
            "item_name": name,
            "name": name,
            "quantity": None,
            "unit": None,
            "amount_minor": group["base_minor"] + group["tax_minor"],
            "discounts": [],
            "net_minor": group["base_minor"],
            "tax_minor": group["tax_minor"],
            "tax_category": group["category"],
            "tax_code": group["code"],
            "tax_rate": group["rate"],
            "tax_inclusive": True,
        }
        for group in groups
    ]
    return {**receipt, "taxes": groups, "lines": lines}


async def paid_topups(session: AsyncSession, tenant_id: TenantId) -> list[TopupId]:
    """Return the tenant's paid top-ups in CNY whose fapiao is due when they are paid in."""
    rows = await session.scalars(
        text(
            "SELECT id FROM wallet_topups WHERE tenant_id = :tenant_id AND state = 'paid' "
            "AND currency = 'CNY' AND policy IN ('card', 'tax_on_topup') ORDER BY id DESC LIMIT 200"
        ),
        {"tenant_id": tenant_id},
    )
    return [TopupId(row) for row in rows]


async def _notes(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[Document]
) -> dict[Document, tuple[Note, ...]]:
    lines, notes = CREDIT_NOTE_LINES.c, CREDIT_NOTES.c
    rows = await session.execute(
        select(
            notes.invoice_id,
            notes.number,
            INVOICE_LINES.c.line_key,
            lines.net_minor,
            lines.tax_minor,
        )
        .join(CREDIT_NOTES, (notes.tenant_id == lines.tenant_id) & (notes.id == lines.note_id))
        .join(
            INVOICE_LINES,
            (INVOICE_LINES.c.tenant_id == lines.tenant_id)
            & (INVOICE_LINES.c.id == lines.invoice_line_id),
        )
        .where(notes.tenant_id == tenant_id, notes.invoice_id.in_(list(ids)))
        .order_by(notes.issued_at, notes.number, lines.position)
    )
    found: dict[Document, dict[str, list[Credited]]] = {}
    for row in rows:
        credited = Credited(row.line_key, row.net_minor, row.tax_minor)
        by_number = found.setdefault(InvoiceId(row.invoice_id), {})
        by_number.setdefault(row.number, []).append(credited)
    return {
        invoice_id: tuple(Note(number, tuple(entries)) for number, entries in by_number.items())
        for invoice_id, by_number in found.items()
    }
