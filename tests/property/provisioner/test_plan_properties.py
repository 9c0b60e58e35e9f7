"""The reconciler from any state, with a crash after any step."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.ids import InstanceId, new_id
from provisioner.domain.instances import (
    ALIVE,
    LEDGER,
    DesiredInstance,
    Goal,
    Observation,
    ObservedInstance,
    State,
)
from provisioner.domain.plan import Action, Step, plan

MODULES = (LEDGER, "inbound", "outbound", "stock_query")
IDS = {module: InstanceId(new_id()) for module in MODULES}
DESTRUCTIVE = {Action.STOP, Action.DISCARD, Action.REMOVE, Action.FORGET}

World = dict[InstanceId, ObservedInstance]


@st.composite
def desired_instances(draw) -> tuple[DesiredInstance, ...]:
    modules = draw(st.sets(st.sampled_from(MODULES), min_size=1))
    goals = {module: draw(st.sampled_from(Goal)) for module in modules}
    if Goal.RUNNING in goals.values() and LEDGER in goals:
        goals[LEDGER] = Goal.RUNNING  # what record_changes always asks for
    return tuple(
        DesiredInstance(
            IDS[module],
            module,
            generation=draw(st.integers(1, 3)),
            goal=goals[module],
            has_run=draw(st.booleans()),
            export_verified=goals[module] is Goal.REMOVED and draw(st.booleans()),
        )
        for module in sorted(modules)
    )


@st.composite
def worlds(draw) -> World:
    world: World = {}
    for module in draw(st.sets(st.sampled_from(MODULES))):
        state = draw(st.sampled_from(State))
        gone = state in {State.ABSENT, State.UNKNOWN}
        world[IDS[module]] = ObservedInstance(
            IDS[module],
            state,
            generation=None if gone else draw(st.integers(1, 3)),
            holds_data=not gone or draw(st.booleans()),
        )
    return world


def execute(step: Step, world: World, desired: dict[InstanceId, DesiredInstance]) -> None:
    """Do one step as a runtime and the records would."""
    key = step.instance_id
    seen = world.get(key, ObservedInstance(key, State.ABSENT))
    record = desired.get(key)
    match step.action:
        case Action.CREATE:
            world[key] = ObservedInstance(key, State.CREATED, record.generation, holds_data=True)
        case Action.START:
            world[key] = replace(seen, state=State.STARTING)
        case Action.AWAIT_READY:
            world[key] = replace(seen, state=State.READY)
            desired[key] = replace(record, has_run=True)
        case Action.STOP:
            world[key] = replace(seen, state=State.STOPPED)
        case Action.DISCARD:
            world[key] = ObservedInstance(key, State.ABSENT, holds_data=True)
        case Action.EXPORT:
            assert seen.state is State.READY
            desired[key] = replace(record, export_verified=True)
        case Action.REMOVE:
            assert record.export_verified, "removed without a verified export"
            assert seen.state not in ALIVE, "removed while running"
            world.pop(key, None)
        case Action.FORGET:
            assert not seen.holds_data, "forgotten with its data still there"
            del desired[key]
        case Action.REPORT_LOST | Action.REPORT_STRAY:
            pass


def reports_only(steps: tuple[Step, ...]) -> bool:
    return all(step.action in {Action.REPORT_LOST, Action.REPORT_STRAY} for step in steps)


@given(desired_instances(), worlds(), st.lists(st.integers(0, 6), max_size=6))
def test_it_converges_from_any_state_though_each_pass_may_break_off(wanted, world, crashes):
    desired = {each.instance_id: each for each in wanted}
    cuts = iter(crashes)
    for _ in range(len(crashes) + 10):
        steps = plan(desired.values(), Observation(world))
        if reports_only(steps):
            break
        for step in steps[: next(cuts, None)]:
            execute(step, world, desired)

    assert reports_only(plan(desired.values(), Observation(world)))
    for each in desired.values():
        seen = world.get(each.instance_id, ObservedInstance(each.instance_id, State.ABSENT))
        settled = seen.state is State.READY and seen.generation == each.generation
        newer = seen.generation is not None and seen.generation > each.generation
        lost = each.has_run and seen.state is State.ABSENT and not seen.holds_data
        if each.goal is Goal.RUNNING:
            assert settled or newer or lost or seen.state is State.UNKNOWN
        else:
            waits_for_others = each.module == LEDGER and len(desired) > 1
            assert newer or lost or seen.state is State.UNKNOWN or waits_for_others


@given(desired_instances(), worlds())
def test_the_same_view_always_gives_the_same_plan_and_plans_name_known_instances(wanted, world):
    steps = plan(wanted, Observation(world))

    assert steps == plan(reversed(wanted), Observation(dict(reversed(world.items()))))
    known = {each.instance_id for each in wanted}
    assert all(s.instance_id in known or s.action is Action.REPORT_STRAY for s in steps)


@given(desired_instances(), worlds())
def test_nothing_is_done_to_what_is_unknown(wanted, world):
    steps = plan(wanted, Observation(world, complete=False))

    unknown = {
        each.instance_id
        for each in wanted
        if each.instance_id not in world or world[each.instance_id].state is State.UNKNOWN
    }
    assert not [step for step in steps if step.instance_id in unknown]


@given(desired_instances(), worlds())
def test_nothing_is_removed_without_a_verified_export(wanted, world):
    verified = {each.instance_id for each in wanted if each.export_verified}

    removed = {s.instance_id for s in plan(wanted, Observation(world)) if s.action is Action.REMOVE}

    assert removed <= verified


@given(desired_instances(), worlds())
def test_what_runs_as_wanted_is_never_disturbed(wanted, world):
    for each in wanted:
        if each.goal is Goal.RUNNING:
            world[each.instance_id] = ObservedInstance(
                each.instance_id, State.READY, each.generation, holds_data=True
            )

    steps = plan(wanted, Observation(world))

    undisturbed = {each.instance_id for each in wanted if each.goal is Goal.RUNNING}
    assert not [s for s in steps if s.instance_id in undisturbed and s.action in DESTRUCTIVE]
