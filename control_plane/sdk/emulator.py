"""The control plane in a box: snapshots from a file, signed, kept new and counted in this process.

For a developer's machine and for demonstrations without a network. What answers is the real
``EntitlementState``, fed with real signed messages, so that nothing behaves otherwise than in
service; only the units are this process' own.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.clock import Clock, SystemClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Decision
from control_plane.sdk.envelope import Envelope, generate_key_pair, key_id_of, sign
from control_plane.sdk.held import Held
from control_plane.sdk.local_ledger import LocalLedger
from control_plane.sdk.messages import Heartbeat
from control_plane.sdk.snapshot import AUDIENCE, SNAPSHOT_FORMAT, Snapshot, parse_snapshot
from control_plane.sdk.units import FOR_EVER

HEARTBEAT_SECONDS = 5.0
_TENANT, _ZONE = "ten_emulated", "UTC"
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_OF_A_WINDOW = ("value", "text", "burst")


class Emulator(EntitlementState):
    """An ``EntitlementState`` that is its own control plane.

    While it is ``connected``, its snapshot never grows older than five seconds.
    """

    def __init__(self, snapshot: Snapshot, clock: Clock | None = None) -> None:
        self._private_key, public_key = generate_key_pair()
        self._key_id = key_id_of(public_key)
        self._real_clock = clock or SystemClock()
        super().__init__(
            tenant=snapshot.tenant, keys={self._key_id: public_key}, clock=self._real_clock
        )
        self.connected = True
        self.ledger = LocalLedger()
        self.attach(self.ledger)
        self.publish(snapshot)

    @classmethod
    def from_file(cls, path: Path, clock: Clock | None = None) -> "Emulator":
        """Read features from a file: TOML, JSON, a snapshot's JSON, or a signed envelope.

        An envelope's signature is not asked for: what is emulated proves nothing.

        Raises:
            SnapshotInvalid: a member is wrong.
            ValueError: the file is neither TOML nor JSON.
        """
        text = path.read_text(encoding="utf-8")
        loads = tomllib.loads if path.suffix == ".toml" else json.loads
        body: dict[str, Any] = loads(text, parse_float=Decimal)
        if "payload" in body:
            return cls(parse_snapshot(Envelope.from_json(body).payload), clock)
        if body.get("kind") == "snapshot":
            return cls(parse_snapshot(text.encode()), clock)
        return cls(snapshot_from(body), clock)

    def publish(self, snapshot: Snapshot) -> int:
        """Take a snapshot as the newest revision, issued now, and return that revision."""
        revision = max(snapshot.revision, self.revision + 1)
        new = replace(snapshot, revision=revision, issued_at=self._real_clock.now())
        self.apply_snapshot(self._sign(new.to_bytes()))
        return revision

    def check(self, feature: str, units: int = 1) -> Decision:
        """Decide as in service, from what is as new as the connection makes it."""
        self._listen()
        return super().check(feature, units)

    def hold(self, feature: str, units: int = 1, *, timeout: float = FOR_EVER) -> Held:
        """Decide and set units aside as in service."""
        self._listen()
        return super().hold(feature, units, timeout=timeout)

    def _listen(self) -> None:
        if self.connected and self.age_seconds() >= HEARTBEAT_SECONDS:
            beat = Heartbeat(self._tenant, self.revision, self._real_clock.now())
            self.apply_heartbeat(self._sign(beat.to_bytes()))

    def _sign(self, payload: bytes) -> Envelope:
        return sign(payload, self._private_key, self._key_id)


def snapshot_from(body: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot of a short form: features by code, each with its terms.

    A feature without ``windows`` is granted always; its ``value`` (a number, or a configuration's
    text) and ``burst`` may stand beside its kind. The word ``limit`` for a metered feature, as in
    a catalogue, is understood; a feature without a kind is a boolean one.

    Raises:
        SnapshotInvalid: a member is wrong.
    """
    features = {code: _feature(dict(terms)) for code, terms in body.get("features", {}).items()}
    clock = body.get("test_clock_at")
    whole = {
        "kind": "snapshot",
        "format": SNAPSHOT_FORMAT,
        "tenant": body.get("tenant", _TENANT),
        "audience": AUDIENCE,
        "revision": body.get("revision", 1),
        "issued_at": instant_text(_ALWAYS),
        "clock": {"mode": "real"} if clock is None else {"mode": "test", "at": _plain(clock)},
        "zone": body.get("zone", _ZONE),
        "standing": body.get("standing", "active"),
        "features": features,
        "keys": body.get("keys", []),
        "services": body.get("services", []),
    }
    return parse_snapshot(canonical_json(whole))


def _feature(terms: dict[str, Any]) -> dict[str, Any]:
    kind = terms.setdefault("kind", "boolean")
    terms["kind"] = "metered" if kind == "limit" else kind
    terms.setdefault("strict", False)
    always = {name: terms.pop(name) for name in _OF_A_WINDOW if name in terms}
    windows = terms.get("windows", [{"start": _ALWAYS, "end": None, "source": "file", **always}])
    terms["windows"] = [_window(window, terms["kind"]) for window in windows]
    return terms


def _window(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    window: dict[str, Any] = {"end": None, "source": "file"}
    window |= {name: _plain(value) for name, value in given.items()}
    if kind == "configuration" and isinstance(given.get("value"), str):
        window["text"] = window.pop("value")
    return window


def _plain(value: object) -> object:
    """Write instants and numbers as a snapshot does."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return value
