"""The same API without a control plane: from a file, a snapshot, or a test's own words."""

import json

import pytest

from control_plane.sdk.decide import Reason
from control_plane.sdk.emulator import Emulator, snapshot_from
from control_plane.sdk.features import FeatureKind
from control_plane.sdk.snapshot import SnapshotInvalid
from control_plane.sdk.testing import FakeEntitlements
from tests.unit.sdk.conftest import NOW, TENANT, make_snapshot

TOML = """
tenant = "ten_dev"
zone = "Asia/Shanghai"

[features.inbound]

[features."outbound.orders_per_day"]
kind = "limit"
per = "day"
value = 2

[features.cold_store]
kind = "configuration"
value = -18.5

[features.tier]
kind = "configuration"
value = "gold"

[features.calls]
kind = "rate"
value = "0.5"
burst = 3

[features.reservations]
strict = true
windows = [{ start = 2026-01-01T00:00:00Z, end = 2026-01-10T02:00:01Z }]
"""


@pytest.fixture
def emulator(tmp_path, clock):
    path = tmp_path / "features.toml"
    path.write_text(TOML)
    return Emulator.from_file(path, clock)


def test_a_short_file_grants_what_it_says(emulator):
    assert emulator.check("inbound")
    assert [emulator.check("outbound.orders_per_day").allowed for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert str(emulator.check("cold_store").value) == "-18.5"
    assert emulator.check("tier").value == "gold"
    assert [emulator.check("calls").allowed for _ in range(4)] == [True, True, True, False]
    assert emulator.check("unheard_of").reason is Reason.UNKNOWN_FEATURE


def test_windows_of_a_file_end_on_their_tick(emulator, clock):
    assert emulator.check("reservations")
    clock.advance(seconds=1)

    assert emulator.check("reservations").reason is Reason.EXPIRED


def test_while_connected_nothing_grows_old_and_when_cut_off_everything_does(emulator, clock):
    clock.advance(hours=100)
    assert emulator.check("inbound")
    assert emulator.hold("outbound.orders_per_day").decision.allowed
    emulator.connected = False
    clock.advance(seconds=31)
    assert emulator.check("outbound.orders_per_day").reason is Reason.STALE
    assert emulator.check("inbound")
    clock.advance(hours=72)

    assert emulator.check("inbound").reason is Reason.STALE
    emulator.connected = True
    assert emulator.check("inbound")


@pytest.mark.parametrize("form", ["snapshot", "envelope", "short"])
def test_a_snapshot_can_be_emulated_in_every_form(tmp_path, clock, signer, form):
    snapshot = make_snapshot()
    body = {
        "snapshot": snapshot.body(),
        "envelope": signer(snapshot).to_json(),
        "short": {"features": {"inbound": {}}},
    }[form]
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(body))

    emulator = Emulator.from_file(path, clock)

    assert emulator.check("inbound")
    assert emulator.snapshot.tenant == (TENANT if form != "short" else "ten_emulated")


def test_a_wrong_file_is_refused_and_says_where():
    with pytest.raises(SnapshotInvalid, match=r"snapshot\.features\.x\.per"):
        snapshot_from({"features": {"x": {"kind": "metered", "value": 1}}})
    with pytest.raises(SnapshotInvalid, match="overlap"):
        windows = [{"start": NOW}, {"start": NOW}]
        snapshot_from({"features": {"x": {"windows": windows}}})


def test_a_file_may_stop_the_clock():
    emulator = Emulator(snapshot_from({"test_clock_at": NOW, "features": {"x": {}}}))

    assert emulator.now() == NOW
    assert emulator.check("x").allowed


def test_a_double_refuses_what_was_not_allowed(clock):
    fake = FakeEntitlements(clock=clock)
    assert fake.check("inbound").reason is Reason.UNKNOWN_FEATURE
    fake.allow("inbound", "outbound")
    assert fake.check("inbound")
    fake.refuse("inbound", "stocktaking")

    assert fake.check("inbound").reason is Reason.NOT_SUBSCRIBED
    assert fake.check("stocktaking").reason is Reason.NOT_SUBSCRIBED
    assert fake.check("outbound")


def test_a_double_has_features_of_every_kind():
    fake = FakeEntitlements()
    fake.configure("tier", "gold")
    fake.configure("width", 12)
    fake.limit("calls", 1, kind=FeatureKind.RATE)
    fake.limit("seats", 5, kind=FeatureKind.SEATS)

    assert (fake.check("tier").value, fake.check("width").value) == ("gold", 12)
    assert [fake.check("calls").allowed for _ in range(2)] == [True, False]
    assert (fake.check("seats").limit, fake.check("seats").remaining) == (5, None)
    assert fake.wait_for(fake.revision, 0)
