"""Rows of identity that a tenant owns. Users and sessions are reached through functions only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text
from sqlmodel import Field, SQLModel


class ApiKeyRow(SQLModel, table=True):
    """An API key without its secret. ``prefix`` is shown, ``hash`` is its SHA-256."""

    __tablename__ = "api_keys"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    name: str
    prefix: str
    hash: str
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_by: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ServiceTokenRow(SQLModel, table=True):
    """A module instance's token without its secret."""

    __tablename__ = "service_tokens"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    instance_id: UUID
    module: str
    hash: str
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
