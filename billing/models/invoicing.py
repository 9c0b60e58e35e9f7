"""Rows of billing. The migration is the truth; these only name the columns."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AccountRow(SQLModel, table=True):
    """A tenant's billing: when it is next due, how far it is closed, and how it pays."""

    __tablename__ = "billing_accounts"

    tenant_id: UUID = Field(primary_key=True)
    entity: str
    closed_through: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    next_due_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    parked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    parked_reason: str | None = None
    parked_failure: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    provider: str = "manual"
    provider_customer: str | None = None
    provider_method: str | None = None
    method_label: str | None = None
    policies: dict[str, Any] = Field(sa_type=JSONB)
    grace_seconds: int = Field(default=0, sa_type=BigInteger)
    threshold_minor: int | None = Field(default=None, sa_type=BigInteger)
    reach: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    usage_cutoff: str | None = None
    cost_centres: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class InvoiceRow(SQLModel, table=True):
    """An issued invoice: its frozen body and manifest, and whether it is paid."""

    __tablename__ = "invoices"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    number: str
    entity: str
    year: int
    place: int
    currency: str
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    part: int
    dated: date
    payable_by: date
    subtotal_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(sa_type=BigInteger)
    net_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    total_minor: int = Field(sa_type=BigInteger)
    applied_minor: int = Field(sa_type=BigInteger)
    due_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(sa_type=BigInteger)
    credited_minor: int = Field(sa_type=BigInteger)
    purchase_order: str | None = None
    body: bytes
    body_sha256: str
    manifest: bytes
    state: str
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    paid_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    overdue_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    end_reason: str | None = None


class InvoiceLineRow(SQLModel, table=True):
    """One invoiced line, under the key that makes it unique."""

    __tablename__ = "invoice_lines"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    invoice_id: UUID
    position: int
    line_key: str
    item_key: str
    revision: int
    kind: str
    subscription_id: UUID
    version_id: UUID | None = None
    charge_code: str
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    service_start: datetime = Field(sa_type=DateTime(timezone=True))
    service_end: datetime = Field(sa_type=DateTime(timezone=True))
    amount_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(sa_type=BigInteger)
    net_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    tax_category: str
    tax_rate: Decimal | None = None
    tax_inclusive: bool
    cutoff: str | None = None
    since: str | None = None


class PaymentRow(SQLModel, table=True):
    """One attempt to collect an invoice."""

    __tablename__ = "payments"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    invoice_id: UUID
    provider: str
    state: str
    currency: str
    amount_minor: int = Field(sa_type=BigInteger)
    request_key: str
    reference: str | None = None
    failure: str | None = None
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    settled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class LedgerTransactionRow(SQLModel, table=True):
    """Postings that belong together and add up to zero."""

    __tablename__ = "ledger_transactions"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: str
    business_key: str
    invoice_id: UUID | None = None
    credit_note_id: UUID | None = None
    payment_id: UUID | None = None
    source_id: UUID | None = None
    booked_at: datetime = Field(sa_type=DateTime(timezone=True))
    booked_on: date


class LedgerEntryRow(SQLModel, table=True):
    """One posting: debits positive, credits negative."""

    __tablename__ = "ledger_entries"

    tenant_id: UUID = Field(primary_key=True)
    transaction_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    account: str
    currency: str
    amount_minor: int = Field(sa_type=BigInteger)


TABLES = SQLModel.metadata.tables
ACCOUNTS = TABLES["billing_accounts"]
INVOICES = TABLES["invoices"]
INVOICE_LINES = TABLES["invoice_lines"]
PAYMENTS = TABLES["payments"]
LEDGER_TRANSACTIONS = TABLES["ledger_transactions"]
LEDGER_ENTRIES = TABLES["ledger_entries"]
