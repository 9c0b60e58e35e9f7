"""Tenants and instances as the operator reads them."""

from dataclasses import dataclass
from datetime import datetime

from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class TenantRow:
    """An organisation with its instances counted."""

    tenant_id: str
    name: str
    slug: str
    sandbox: bool
    state: str
    created_at: datetime
    instances: int
    healthy: int


@dataclass(frozen=True, slots=True)
class StuckRow:
    """Something that does not go on by itself; of no ``tenant`` where it is everybody's."""

    what: str
    tenant: str | None
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class TenantsView:
    """All organisations, and what needs a person."""

    rows: tuple[TenantRow, ...]
    instances: int
    healthy: int
    stuck: tuple[StuckRow, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """A module's service: what is wanted and what was seen."""

    instance_id: str
    tenant_id: str
    tenant: str
    module: str
    runtime: str
    desired: str
    state: str
    generation: int
    base_url: str | None
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InstancesView:
    """Instances under the filters."""

    rows: tuple[InstanceRow, ...]
    tenants: tuple[Choice, ...]
    states: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One instance with the end of its log."""

    instance: InstanceRow
    log: str
    exported_at: datetime | None = None
    export_sha256: str | None = None
    removed_at: datetime | None = None
