"""Rows of fapiao. The migration is the truth; these only name the columns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class FapiaoTitleRow(SQLModel, table=True):
    """A tenant's title (开票信息)."""

    __tablename__ = "fapiao_titles"

    tenant_id: UUID = Field(primary_key=True)
    kind: str
    name: str
    tax_id: str
    address: str
    phone: str
    bank: str
    account: str
    email: str
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class FapiaoRow(SQLModel, table=True):
    """A fapiao, blue or red, and where it stands."""

    __tablename__ = "fapiao"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    colour: str
    kind: str
    entity: str
    provider: str
    state: str
    attempt: int = 1
    body: bytes
    net_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    total_minor: int = Field(sa_type=BigInteger)
    red_minor: int = Field(default=0, sa_type=BigInteger)
    blue_id: UUID | None = None
    note_number: str | None = None
    sheet: str | None = None
    number: str | None = None
    issued_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    failure: str | None = None
    retryable: bool = False
    requested_by: str
    requested_at: datetime = Field(sa_type=DateTime(timezone=True))
    next_look_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class FapiaoSourceRow(SQLModel, table=True):
    """An invoice or a top-up that a blue fapiao covers."""

    __tablename__ = "fapiao_sources"

    tenant_id: UUID = Field(primary_key=True)
    fapiao_id: UUID = Field(primary_key=True)
    number: str = Field(primary_key=True)
    invoice_id: UUID | None = None
    topup_id: UUID | None = None
    known_notes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    active: bool = True


class SimulatedFapiaoRow(SQLModel, table=True):
    """What the simulated tax platform knows of a request."""

    __tablename__ = "simulated_fapiao"

    tenant_id: UUID = Field(primary_key=True)
    request_id: str = Field(primary_key=True)
    record: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


TABLES = SQLModel.metadata.tables
FAPIAO_TITLES = TABLES["fapiao_titles"]
FAPIAO = TABLES["fapiao"]
FAPIAO_SOURCES = TABLES["fapiao_sources"]
SIMULATED_FAPIAO = TABLES["simulated_fapiao"]
