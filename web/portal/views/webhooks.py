"""Endpoints, deliveries and usage alerts as the pages show them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint in the list; ``state`` is a label."""

    endpoint_id: str
    kind: str
    title: str
    url: str
    state: str
    pending: int
    delivered: int
    dead: int


@dataclass(frozen=True, slots=True)
class EndpointsView:
    """Every endpoint, and what a new one can be."""

    rows: tuple[EndpointRow, ...]
    kinds: tuple[Choice, ...]
    events: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SecretView:
    """The only page that ever shows ``secret``; ``overlap_hours`` of a rotation, else None."""

    endpoint_id: str
    title: str
    secret: str
    overlap_hours: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery in the list."""

    delivery_id: str
    type: str
    message_id: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One endpoint with a page of its deliveries; ``chosen`` is the state that is listed."""

    row: EndpointRow
    description: str
    disabled_reason: str | None
    failing_since: datetime | None
    signs: bool
    events: tuple[Choice, ...]
    deliveries: tuple[DeliveryRow, ...]
    chosen: str
    more: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What one call brought."""

    number: int
    at: datetime
    milliseconds: int
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery: its body as it is sent, and every attempt."""

    row: DeliveryRow
    endpoint_id: str
    endpoint: str
    enabled: bool
    body: str
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What was told; ``percent`` is None for a forecast."""

    feature: str
    period: str
    percent: str | None
    used: Decimal
    limit: Decimal
    forecast: Decimal | None
    found_at: datetime


@dataclass(frozen=True, slots=True)
class AlertsView:
    """What is told of usage, by which ways, and what was told lately."""

    thresholds: str
    forecast: bool
    roles: tuple[Choice, ...]
    channels: tuple[EndpointRow, ...]
    alerts: tuple[AlertRow, ...]
