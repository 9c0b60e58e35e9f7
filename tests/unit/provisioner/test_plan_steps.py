import pytest

from control_plane.kernel.ids import InstanceId, new_id
from provisioner.domain.instances import (
    DesiredInstance,
    Goal,
    Observation,
    ObservedInstance,
    State,
)
from provisioner.domain.plan import Action, Step, plan

ME = InstanceId(new_id())
OTHER = InstanceId(new_id())


def wanted(**changes) -> DesiredInstance:
    fields = {"module": "outbound", "generation": 2, "goal": Goal.RUNNING, "has_run": True}
    return DesiredInstance(ME, **(fields | changes))


def seen(state: State, generation: int | None = 2, *, holds_data: bool = True) -> Observation:
    return Observation({ME: ObservedInstance(ME, state, generation, holds_data)})


def actions(desired: DesiredInstance, observed: Observation) -> list[str]:
    return [str(step.action) for step in plan([desired], observed)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.CREATED, ["start", "await_ready"]),
        (State.STARTING, ["await_ready"]),
        (State.READY, []),
        (State.UNHEALTHY, ["stop", "start", "await_ready"]),
        (State.STOPPED, ["start", "await_ready"]),
        (State.UNKNOWN, []),
    ],
)
def test_an_instance_is_led_to_ready_from_each_state(state, expected):
    assert actions(wanted(), seen(state)) == expected


def test_a_new_instance_is_created_and_started():
    assert actions(wanted(has_run=False), Observation()) == ["create", "start", "await_ready"]


def test_discarded_process_with_data_is_created_again_over_them():
    observed = seen(State.ABSENT, None)

    assert actions(wanted(), observed) == ["create", "start", "await_ready"]


def test_an_incomplete_observation_never_counts_as_absence():
    assert actions(wanted(has_run=False), Observation(complete=False)) == []
    assert actions(wanted(goal=Goal.REMOVED), Observation(complete=False)) == []


def test_data_that_vanished_are_reported_and_not_replaced_by_an_empty_database():
    assert actions(wanted(), Observation()) == ["report_lost"]
    assert actions(wanted(goal=Goal.REMOVED), Observation()) == ["report_lost"]


def test_an_older_generation_is_replaced_and_keeps_its_data():
    assert actions(wanted(), seen(State.READY, 1)) == [
        "stop", "discard", "create", "start", "await_ready",
    ]  # fmt: skip


def test_a_newer_generation_was_made_by_a_newer_executor_and_is_left_alone():
    assert actions(wanted(), seen(State.READY, 3)) == []
    assert actions(wanted(goal=Goal.REMOVED, export_verified=True), seen(State.READY, 3)) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.CREATED, ["start", "await_ready", "export"]),
        (State.STARTING, ["await_ready", "export"]),
        (State.READY, ["export"]),
        (State.UNHEALTHY, ["stop", "start", "await_ready", "export"]),
        (State.STOPPED, ["start", "await_ready", "export"]),
        (State.UNKNOWN, []),
    ],
)
def test_an_instance_no_longer_wanted_is_exported_before_anything_goes(state, expected):
    assert actions(wanted(goal=Goal.REMOVED), seen(state)) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.ABSENT, ["remove", "forget"]),
        (State.CREATED, ["remove", "forget"]),
        (State.STARTING, ["stop", "remove", "forget"]),
        (State.READY, ["stop", "remove", "forget"]),
        (State.STOPPED, ["remove", "forget"]),
        (State.UNKNOWN, []),
    ],
)
def test_a_verified_export_lets_the_instance_go(state, expected):
    assert actions(wanted(goal=Goal.REMOVED, export_verified=True), seen(state)) == expected


def test_an_instance_that_never_came_to_be_is_forgotten():
    assert actions(wanted(goal=Goal.REMOVED, has_run=False), Observation()) == ["forget"]


def test_the_ledger_starts_first_and_goes_last():
    ledger = DesiredInstance(OTHER, "ledger", 1, Goal.RUNNING)
    outbound = wanted(generation=1, has_run=False)

    first = plan([outbound, ledger], Observation())[0]
    leaving = plan(
        [
            wanted(goal=Goal.REMOVED),
            DesiredInstance(OTHER, "ledger", 2, Goal.REMOVED, has_run=True),
        ],
        Observation(
            {each: ObservedInstance(each, State.READY, 2, holds_data=True) for each in (ME, OTHER)}
        ),
    )

    assert first == Step(Action.CREATE, OTHER)
    assert leaving == (Step(Action.EXPORT, ME),)


def test_what_has_no_record_is_reported_and_not_touched():
    assert plan([], seen(State.READY)) == (Step(Action.REPORT_STRAY, ME),)
