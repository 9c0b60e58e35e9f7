"""Whatever happens to a subscription, in whatever order: billed is what the oracle says is owed."""

from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from control_plane.subscriptions.domain import Action, Start
from tests.property.billing.life_machine import TAKEN, SubscriptionLife

STEPS = 20
OFTEN = 5
RELAXED = {
    "stateful_step_count": STEPS,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


def test_five_thousand_steps_of_random_lives_are_billed_as_the_oracle_says():
    """A failure is printed as it was found; the nightly run takes the time to make it small."""
    TAKEN.clear()
    run_state_machine_as_test(
        SubscriptionLife,
        settings=settings(
            max_examples=5_000 // STEPS, phases=set(Phase) - {Phase.shrink}, **RELAXED
        ),
    )

    # What is refused proves nothing: every kind of change was made, time and again.
    assert {kind.__name__ for kind in get_args(Action) if TAKEN[kind] < OFTEN} == {Start.__name__}


@pytest.mark.nightly
def test_two_hundred_thousand_steps_of_random_lives_are_billed_as_the_oracle_says():
    run_state_machine_as_test(
        SubscriptionLife, settings=settings(max_examples=200_000 // STEPS, **RELAXED)
    )
