"""The entitlement snapshot: all that a module needs to know of its tenant, windows included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.exact import quantity_text
from control_plane.sdk.messages import (
    Action,
    Command,
    Heartbeat,
    new_command,
    parse_command,
    parse_heartbeat,
)
from control_plane.sdk.reading import FORMAT, Reader, SnapshotInvalid, read_message

__all__ = [
    "AUDIENCE",
    "Action",
    "Command",
    "FeatureGrant",
    "FeatureKind",
    "Heartbeat",
    "KeyGrant",
    "ServiceGrant",
    "Snapshot",
    "SnapshotInvalid",
    "Window",
    "new_command",
    "parse_command",
    "parse_heartbeat",
    "parse_snapshot",
]

AUDIENCE = "modules"


class FeatureKind(StrEnum):
    """What a feature grants: a yes, or a number per day or other interval."""

    BOOLEAN = "boolean"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch ``[start, end)`` in which a feature is granted; no end means until further notice.

    ``value`` is the total limit (None for booleans), ``source`` says what was bought for it.
    """

    start: datetime
    end: datetime | None
    source: str
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FeatureGrant:
    """A feature with its windows, sorted and without overlap; ``per`` is a limit's interval."""

    kind: FeatureKind
    windows: tuple[Window, ...]
    strict: bool = False
    per: str | None = None


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """An API key: the SHA-256 of its secret in hexadecimal, what it may do, and until when."""

    id: str
    hash: str
    scopes: frozenset[str]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """A service token of one of the tenant's module instances."""

    instance: str
    module: str
    hash: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one tenant may do, at one revision.

    ``issued_at`` is real time; ``test_clock_at`` is the tenant's own present, where it has a test
    clock; ``zone`` cuts the days that limits count in.
    """

    tenant: str
    revision: int
    issued_at: datetime
    zone: str
    features: Mapping[str, FeatureGrant] = field(default_factory=dict)
    keys: tuple[KeyGrant, ...] = ()
    services: tuple[ServiceGrant, ...] = ()
    test_clock_at: datetime | None = None
    audience: str = AUDIENCE

    def body(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "kind": "snapshot",
            "format": FORMAT,
            "tenant": self.tenant,
            "audience": self.audience,
            "revision": self.revision,
            "issued_at": instant_text(self.issued_at),
            "clock": _clock_body(self.test_clock_at),
            "zone": self.zone,
            "features": {code: _feature_body(grant) for code, grant in self.features.items()},
            "keys": [_key_body(key) for key in self.keys],
            "services": [_service_body(service) for service in self.services],
        }

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(self.body())


def parse_snapshot(data: bytes, *, tenant: str | None = None, audience: str = AUDIENCE) -> Snapshot:
    """Read a snapshot, for this tenant when one is named.

    Raises:
        SnapshotInvalid: another kind, format, tenant or audience, or a member that is wrong.
    """
    reader = read_message(data, "snapshot", tenant)
    reader.expect("audience", audience)
    return Snapshot(
        tenant=reader.text("tenant"),
        audience=reader.text("audience"),
        revision=reader.whole("revision"),
        issued_at=reader.instant("issued_at"),
        test_clock_at=_read_clock(reader.child("clock")),
        zone=reader.text("zone"),
        features={code: _read_feature(item) for code, item in reader.entries("features")},
        keys=tuple(_read_key(item) for item in reader.children("keys")),
        services=tuple(_read_service(item) for item in reader.children("services")),
    )


def _clock_body(test_clock_at: datetime | None) -> dict[str, object]:
    if test_clock_at is None:
        return {"mode": "real"}
    return {"mode": "test", "at": instant_text(test_clock_at)}


def _read_clock(reader: Reader) -> datetime | None:
    reader.expect("mode", "real", "test")
    return reader.instant("at") if reader.text("mode") == "test" else None


def _feature_body(grant: FeatureGrant) -> dict[str, object]:
    body: dict[str, object] = {
        "kind": grant.kind.value,
        "strict": grant.strict,
        "windows": [_window_body(window) for window in grant.windows],
    }
    if grant.per is not None:
        body["per"] = grant.per
    return body


def _window_body(window: Window) -> dict[str, object]:
    body: dict[str, object] = {
        "start": instant_text(window.start),
        "end": None if window.end is None else instant_text(window.end),
        "source": window.source,
    }
    if window.value is not None:
        body["value"] = quantity_text(window.value)
    return body


def _read_feature(reader: Reader) -> FeatureGrant:
    reader.expect("kind", *(kind.value for kind in FeatureKind))
    kind = FeatureKind(reader.text("kind"))
    limited = kind is FeatureKind.LIMIT
    windows = tuple(_read_window(item, limited=limited) for item in reader.children("windows"))
    for earlier, later in pairwise(windows):
        if earlier.end is None or later.start < earlier.end:
            raise reader.refuse("has windows that overlap or are out of order")
    per = reader.text("per") if limited else None
    return FeatureGrant(kind, windows, strict=reader.boolean("strict"), per=per)


def _read_window(reader: Reader, *, limited: bool) -> Window:
    start, end = reader.instant("start"), reader.optional_instant("end")
    if end is not None and end <= start:
        raise reader.refuse("ends before it starts")
    value = reader.decimal("value") if limited else None
    return Window(start, end, reader.text("source"), value)


def _key_body(key: KeyGrant) -> dict[str, object]:
    expires_at = None if key.expires_at is None else instant_text(key.expires_at)
    scopes = sorted(key.scopes)
    return {"id": key.id, "hash": key.hash, "scopes": scopes, "expires_at": expires_at}


def _read_key(reader: Reader) -> KeyGrant:
    return KeyGrant(
        id=reader.text("id"),
        hash=reader.hash("hash"),
        scopes=reader.texts("scopes"),
        expires_at=reader.optional_instant("expires_at"),
    )


def _service_body(service: ServiceGrant) -> dict[str, object]:
    return {
        "instance": service.instance,
        "module": service.module,
        "hash": service.hash,
        "scopes": sorted(service.scopes),
    }


def _read_service(reader: Reader) -> ServiceGrant:
    return ServiceGrant(
        instance=reader.text("instance"),
        module=reader.text("module"),
        hash=reader.hash("hash"),
        scopes=reader.texts("scopes"),
    )
