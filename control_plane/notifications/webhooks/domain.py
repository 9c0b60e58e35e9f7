"""Endpoints, and what is sent to them. Pure: no database, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from control_plane.kernel.ids import (
    TenantId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
)

DISABLE_AFTER = timedelta(days=3)
"""An endpoint that failed for so long, without one success, is disabled."""

LONGEST_OVERLAP = timedelta(hours=72)


class EndpointKind(StrEnum):
    """Who listens: a program that speaks Standard Webhooks, or the robot of a chat group."""

    STANDARD = "standard"
    DINGTALK = "dingtalk"
    WECOM = "wecom"


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint: switched off, answered 410, or failing for days."""

    PERSON = "person"
    GONE = "gone"
    FAILING = "failing"


class DeliveryState(StrEnum):
    """``dead`` is given up until somebody replays it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Secret:
    """What signs; ``until`` is when an old one that was rotated out signs no more."""

    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What is secret of an endpoint: its whole address and what signs, the newest secret first."""

    url: str
    secrets: tuple[Secret, ...]

    def signing(self, at: datetime) -> tuple[str, ...]:
        """Return the secrets that sign at an instant."""
        return tuple(s.text for s in self.secrets if s.until is None or at < s.until)

    def rotated(self, text: str, *, at: datetime, overlap: timedelta) -> "Target":
        """Put a new secret first; those before it go on signing for the overlap, at most."""
        end = at + overlap
        kept = [
            replace(secret, until=end if secret.until is None else min(secret.until, end))
            for secret in self.secrets
            if secret.until is None or at < secret.until
        ]
        return Target(self.url, (Secret(text), *(s for s in kept if overlap)))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant wants to be told, of which types; ``url`` is what of it may be shown."""

    tenant_id: TenantId
    id: WebhookEndpointId
    kind: EndpointKind
    description: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What happened, as JSON text that is never written again."""

    id: WebhookMessageId
    type: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one endpoint. ``tries`` counts since the last replay."""

    tenant_id: TenantId
    id: WebhookDeliveryId
    message: Message
    endpoint_id: WebhookEndpointId
    state: DeliveryState
    attempts: int
    tries: int
    next_at: datetime
    ended_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one call brought: a status and the beginning of the answer, or why there was none."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    answer: str


def long_failing(since: datetime | None, now: datetime) -> bool:
    """Tell whether an endpoint has failed for so long that it is disabled."""
    return since is not None and now - since >= DISABLE_AFTER


def known_events(events: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the types asked for in the order of the catalogue, each once."""
    return tuple(event for event in known if event in set(events))
