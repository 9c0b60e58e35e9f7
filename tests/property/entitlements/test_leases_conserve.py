"""Leases: what is granted is spent, held, free or lost, and never spent twice."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from control_plane.sdk.lease_book import LeaseBook
from tests.property.entitlements.lease_machine import LeaseMachine, wander
from tests.support.lease_world import Overshoot


class Hasty(LeaseBook):
    """Counts a lease's life from when its answer arrives."""

    def _expiry(self, sent_at, expires_in):
        del sent_at
        return self._clock() + expires_in


class Generous(LeaseBook):
    """Goes on beyond the end: takes the server's margin for its own."""

    def _expiry(self, sent_at, expires_in):
        return super()._expiry(sent_at, expires_in) + 10


def test_granted_is_spent_held_free_or_lost_after_every_step():
    run_state_machine_as_test(LeaseMachine, settings=settings(stateful_step_count=40))


def test_hundreds_of_lives_overshoot_nothing_and_leave_nothing_lost():
    for seed in range(300):
        wander(LeaseMachine, seed, 200).teardown()


@pytest.mark.nightly
def test_granted_is_spent_held_free_or_lost_in_long_lives():
    for seed in range(20_000):
        wander(LeaseMachine, seed, 400).teardown()
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    long = settings(max_examples=3000, stateful_step_count=200, suppress_health_check=quiet)
    run_state_machine_as_test(LeaseMachine, settings=long)


@pytest.mark.parametrize(
    ("book", "broken"),
    [
        (LeaseBook, {"checks_fence": False}),
        (LeaseBook, {"margin": 0}),
        (LeaseBook, {"lost_is_free": True}),
        (LeaseBook, {"waits": False}),
        (Hasty, {}),
        (Generous, {}),
    ],
    ids=[
        "no fence",
        "no margin",
        "lost is free",
        "recovers too early",
        "counts from the answer",
        "goes on too long",
    ],
)
def test_one_rule_broken_is_found_out(book, broken):
    kind = type("Broken", (LeaseMachine,), {"book_class": book, "switches": broken})

    with pytest.raises(Overshoot):
        for seed in range(3000):
            wander(kind, seed, 150)
