"""Keys, signed messages and cases, the same in every run."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from control_plane.kernel.canonical import canonical_json
from control_plane.sdk.conformance.suites import _filled
from control_plane.sdk.envelope import key_id_of, public_key_text

TENANT = "ten_01h455vb4pex5vsknk084sn02q"
OTHER_TENANT = "ten_01h455vb4pex5vsknk084sn02r"
HOLDER = "ins_01h455vb4pex5vsknk084sn02q"
NOW = "2026-01-10T02:00:00Z"
REVISION = 12

Case = tuple[str, Any, Any]


@dataclass
class Suite:
    """Cases of one kind: name, input, and the answer (None: the Python client's)."""

    name: str
    about: str
    cases: list[Case]
    shared: dict[str, Any] = field(default_factory=dict)

    def filled(self, asked: Any) -> Any:
        return _filled(asked, self.shared)

    @property
    def by_hand(self) -> int:
        return sum(expected is not None for _, _, expected in self.cases)


def key_of(name: str) -> Ed25519PrivateKey:
    """A key that everybody knows, for tests alone."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


TRUSTED, STRANGER = key_of("conformance"), key_of("stranger")
KEY_ID = key_id_of(TRUSTED.public_key())


def ring_of(*keys: Ed25519PrivateKey) -> dict[str, str]:
    return {key_id_of(k.public_key()): public_key_text(k.public_key()) for k in keys}


RING = ring_of(TRUSTED)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(body: Any, key: Ed25519PrivateKey = TRUSTED, key_id: str = "") -> dict[str, str]:
    """An envelope around a body, or around bytes as they are."""
    payload = body if isinstance(body, bytes) else canonical_json(body)
    return {
        "payload": b64(payload),
        "signature": b64(key.sign(payload)),
        "key_id": key_id or key_id_of(key.public_key()),
    }


def refused(code: str) -> dict[str, str]:
    return {"refused": code}


def snapshot(**changes: Any) -> dict[str, Any]:
    """A snapshot's body, without a feature unless given."""
    body: dict[str, Any] = {
        "kind": "snapshot",
        "format": 2,
        "tenant": TENANT,
        "audience": "modules",
        "revision": REVISION,
        "issued_at": NOW,
        "clock": {"mode": "real"},
        "zone": "Asia/Shanghai",
        "standing": "active",
        "features": {},
        "keys": [],
        "services": [],
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def window(start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "source": "plan:growth@1", **more}


def boolean(*windows: dict[str, Any], strict: bool = False, **more: Any) -> dict[str, Any]:
    return {"kind": "boolean", "strict": strict, "windows": list(windows), **more}


def heartbeat(at: str, revision: int = REVISION, **changes: Any) -> dict[str, Any]:
    body = {"kind": "heartbeat", "format": 1, "tenant": TENANT, "revision": revision}
    return {
        name: value
        for name, value in {**body, "issued_at": at, **changes}.items()
        if value is not ...
    }
