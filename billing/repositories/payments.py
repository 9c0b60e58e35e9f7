"""Payments: attempts to collect an invoice or a part of it, one at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billing.domain.records import Payment, PaymentState
from billing.errors import PaymentNotFound
from billing.models import PaymentRow
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, PaymentId, TenantId, format_id
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PaymentRepository:
    """The payments of the session's tenant."""

    session: AsyncSession

    async def add(self, payment: Payment, request_key: str) -> bool:
        """Keep an attempt; False when another is under way, or the same request made one."""
        values = {
            "tenant_id": payment.tenant_id,
            "id": payment.id,
            "invoice_id": payment.invoice_id,
            "provider": payment.provider,
            "state": payment.state.value,
            "currency": payment.amount.currency.code,
            "amount_minor": payment.amount.minor,
            "request_key": request_key,
            "reference": payment.reference,
            "created_at": payment.created_at,
            "settled_at": payment.settled_at,
        }
        statement = insert(PaymentRow).values(values).on_conflict_do_nothing()
        added = await self.session.scalar(statement.returning(col(PaymentRow.id)))
        return added is not None

    async def of_request(self, tenant_id: TenantId, request_key: str) -> Payment | None:
        """Return the attempt that a request made, if it made one."""
        return await self._one(
            col(PaymentRow.tenant_id) == tenant_id, col(PaymentRow.request_key) == request_key
        )

    async def pending(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Payment | None:
        """Return the attempt on an invoice that is under way."""
        return await self._one(
            col(PaymentRow.tenant_id) == tenant_id,
            col(PaymentRow.invoice_id) == invoice_id,
            col(PaymentRow.state) == PaymentState.PENDING.value,
        )

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> list[Payment]:
        """Return every attempt on an invoice, the first one first."""
        rows = await self.session.scalars(
            select(PaymentRow)
            .where(col(PaymentRow.tenant_id) == tenant_id)
            .where(col(PaymentRow.invoice_id) == invoice_id)
            .order_by(col(PaymentRow.id))
        )
        return [_payment(row) for row in rows]

    async def lock(self, tenant_id: TenantId, payment_id: PaymentId) -> Payment:
        """Return an attempt that nobody else settles before this transaction ends.

        Raises:
            PaymentNotFound: the tenant has none of that id.
        """
        found = await self._one(
            col(PaymentRow.tenant_id) == tenant_id, col(PaymentRow.id) == payment_id, lock=True
        )
        if found is None:
            raise PaymentNotFound(payment_id=format_id("pay", payment_id))
        return found

    async def refer(self, payment: Payment, reference: str) -> None:
        """Record the provider's name for an attempt before any money moves."""
        await self._update(payment, {"reference": reference})

    async def settle(
        self, payment: Payment, state: PaymentState, failure: str | None, at: datetime
    ) -> None:
        """Record how an attempt ended."""
        await self._update(payment, {"state": state.value, "failure": failure, "settled_at": at})

    async def _update(self, payment: Payment, values: dict[str, object]) -> None:
        await self.session.execute(
            update(PaymentRow)
            .where(col(PaymentRow.tenant_id) == payment.tenant_id)
            .where(col(PaymentRow.id) == payment.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

    async def _one(self, *conditions: ColumnElement[bool], lock: bool = False) -> Payment | None:
        query = select(PaymentRow).where(*conditions)
        if lock:
            query = query.with_for_update()
        row = await self.session.scalar(query.execution_options(populate_existing=True))
        return None if row is None else _payment(row)


def _payment(row: PaymentRow) -> Payment:
    return Payment(
        tenant_id=TenantId(row.tenant_id),
        id=PaymentId(row.id),
        invoice_id=InvoiceId(row.invoice_id),
        provider=row.provider,
        state=PaymentState(row.state),
        amount=Money(row.amount_minor, currency(row.currency)),
        reference=row.reference,
        failure=row.failure,
        created_at=row.created_at.astimezone(UTC),
        settled_at=None if row.settled_at is None else row.settled_at.astimezone(UTC),
    )
