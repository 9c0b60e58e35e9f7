"""A signer, a clock, and snapshots of a tenant with one of everything."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import FakeClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.envelope import Envelope, generate_key_pair, key_id_of, sign
from control_plane.sdk.snapshot import (
    FeatureGrant,
    FeatureKind,
    Heartbeat,
    KeyGrant,
    ServiceGrant,
    Snapshot,
    Window,
)

NOW = datetime(2026, 1, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
TENANT = "ten_01h455vb4pex5vsknk084sn02q"
OTHER_TENANT = "ten_01h455vb4pex5vsknk084sn02r"
INSTANCE = "ins_01h455vb4pex5vsknk084sn02q"
API_SECRET = "tyk_secret"
SERVICE_TOKEN = "tys_token"


@dataclass
class Signer:
    private_key: Ed25519PrivateKey
    public_key: Ed25519PublicKey

    @property
    def key_id(self) -> str:
        return key_id_of(self.public_key)

    @property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        return {self.key_id: self.public_key}

    def __call__(self, message) -> Envelope:
        return sign(message.to_bytes(), self.private_key, self.key_id)


@pytest.fixture
def signer():
    return Signer(*generate_key_pair())


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def state(signer, clock):
    return EntitlementState(tenant=TENANT, keys=signer.keys, clock=clock)


def make_snapshot(**changes) -> Snapshot:
    boolean, limit = FeatureKind.BOOLEAN, FeatureKind.METERED
    values = {
        "tenant": TENANT,
        "revision": 12,
        "issued_at": NOW,
        "zone": "Asia/Shanghai",
        "features": {
            "inbound": FeatureGrant(boolean, (Window(NOW - DAY, None, "plan:growth@1"),)),
            "outbound": FeatureGrant(boolean, (Window(NOW - DAY, NOW + DAY, "plan:growth@1"),)),
            "outbound.orders_per_day": FeatureGrant(
                limit,
                (
                    Window(NOW - DAY, NOW + DAY, "plan:growth@1", Decimal(150)),
                    Window(NOW + DAY, None, "plan:growth@1+addon:peak_618@1", Decimal(450)),
                ),
                per="day",
            ),
            "reservations": FeatureGrant(
                boolean, (Window(NOW - DAY, None, "plan:growth@1"),), strict=True
            ),
            "stocktaking": FeatureGrant(boolean, ()),
        },
        "keys": (
            KeyGrant(
                "key_01h455vb4pex5vsknk084sn02q",
                sha256_hex(API_SECRET.encode()),
                frozenset({"inventory:read", "inventory:write"}),
                NOW + DAY,
            ),
        ),
        "services": (
            ServiceGrant(
                INSTANCE,
                "outbound",
                sha256_hex(SERVICE_TOKEN.encode()),
                frozenset({"ledger:post"}),
            ),
        ),
    }
    return Snapshot(**(values | changes))


def heartbeat(at: datetime, revision: int = 12, tenant: str = TENANT) -> Heartbeat:
    return Heartbeat(tenant, revision, at)
