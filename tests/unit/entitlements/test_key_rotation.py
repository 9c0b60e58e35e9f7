"""A key is announced, then signs, then goes; services follow the chain and nothing else."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.entitlements.errors import KeysNotInStep, KeyTooNew, SigningKeyInvalid
from control_plane.entitlements.key_file import KeyFile, read_key_file, replace_key_file
from control_plane.entitlements.services.rotate_keys import OVERLAP, KeyUse, RotateKeys
from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.envelope import (
    Envelope,
    SignatureInvalid,
    generate_key_pair,
    key_id_of,
    load_public_keys,
    sign,
    verify,
)
from control_plane.sdk.keyring import KeyRing, Ring
from control_plane.sdk.reading import SnapshotInvalid

NOW = datetime(2026, 1, 10, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signing_key.pem"


@pytest.fixture
def rotation(path, clock):
    return RotateKeys(path, clock)


@pytest.fixture
def signer(path):
    return Signer.load(path)


def uses(held):
    return [key.use for key in held]


def test_each_step_tells_services_before_it_asks_anything_of_them(rotation, signer, clock):
    ring = KeyRing(load_public_keys(signer.public_keys_text()))
    first = signer.key_id

    assert uses(rotation.announce()) == [KeyUse.SIGNING, KeyUse.ANNOUNCED]
    assert signer.key_id == first, "nothing is signed with a key that is only announced"
    assert ring.follow(signer.rings) == []
    clock.advance(hours=1)
    assert uses(rotation.rotate()) == [KeyUse.SIGNING, KeyUse.LEAVING]
    second = signer.key_id
    assert second != first, "a running process signs with the new key without a restart"
    assert verify(signer.sign(b"payload"), ring) == b"payload"
    assert ring.follow(signer.rings[ring.serial :]) == []
    clock.advance(hours=1)
    assert uses(rotation.retire()) == [KeyUse.SIGNING]
    assert ring.follow(signer.rings[ring.serial :]) == []

    assert list(ring) == [second]
    assert [key.key_id for key in rotation.held()] == [second]


def test_a_step_waits_for_the_one_before_to_be_known_everywhere(rotation, clock):
    rotation.announce()
    clock.advance(minutes=59)
    with pytest.raises(KeyTooNew, match="rotate"):
        rotation.rotate()

    assert uses(rotation.rotate(overlap=timedelta(minutes=10)))[1] is KeyUse.LEAVING
    with pytest.raises(KeyTooNew, match="retire"):
        rotation.retire()


def test_steps_come_in_their_order(rotation, clock):
    for step in (rotation.rotate, rotation.retire):
        with pytest.raises(KeysNotInStep):
            step()
    rotation.announce()
    clock.advance(days=1)
    for step in (rotation.announce, rotation.retire):
        with pytest.raises(KeysNotInStep):
            step()
    rotation.rotate()
    clock.advance(days=1)
    for step in (rotation.announce, rotation.rotate):
        with pytest.raises(KeysNotInStep):
            step()


def test_what_a_retired_key_signed_is_signed_again_and_nothing_else_is(rotation, signer, clock):
    old, strange = signer.sign(b"kept"), Signer.load(rotation.path.with_name("other.pem"))
    forged = Envelope(b"changed", old.signature, old.key_id)
    for step in (rotation.announce, rotation.rotate, rotation.retire):
        step()
        clock.advance(hours=1)

    keys = load_public_keys(signer.public_keys_text())
    assert verify(signer.renewed(old), keys) == b"kept"
    for other in (strange.sign(b"kept"), forged):
        assert signer.renewed(other) == other
        with pytest.raises(SignatureInvalid):
            verify(signer.renewed(other), keys)


@pytest.fixture
def chain(rotation, signer, clock):
    """The rings of one whole rotation, and the ring that a service was given before it."""
    given = load_public_keys(signer.public_keys_text())
    for step in (rotation.announce, rotation.rotate, rotation.retire):
        step()
        clock.advance(hours=1)
    return signer.rings, given


def test_forged_rings_are_refused(chain, signer):
    rings, given = chain
    private, public = generate_key_pair()
    theirs = Ring(9, NOW, {key_id_of(public): public})
    by_a_stranger = sign(theirs.to_bytes(), private, key_id_of(public))
    under_our_name = Envelope(by_a_stranger.payload, by_a_stranger.signature, next(iter(given)))
    changed = Envelope(
        rings[0].payload.replace(b'"serial":1', b'"serial":7'), rings[0].signature, rings[0].key_id
    )
    truncated = Envelope(rings[0].payload[:-9], rings[0].signature, rings[0].key_id)
    ring = KeyRing(given)

    for forged in (by_a_stranger, under_our_name, changed, truncated):
        with pytest.raises(SignatureInvalid):
            ring.apply(forged)
    assert (dict(ring), ring.serial, ring.applied) == (given, 0, ())


def test_a_ring_that_a_trusted_key_signed_is_still_looked_through(signer):
    ring = KeyRing(load_public_keys(signer.public_keys_text()))
    public = generate_key_pair()[1]
    bodies = (
        Ring(1, NOW, {}).to_bytes(),
        Ring(1, NOW, {"0123456789abcdef": public}).to_bytes(),
        Ring(1, NOW, {key_id_of(public): public}).to_bytes().replace(b"keys", b"heartbeat", 1),
        b'{"kind":"keys","format":1}',
    )

    for body in bodies:
        with pytest.raises(TallyardError):
            ring.apply(signer.sign(body))
    with pytest.raises(SnapshotInvalid):
        ring.apply(signer.sign(bodies[1]))
    assert ring.serial == 0


def test_a_replayed_ring_brings_no_retired_key_back(chain):
    rings, given = chain
    ring = KeyRing(given)
    assert ring.follow(rings) == []
    newest = dict(ring)

    refused = ring.follow(rings[:2])

    assert dict(ring) == newest
    assert not set(given) & set(newest)
    assert all(isinstance(error, SignatureInvalid) for error in refused)


def test_a_chain_is_followed_from_wherever_one_stands(chain):
    rings, given = chain
    late = KeyRing(KeyRing(given))
    assert late.follow(rings) == []
    from_the_end = KeyRing(dict(late))

    from_the_end.follow(rings)

    assert dict(from_the_end) == dict(late)
    assert from_the_end.serial == late.serial == 3


def test_a_file_that_cannot_be_used_leaves_the_keys_as_they_were(path, signer, rotation):
    before = signer.key_id
    path.write_text("nothing")
    assert signer.key_id == before
    path.unlink()
    assert signer.sign(b"payload").key_id == before
    with pytest.raises(SigningKeyInvalid):
        path.write_text("-----BEGIN TALLYARD KEY RING-----\nx\n-----END TALLYARD KEY RING-----\n")
        path.chmod(0o600)
        read_key_file(path)


def test_the_file_stays_its_owners_own(path, rotation):
    rotation.announce()

    assert path.stat().st_mode & 0o777 == 0o600
    assert {p.name for p in path.parent.iterdir()} == {path.name, f".{path.name}.lock"}
    assert os.access(path, os.R_OK)


def test_a_file_says_again_what_was_written(path):
    file = KeyFile((generate_key_pair()[0], generate_key_pair()[0])).told(NOW).told(NOW + OVERLAP)
    replace_key_file(path, file)

    again = read_key_file(path)

    assert (again.rings, again.to_text()) == (file.rings, file.to_text())
    assert again.last_ring is not None
    assert again.last_ring.serial == 2
