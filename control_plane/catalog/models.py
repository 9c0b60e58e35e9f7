"""Rows of the catalogue: belonging to the vendor, appended and never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlmodel import Field, SQLModel


class PlanVersionRow(SQLModel, table=True):
    """One published version of a plan; ``body`` is its canonical JSON."""

    __tablename__ = "plan_versions"

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    version: int
    body: str = Field(sa_type=Text)
    body_sha256: str = Field(sa_type=Text)
    published_at: datetime = Field(sa_type=DateTime(timezone=True))


class AddonVersionRow(SQLModel, table=True):
    """One published version of an add-on; ``body`` is its canonical JSON."""

    __tablename__ = "addon_versions"

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    version: int
    body: str = Field(sa_type=Text)
    body_sha256: str = Field(sa_type=Text)
    published_at: datetime = Field(sa_type=DateTime(timezone=True))


class CatalogRevisionRow(SQLModel, table=True):
    """What was on sale from one ``apply`` to the next, and the file that said so."""

    __tablename__ = "catalog_revisions"

    revision: int = Field(primary_key=True)
    body: str = Field(sa_type=Text)
    body_sha256: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    published_at: datetime = Field(sa_type=DateTime(timezone=True))
