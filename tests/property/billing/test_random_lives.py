"""Whatever happens to a subscription, in whatever order: billed is what the oracle says is owed."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.billing.life_machine import SubscriptionLife

STEPS = 20
RELAXED = {
    "stateful_step_count": STEPS,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


def test_five_thousand_steps_of_random_lives_are_billed_as_the_oracle_says():
    """A failure is printed as it was found; the nightly run takes the time to make it small."""
    run_state_machine_as_test(
        SubscriptionLife,
        settings=settings(
            max_examples=5_000 // STEPS, phases=set(Phase) - {Phase.shrink}, **RELAXED
        ),
    )


@pytest.mark.nightly
def test_two_hundred_thousand_steps_of_random_lives_are_billed_as_the_oracle_says():
    run_state_machine_as_test(
        SubscriptionLife, settings=settings(max_examples=200_000 // STEPS, **RELAXED)
    )
