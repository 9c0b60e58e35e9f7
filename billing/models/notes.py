"""Rows of credit notes and of the customer's credit. The migration is the truth."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel


class CreditNoteRow(SQLModel, table=True):
    """An issued credit note: frozen, and never touched again."""

    __tablename__ = "credit_notes"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    invoice_id: UUID
    number: str
    entity: str
    year: int
    place: int
    currency: str
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    part: int
    dated: date
    reason: str
    subtotal_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(sa_type=BigInteger)
    net_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    total_minor: int = Field(sa_type=BigInteger)
    lowered_minor: int = Field(sa_type=BigInteger)
    carried_minor: int = Field(sa_type=BigInteger)
    body: bytes
    body_sha256: str
    manifest: bytes
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))


class CreditNoteLineRow(SQLModel, table=True):
    """What a credit note takes back of one invoiced line; every amount is positive."""

    __tablename__ = "credit_note_lines"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    note_id: UUID
    position: int
    line_key: str
    item_key: str
    revision: int
    invoice_line_id: UUID
    kind: str
    subscription_id: UUID
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
    cutoff: str | None = None
    since: str | None = None


class CreditSourceRow(SQLModel, table=True):
    """Where a customer's credit comes from, and what is left of it."""

    __tablename__ = "credit_sources"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: str
    reference: str
    currency: str
    remaining_minor: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class CreditEntryRow(SQLModel, table=True):
    """One movement of a customer's credit: carried in (positive), applied or refunded."""

    __tablename__ = "credit_entries"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    source_id: UUID
    kind: str
    currency: str
    amount_minor: int = Field(sa_type=BigInteger)
    business_key: str
    invoice_id: UUID | None = None
    reference: str | None = None
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


TABLES = SQLModel.metadata.tables
CREDIT_NOTES = TABLES["credit_notes"]
CREDIT_NOTE_LINES = TABLES["credit_note_lines"]
CREDIT_SOURCES = TABLES["credit_sources"]
CREDIT_ENTRIES = TABLES["credit_entries"]
