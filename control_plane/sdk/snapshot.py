"""The entitlement snapshot: all that a module needs to know of its tenant, windows included."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.fast_json import AS_WRITTEN, loads, named
from control_plane.sdk.features import (
    Access,
    FeatureGrant,
    FeatureKind,
    Mode,
    OnStale,
    Standing,
    Window,
    feature_body,
    read_feature,
)
from control_plane.sdk.messages import (
    Action,
    Command,
    Heartbeat,
    new_command,
    parse_command,
    parse_heartbeat,
)
from control_plane.sdk.reading import ReadBefore, Reader, SnapshotInvalid, read_message

__all__ = [
    "AUDIENCE",
    "SNAPSHOT_FORMAT",
    "Access",
    "Action",
    "Command",
    "FeatureGrant",
    "FeatureKind",
    "Heartbeat",
    "KeyGrant",
    "Mode",
    "OnStale",
    "ServiceGrant",
    "Snapshot",
    "SnapshotInvalid",
    "Standing",
    "Window",
    "new_command",
    "parse_command",
    "parse_heartbeat",
    "parse_snapshot",
]

AUDIENCE = "modules"
SNAPSHOT_FORMAT = 2
_STANDINGS = tuple(standing.value for standing in Standing)
_FIRST_FORMAT = 1  # knows two kinds of features and no standing; it is read, too

_FORMATS = (_FIRST_FORMAT, SNAPSHOT_FORMAT)
_PARTS = frozenset({"features", "keys", "services"})


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
    clock; ``zone`` cuts the periods that limits count in; ``standing`` says whether it pays.
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
    standing: Standing = Standing.ACTIVE

    def body(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "kind": "snapshot",
            "format": SNAPSHOT_FORMAT,
            "tenant": self.tenant,
            "audience": self.audience,
            "revision": self.revision,
            "issued_at": instant_text(self.issued_at),
            "clock": _clock_body(self.test_clock_at),
            "zone": self.zone,
            "standing": self.standing.value,
            "features": {code: feature_body(grant) for code, grant in self.features.items()},
            "keys": [_key_body(key) for key in self.keys],
            "services": [_service_body(service) for service in self.services],
        }

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(self.body())


@dataclass(frozen=True, slots=True)
class _Frame:
    """A snapshot that was read, and all that it says beside what each new one says anew."""

    asked: tuple[str | None, str]
    rest: Mapping[str, object]
    snapshot: Snapshot
    features: Callable[[Reader], Mapping[str, FeatureGrant]]


@dataclass(slots=True)
class Earlier:
    """What was read of earlier snapshots of one tenant."""

    first_features: ReadBefore[FeatureGrant] = field(default_factory=ReadBefore)
    features: ReadBefore[FeatureGrant] = field(default_factory=ReadBefore)
    keys: ReadBefore[KeyGrant] = field(default_factory=ReadBefore)
    services: ReadBefore[ServiceGrant] = field(default_factory=ReadBefore)
    frame: _Frame | None = None


def parse_snapshot(
    data: bytes,
    *,
    tenant: str | None = None,
    audience: str = AUDIENCE,
    earlier: Earlier | None = None,
) -> Snapshot:
    """Read a snapshot, for this tenant when one is named.

    Format 1, as it was before standings and further kinds, is read as the same snapshot. What
    is word for word as in ``earlier`` ones is not read again.

    Raises:
        SnapshotInvalid: another kind, format, tenant or audience, or a member that is wrong.
    """
    known, asked = earlier or Earlier(), (tenant, audience)
    if known.frame is not None and known.frame.asked == asked:
        again = _read_again(data, known.frame)
        if again is not None:
            return again
    reader = read_message(data, "snapshot", tenant, _FORMATS, unread=_PARTS)
    form = reader.whole("format")
    reader.expect("audience", audience)
    before = known.first_features if form == _FIRST_FORMAT else known.features
    features = partial(before.named, name="features", read=partial(read_feature, form=form))
    snapshot = Snapshot(
        tenant=reader.text("tenant"),
        audience=reader.text("audience"),
        revision=reader.whole("revision"),
        issued_at=reader.instant("issued_at"),
        test_clock_at=_read_clock(reader.child("clock")),
        zone=reader.text("zone"),
        features=features(reader),
        keys=known.keys.listed(reader, "keys", _read_key),
        services=known.services.listed(reader, "services", _read_service),
        standing=Standing.ACTIVE if form == _FIRST_FORMAT else _read_standing(reader),
    )
    if earlier is not None:
        _, rest = _split(data)
        known.frame = _Frame(asked, rest, snapshot, features) if rest else None
    return snapshot


def _read_again(data: bytes, frame: _Frame) -> Snapshot | None:
    """Read a snapshot that says what the one before said, in the same words, but for what moves.

    None where it does not, or cannot be read at all: then all of it is to be looked at.
    """
    moving, rest = _split(data)
    if not moving or rest != frame.rest:
        return None
    same = frame.snapshot
    try:
        revision, issued_at = loads(moving["revision"]), parse_instant(loads(moving["issued_at"]))
    except (ValueError, TypeError, TallyardError):
        return None
    if type(revision) is not int or revision < 0:
        return None
    return Snapshot(
        same.tenant,
        revision,
        issued_at,
        same.zone,
        frame.features(Reader(moving, "snapshot")),
        same.keys,
        same.services,
        same.test_clock_at,
        same.audience,
        same.standing,
    )


def _split(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members that each snapshot says anew, and the others, all as they were written.

    Nothing where they cannot be had so.
    """
    if not AS_WRITTEN:
        return {}, {}
    try:
        rest = named(data)
        take = rest.pop
        moving = {
            "revision": take("revision"),
            "issued_at": take("issued_at"),
            "features": take("features"),
        }
    except (ValueError, KeyError):
        return {}, {}
    return moving, rest


def _clock_body(test_clock_at: datetime | None) -> dict[str, object]:
    if test_clock_at is None:
        return {"mode": "real"}
    return {"mode": "test", "at": instant_text(test_clock_at)}


def _read_clock(reader: Reader) -> datetime | None:
    reader.expect("mode", "real", "test")
    return reader.instant("at") if reader.text("mode") == "test" else None


def _read_standing(reader: Reader) -> Standing:
    reader.expect("standing", *_STANDINGS)
    return Standing(reader.text("standing"))


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
