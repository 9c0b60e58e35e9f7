"""Rows of entitlements: appended, never changed, seen by their tenant alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel


class SnapshotRow(SQLModel, table=True):
    """One signed snapshot; ``payload`` is exactly what was signed."""

    __tablename__ = "entitlement_snapshots"

    tenant_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_type=BigInteger)
    payload: bytes = Field(sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
    key_id: str = Field(sa_type=Text)
    facts_sha256: str = Field(sa_type=Text)
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    present_at: datetime | None = Field(sa_type=DateTime(timezone=True), default=None)
