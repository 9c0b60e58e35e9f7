"""What a parent pays of consolidated invoices, what that settled, and credit notes since."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.records import ConsolidatedInvoice, GroupPayment, SharedNote
from billing.domain.records import PaymentState
from billing.errors import PaymentNotFound
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    CreditNoteId,
    InvoiceId,
    PaymentId,
    TenantId,
    format_id,
)
from control_plane.kernel.money import Money

_SHARE_NOTE = text(
    """
    INSERT INTO group_credit_notes (tenant_id, note_id, invoice_id, number, dated, currency,
        total_minor, lowered_minor, shared_at)
    VALUES (:tenant_id, :note_id, :invoice_id, :number, :dated, :currency, :total_minor,
        :lowered_minor, :shared_at)
    ON CONFLICT DO NOTHING
    """
)
_NOTES = text(
    """
    SELECT n.note_id, n.invoice_id, n.number, n.dated, n.currency, n.total_minor, n.lowered_minor
    FROM group_credit_notes n JOIN group_invoices g USING (tenant_id, invoice_id)
    WHERE n.tenant_id = :tenant_id AND g.consolidated_id = :of
    ORDER BY n.dated, n.number
    """
)
_PAYMENT = """
    SELECT tenant_id, id, consolidated_id, provider, state, currency, amount_minor, kept_minor,
        reference, failure, created_at, settled_at, spread_at
    FROM consolidated_payments WHERE tenant_id = :tenant_id
"""
_ADD = text(
    """
    INSERT INTO consolidated_payments (tenant_id, id, consolidated_id, provider, state, currency,
        amount_minor, request_key, reference, created_at, settled_at)
    VALUES (:tenant_id, :id, :consolidated_id, :provider, :state, :currency, :amount_minor,
        :request_key, :reference, :created_at, :settled_at)
    """
)
_SETTLED = text(
    """
    INSERT INTO consolidated_settlements (tenant_id, payment_id, invoice_id, amount_minor,
        settled_at)
    VALUES (:tenant_id, :payment_id, :invoice_id, :amount_minor, :settled_at)
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class GroupPaymentRepository:
    """The payments of the session's tenant for its children."""

    session: AsyncSession

    async def add(self, payment: GroupPayment, request_key: str) -> None:
        """Keep a payment; its consolidated invoice must be locked."""
        values = {
            "tenant_id": payment.tenant_id,
            "id": payment.id,
            "consolidated_id": payment.consolidated_id,
            "provider": payment.provider,
            "state": payment.state.value,
            "currency": payment.amount.currency.code,
            "amount_minor": payment.amount.minor,
            "request_key": request_key,
            "reference": payment.reference,
            "created_at": payment.created_at,
            "settled_at": payment.settled_at,
        }
        await self.session.execute(_ADD, values)

    async def of_request(self, tenant_id: TenantId, request_key: str) -> GroupPayment | None:
        """Return the payment that a request made, if it made one."""
        return await self._one(tenant_id, "AND request_key = :key", key=request_key)

    async def pending(self, made: ConsolidatedInvoice) -> GroupPayment | None:
        """Return the payment that is under way."""
        condition = "AND consolidated_id = :of AND state = 'pending'"
        return await self._one(made.tenant_id, condition, of=made.id)

    async def find(self, tenant_id: TenantId, payment_id: PaymentId) -> GroupPayment | None:
        """Return a payment locked until the commit, None if it is none of these."""
        return await self._one(tenant_id, "AND id = :id FOR UPDATE", id=payment_id)

    async def lock(self, tenant_id: TenantId, payment_id: PaymentId) -> GroupPayment:
        """Return a payment that nobody else settles before the commit.

        Raises:
            PaymentNotFound: the tenant has none of that id.
        """
        found = await self.find(tenant_id, payment_id)
        if found is None:
            raise PaymentNotFound(payment_id=format_id("pay", payment_id))
        return found

    async def of(
        self, tenant_id: TenantId, consolidated_id: ConsolidatedInvoiceId
    ) -> list[GroupPayment]:
        """Return every payment of a consolidated invoice, the first one first."""
        rows = await self.session.execute(
            text(f"{_PAYMENT} AND consolidated_id = :of ORDER BY created_at, id"),
            {"tenant_id": tenant_id, "of": consolidated_id},
        )
        return [_payment(row) for row in rows.mappings()]

    async def update(self, payment: GroupPayment, **values: object) -> None:
        """Record what became of a payment."""
        settings = ", ".join(f"{name} = :{name}" for name in values)
        await self.session.execute(
            text(
                f"UPDATE consolidated_payments SET {settings} "  # noqa: S608 - names of our own
                "WHERE tenant_id = :tenant_id AND id = :id"
            ),
            {**values, "tenant_id": payment.tenant_id, "id": payment.id},
        )

    async def settled(
        self, payment: GroupPayment, invoice_id: InvoiceId, amount: Money, at: datetime
    ) -> None:
        """Keep that an invoice was settled with a part of a payment, once."""
        values = {
            "tenant_id": payment.tenant_id,
            "payment_id": payment.id,
            "invoice_id": invoice_id,
            "amount_minor": amount.minor,
            "settled_at": at,
        }
        await self.session.execute(_SETTLED, values)

    async def settlements(self, payment: GroupPayment) -> dict[InvoiceId, Money]:
        """Return what a payment settled so far, by invoice."""
        rows = await self.session.execute(
            text(
                "SELECT invoice_id, amount_minor FROM consolidated_settlements "
                "WHERE tenant_id = :tenant_id AND payment_id = :payment_id"
            ),
            {"tenant_id": payment.tenant_id, "payment_id": payment.id},
        )
        code = payment.amount.currency
        return {InvoiceId(row.invoice_id): Money(row.amount_minor, code) for row in rows}

    async def share_note(self, tenant_id: TenantId, note: SharedNote, at: datetime) -> None:
        """Keep a credit note over an invoice that was shared, once."""
        values = {
            "tenant_id": tenant_id,
            "note_id": note.note_id,
            "invoice_id": note.invoice_id,
            "number": note.number,
            "dated": note.dated,
            "currency": note.total.currency.code,
            "total_minor": note.total.minor,
            "lowered_minor": note.lowered.minor,
            "shared_at": at,
        }
        await self.session.execute(_SHARE_NOTE, values)

    async def notes(self, made: ConsolidatedInvoice) -> list[SharedNote]:
        """Return the credit notes over the invoices in one, the first one first."""
        rows = await self.session.execute(_NOTES, {"tenant_id": made.tenant_id, "of": made.id})
        return [
            SharedNote(
                note_id=CreditNoteId(row.note_id),
                invoice_id=InvoiceId(row.invoice_id),
                number=row.number,
                dated=row.dated,
                total=Money(row.total_minor, currency(row.currency)),
                lowered=Money(row.lowered_minor, currency(row.currency)),
            )
            for row in rows
        ]

    async def _one(self, tenant_id: TenantId, condition: str, **values: Any) -> GroupPayment | None:
        rows = await self.session.execute(
            text(f"{_PAYMENT} {condition}"), {"tenant_id": tenant_id, **values}
        )
        row = rows.mappings().one_or_none()
        return None if row is None else _payment(row)


def _payment(row: RowMapping) -> GroupPayment:
    code = currency(row["currency"])
    return GroupPayment(
        tenant_id=TenantId(row["tenant_id"]),
        id=PaymentId(row["id"]),
        consolidated_id=ConsolidatedInvoiceId(row["consolidated_id"]),
        provider=row["provider"],
        state=PaymentState(row["state"]),
        amount=Money(row["amount_minor"], code),
        kept=Money(row["kept_minor"], code),
        reference=row["reference"],
        failure=row["failure"],
        created_at=row["created_at"].astimezone(UTC),
        settled_at=_utc(row["settled_at"]),
        spread_at=_utc(row["spread_at"]),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
