"""Rows of quotes and of plan migrations. The migration is the truth; these name the columns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel


class QuoteRow(SQLModel, table=True):
    """A quote as it was made. Appended, never changed."""

    __tablename__ = "quotes"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    number: str
    body: bytes
    body_sha256: str
    promise: str
    valid_until: datetime = Field(sa_type=DateTime(timezone=True))
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str


class QuoteAnswerRow(SQLModel, table=True):
    """What became of a quote; one answer each."""

    __tablename__ = "quote_answers"

    tenant_id: UUID = Field(primary_key=True)
    quote_id: UUID = Field(primary_key=True)
    answer: str
    at: datetime = Field(sa_type=DateTime(timezone=True))
    actor: str
    subscription_id: UUID | None = None


class PlanMigrationRow(SQLModel, table=True):
    """One decision of the vendor: this plan's subscriptions go to that version, then."""

    __tablename__ = "plan_migrations"

    id: UUID = Field(primary_key=True)
    plan_code: str
    to_version_id: UUID
    mode: str
    on_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    made_by: str


class PlanMigrationMoveRow(SQLModel, table=True):
    """One subscription of a migration, and what became of it."""

    __tablename__ = "plan_migration_moves"

    tenant_id: UUID = Field(primary_key=True)
    migration_id: UUID = Field(primary_key=True)
    subscription_id: UUID = Field(primary_key=True)
    state: str
    reason: str | None = None
    effective_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    handled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
