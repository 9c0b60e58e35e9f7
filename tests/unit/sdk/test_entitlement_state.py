from dataclasses import replace
from datetime import timedelta

import pytest

from control_plane.sdk.client import EntitlementState, SnapshotOutdated
from control_plane.sdk.decide import Reason
from control_plane.sdk.envelope import SignatureInvalid, generate_key_pair, sign
from control_plane.sdk.snapshot import SnapshotInvalid
from tests.unit.sdk.conftest import (
    API_SECRET,
    DAY,
    NOW,
    OTHER_TENANT,
    SERVICE_TOKEN,
    heartbeat,
    make_snapshot,
)


@pytest.fixture
def held(state, signer):
    state.apply_snapshot(signer(make_snapshot()))
    return state


def test_before_the_first_snapshot_everything_is_refused(state, clock):
    assert state.check("inbound").reason is Reason.NO_SNAPSHOT
    assert (state.snapshot, state.revision, state.usable) == (None, 0, False)
    assert state.age_seconds() == float("inf")
    assert state.identify(API_SECRET) is None
    assert state.authenticate_service(SERVICE_TOKEN, "ledger:post") is None
    assert state.now() == clock.now()


def test_a_snapshot_is_taken_and_answered_from(held):
    assert held.revision == 12
    assert held.snapshot == make_snapshot()
    assert held.check("inbound").allowed
    assert held.check("stocktaking").reason is Reason.NOT_SUBSCRIBED
    assert held.check("unheard_of").reason is Reason.UNKNOWN_FEATURE


def test_a_forged_snapshot_changes_nothing(held, signer):
    stranger, _ = generate_key_pair()
    forged = sign(make_snapshot(revision=13).to_bytes(), stranger, signer.key_id)

    with pytest.raises(SignatureInvalid):
        held.apply_snapshot(forged)
    with pytest.raises(SignatureInvalid):
        held.apply_heartbeat(forged)

    assert held.revision == 12


def test_a_changed_or_cut_snapshot_changes_nothing(held, signer):
    good = signer(make_snapshot(revision=13))

    for payload in (good.payload.replace(b'"150"', b'"151"'), good.payload[:-1], b""):
        with pytest.raises(SignatureInvalid):
            held.apply_snapshot(replace(good, payload=payload))

    assert held.revision == 12


def test_a_snapshot_of_another_tenant_changes_nothing(held, signer):
    with pytest.raises(SnapshotInvalid):
        held.apply_snapshot(signer(make_snapshot(revision=13, tenant=OTHER_TENANT)))
    with pytest.raises(SnapshotInvalid):
        held.apply_heartbeat(signer(heartbeat(NOW + DAY, tenant=OTHER_TENANT)))

    assert held.revision == 12


def test_an_old_snapshot_never_replaces_a_newer_one(held, signer):
    with pytest.raises(SnapshotOutdated):
        held.apply_snapshot(signer(make_snapshot(revision=11, features={})))

    assert held.check("inbound").allowed


def test_a_newer_revision_takes_effect_at_the_next_check(held, signer):
    assert held.check("inbound").allowed

    assert held.apply_snapshot(signer(make_snapshot(revision=13, features={}))) is True

    assert held.check("inbound").reason is Reason.UNKNOWN_FEATURE
    assert held.check("inbound").revision == 13


def test_the_same_revision_signed_anew_only_makes_it_younger(held, signer, clock):
    clock.advance(seconds=20)

    assert held.apply_snapshot(signer(make_snapshot(issued_at=clock.now()))) is False

    assert held.age_seconds() == 0


def test_strict_features_are_refused_30_seconds_after_the_last_heartbeat(held, signer, clock):
    clock.advance(seconds=29)
    assert held.check("reservations").allowed
    clock.advance(seconds=1.5)
    assert held.check("reservations").reason is Reason.STALE
    assert held.check("inbound").allowed

    assert held.apply_heartbeat(signer(heartbeat(clock.now()))) is True

    assert held.check("reservations").allowed


def test_plan_access_lasts_72_hours_without_the_control_plane(held, clock):
    clock.advance(hours=72)
    assert held.check("inbound").allowed
    assert held.identify(API_SECRET) is None  # expired after a day, on its own account
    clock.advance(seconds=1)

    assert held.check("inbound").reason is Reason.STALE
    assert not held.usable
    assert held.authenticate_service(SERVICE_TOKEN, "ledger:post") is None


def test_a_heartbeat_played_again_does_not_make_a_snapshot_younger(held, signer, clock):
    beat = signer(heartbeat(NOW))
    clock.advance(seconds=31)

    assert held.apply_heartbeat(beat) is True

    assert held.age_seconds() == 31
    assert held.check("reservations").reason is Reason.STALE


def test_an_older_heartbeat_that_comes_late_does_not_make_a_snapshot_older(held, signer, clock):
    late = signer(heartbeat(NOW + timedelta(seconds=10)))
    clock.advance(seconds=20)
    held.apply_heartbeat(signer(heartbeat(clock.now())))

    held.apply_heartbeat(late)

    assert held.age_seconds() == 0


def test_an_answer_kept_ready_does_not_outlive_the_age_it_tolerates(held, clock):
    clock.advance(seconds=29.75)
    assert held.check("reservations").allowed
    clock.advance(seconds=0.5)

    assert held.check("reservations").reason is Reason.STALE


@pytest.mark.parametrize("revision", [11, 13])
def test_a_heartbeat_of_another_revision_does_not_count(held, signer, clock, revision):
    clock.advance(seconds=31)

    assert held.apply_heartbeat(signer(heartbeat(clock.now(), revision))) is False

    assert held.age_seconds() == 31


def test_a_heartbeat_before_any_snapshot_does_not_count(state, signer):
    assert state.apply_heartbeat(signer(heartbeat(NOW))) is False


def test_an_envelope_that_was_delayed_is_as_old_as_its_signature(state, signer, clock):
    clock.advance(hours=1)
    state.apply_snapshot(signer(make_snapshot()))

    assert state.age_seconds() == 3600


def test_setting_the_machine_clock_back_makes_nothing_younger(held, signer, clock):
    old_beat = signer(heartbeat(NOW + timedelta(seconds=5)))
    clock.advance(hours=1)
    clock.set(NOW)

    assert held.age_seconds() == 3600
    held.apply_heartbeat(old_beat)

    assert held.age_seconds() == pytest.approx(3595)


def test_a_signer_whose_clock_is_ahead_gives_age_zero_not_less(state, signer):
    state.apply_snapshot(signer(make_snapshot(issued_at=NOW + timedelta(minutes=5))))

    assert state.age_seconds() == 0


def test_a_window_ends_on_time_although_answers_are_kept_ready(held, clock):
    clock.advance(hours=23, minutes=59, seconds=59.5)
    assert held.check("outbound").allowed
    clock.advance(seconds=0.4)
    assert held.check("outbound").allowed
    clock.advance(seconds=0.1)

    assert held.check("outbound").reason is Reason.EXPIRED


def test_on_a_test_clock_windows_follow_the_snapshot_and_age_follows_real_time(
    state, signer, clock
):
    state.apply_snapshot(signer(make_snapshot(test_clock_at=NOW + 200 * DAY)))

    assert state.now() == NOW + 200 * DAY
    assert state.check("outbound").reason is Reason.EXPIRED
    assert state.check("inbound").allowed
    clock.advance(seconds=31)
    assert state.now() == NOW + 200 * DAY
    assert state.check("reservations").reason is Reason.STALE


def test_moving_the_test_clock_comes_with_a_revision(state, signer):
    state.apply_snapshot(signer(make_snapshot(test_clock_at=NOW)))
    assert state.check("outbound").allowed

    state.apply_snapshot(signer(make_snapshot(revision=13, test_clock_at=NOW + 2 * DAY)))

    assert state.check("outbound").reason is Reason.EXPIRED


def test_an_api_key_is_known_by_its_secret_and_held_to_its_scopes(held):
    assert held.identify(API_SECRET).id == "key_01h455vb4pex5vsknk084sn02q"
    assert held.authenticate(API_SECRET, "inventory:read") == held.identify(API_SECRET)
    assert held.authenticate(API_SECRET, "ledger:post") is None
    assert held.authenticate("tyk_wrong", "inventory:read") is None
    assert held.identify("") is None


def test_an_api_key_ends_at_its_expiry(held, clock):
    clock.advance(hours=24)

    assert held.authenticate(API_SECRET, "inventory:read") is None


def test_a_revoked_key_is_gone_with_the_next_snapshot(held, signer):
    held.apply_snapshot(signer(make_snapshot(revision=13, keys=())))

    assert held.identify(API_SECRET) is None


def test_a_service_is_known_by_its_token_and_held_to_its_scopes(held):
    assert held.authenticate_service(SERVICE_TOKEN, "ledger:post").module == "outbound"
    assert held.authenticate_service(SERVICE_TOKEN, "ledger:read") is None
    assert held.authenticate_service("tys_wrong", "ledger:post") is None
    assert held.identify(SERVICE_TOKEN) is None


def test_a_restart_goes_on_with_what_was_kept(held, signer, clock):
    held.apply_heartbeat(signer(heartbeat(NOW + timedelta(seconds=10))))
    snapshot, beat = held.envelopes
    clock.advance(seconds=60)

    restarted = EntitlementState(tenant=make_snapshot().tenant, keys=signer.keys, clock=clock)
    restarted.apply_snapshot(snapshot)
    restarted.apply_heartbeat(beat)

    assert restarted.revision == 12
    assert restarted.age_seconds() == 50
