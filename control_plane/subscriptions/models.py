"""Rows of subscriptions: appended, never changed, seen by their tenant alone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class SubscriptionRow(SQLModel, table=True):
    """That a subscription exists. The row is what a change of it locks."""

    __tablename__ = "subscriptions"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class ChangeRow(SQLModel, table=True):
    """One entry of a timeline; ``details`` holds what the action says besides versions."""

    __tablename__ = "subscription_changes"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    subscription_id: UUID
    seq: int
    effective_at: datetime = Field(sa_type=DateTime(timezone=True))
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    kind: str = Field(sa_type=Text)
    plan_version_id: UUID | None = None
    addon_version_id: UUID | None = None
    details: dict[str, Any] = Field(sa_type=JSONB)
