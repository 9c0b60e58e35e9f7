from datetime import timedelta

import pytest

from control_plane.sdk.commands import CommandGate, CommandRefused
from control_plane.sdk.envelope import SignatureInvalid, generate_key_pair, sign
from control_plane.sdk.snapshot import Action, SnapshotInvalid, new_command
from tests.unit.sdk.conftest import INSTANCE, NOW, OTHER_TENANT, TENANT


@pytest.fixture
def gate(signer, clock):
    return CommandGate(tenant=TENANT, instance=INSTANCE, keys=signer.keys, clock=clock)


def order(**changes):
    return new_command(
        **({"tenant": TENANT, "instance": INSTANCE, "action": "sync", "at": NOW} | changes)
    )


def test_a_command_is_let_in_once(gate, signer):
    envelope = signer(order())

    assert gate.accept(envelope, Action.SYNC).instance == INSTANCE
    with pytest.raises(CommandRefused, match="used before"):
        gate.accept(envelope, Action.SYNC)


def test_two_orders_of_the_same_moment_are_two_orders(gate, signer):
    gate.accept(signer(order()), "sync")

    assert gate.accept(signer(order()), "sync")


@pytest.mark.parametrize("seconds", [-60.5, 60.5])
def test_a_command_is_good_for_a_minute_either_way(gate, signer, clock, seconds):
    envelope = signer(order(at=NOW - timedelta(seconds=seconds)))

    with pytest.raises(CommandRefused, match="not of this minute"):
        gate.accept(envelope, "sync")


def test_a_used_command_is_remembered_as_long_as_it_would_be_let_in(gate, signer, clock):
    envelope = signer(order(at=NOW + timedelta(seconds=60)))
    gate.accept(envelope, "sync")
    clock.advance(seconds=120)
    gate.accept(signer(order(at=clock.now())), "sync")

    with pytest.raises(CommandRefused, match="used before"):
        gate.accept(envelope, "sync")


def test_a_command_orders_only_what_it_says(gate, signer):
    with pytest.raises(CommandRefused, match="something else"):
        gate.accept(signer(order()), "export")


def test_a_command_for_a_neighbour_is_refused(gate, signer):
    with pytest.raises(CommandRefused, match="another instance"):
        gate.accept(signer(order(instance="ins_01h455vb4pex5vsknk084sn02r")), "sync")
    with pytest.raises(SnapshotInvalid):
        gate.accept(signer(order(tenant=OTHER_TENANT)), "sync")


def test_an_order_that_the_control_plane_did_not_sign_is_refused(gate, signer):
    stranger, _ = generate_key_pair()

    with pytest.raises(SignatureInvalid):
        gate.accept(sign(order().to_bytes(), stranger, signer.key_id), "sync")
