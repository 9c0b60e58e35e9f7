"""Rows of tenancy. The migration is the truth; these only name the columns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel


class OrganisationRow(SQLModel, table=True):
    """A tenant; its id is the tenant id of every other table."""

    __tablename__ = "organisations"

    id: UUID = Field(primary_key=True)
    slug: str
    name: str
    zone: str
    language: str
    currency: str
    sandbox: bool
    state: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class MemberRow(SQLModel, table=True):
    """One person's role in one organisation."""

    __tablename__ = "members"

    tenant_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    role: str
    joined_at: datetime = Field(sa_type=DateTime(timezone=True))


class FellowRow(SQLModel, table=True):
    """What a tenant may read of ``users``: its own members' names. Never written."""

    __tablename__ = "users"

    id: UUID = Field(primary_key=True)
    email: str
    name: str
    language: str


class InvitationRow(SQLModel, table=True):
    """A place kept open for a person. ``hash`` is the SHA-256 of the secret in the mail."""

    __tablename__ = "invitations"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    email: str
    role: str
    hash: str
    invited_by: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    accepted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TestClockRow(SQLModel, table=True):
    """A sandbox's own time. ``target_at`` is set while it is on its way there."""

    __tablename__ = "test_clocks"
    __test__ = False

    tenant_id: UUID = Field(primary_key=True)
    now_at: datetime = Field(sa_type=DateTime(timezone=True))
    target_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    state: str = "ready"
    last_error: str | None = None
