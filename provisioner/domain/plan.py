"""From desired and observed state to the next steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from control_plane.kernel.ids import InstanceId
from provisioner.domain.instances import (
    ALIVE,
    LEDGER,
    DesiredInstance,
    Goal,
    Observation,
    ObservedInstance,
    State,
)


class Action(StrEnum):
    """One idempotent thing that an executor can do to one instance.

    ``DISCARD`` drops the process or container and keeps the data; ``REMOVE`` drops both.
    ``FORGET`` closes the record. ``REPORT_LOST`` and ``REPORT_STRAY`` only tell a person.
    """

    CREATE = "create"
    START = "start"
    AWAIT_READY = "await_ready"
    STOP = "stop"
    DISCARD = "discard"
    EXPORT = "export"
    REMOVE = "remove"
    FORGET = "forget"
    REPORT_LOST = "report_lost"
    REPORT_STRAY = "report_stray"


@dataclass(frozen=True, slots=True)
class Step:
    """One action on one instance."""

    action: Action
    instance_id: InstanceId


_TO_READY: dict[State, tuple[Action, ...]] = {
    State.ABSENT: (Action.CREATE, Action.START, Action.AWAIT_READY),
    State.CREATED: (Action.START, Action.AWAIT_READY),
    State.STARTING: (Action.AWAIT_READY,),
    State.READY: (),
    State.UNHEALTHY: (Action.STOP, Action.START, Action.AWAIT_READY),
    State.STOPPED: (Action.START, Action.AWAIT_READY),
    State.UNKNOWN: (),
}


def plan(desired: Iterable[DesiredInstance], observed: Observation) -> tuple[Step, ...]:
    """Return the steps that bring what was observed towards what is desired.

    Guarantees: nothing is planned for an instance in an unknown state; data are removed only
    under a verified export; an instance of a newer generation than desired is left alone,
    since a newer executor made it; nothing without a record is touched, only reported. The
    ledger comes first, and goes only after every other instance of the tenant has gone.
    """
    wanted = sorted(desired, key=lambda each: (each.module != LEDGER, each.module))
    others = any(each.module != LEDGER for each in wanted)
    steps: list[Step] = []
    for each in wanted:
        if each.module == LEDGER and each.goal is Goal.REMOVED and others:
            continue
        actions = plan_instance(each, observed.of(each.instance_id))
        steps += [Step(action, each.instance_id) for action in actions]
    known = {each.instance_id for each in wanted}
    strays = [instance_id for instance_id in observed.instances if instance_id not in known]
    steps += [Step(Action.REPORT_STRAY, instance_id) for instance_id in sorted(strays)]
    return tuple(steps)


def plan_instance(desired: DesiredInstance, seen: ObservedInstance) -> tuple[Action, ...]:
    """Return the next actions for one instance, as far as they can be known from here."""
    newer = seen.generation is not None and seen.generation > desired.generation
    if seen.state is State.UNKNOWN or newer:
        return ()
    if desired.goal is Goal.RUNNING:
        return _towards_running(desired, seen)
    return _towards_removed(desired, seen)


def _towards_running(desired: DesiredInstance, seen: ObservedInstance) -> tuple[Action, ...]:
    if _is_lost(desired, seen):
        return (Action.REPORT_LOST,)
    if seen.state is State.ABSENT or seen.generation == desired.generation:
        return _TO_READY[seen.state]
    stop = (Action.STOP,) if seen.state in ALIVE else ()
    return (*stop, Action.DISCARD, *_TO_READY[State.ABSENT])


def _towards_removed(desired: DesiredInstance, seen: ObservedInstance) -> tuple[Action, ...]:
    if seen.state is State.ABSENT and not seen.holds_data:
        lost = desired.has_run and not desired.export_verified
        return (Action.REPORT_LOST,) if lost else (Action.FORGET,)
    if desired.export_verified:
        stop = (Action.STOP,) if seen.state in ALIVE else ()
        return (*stop, Action.REMOVE, Action.FORGET)
    if seen.state is State.READY:
        return (Action.EXPORT,)
    return (*_towards_running(desired, seen), Action.EXPORT)


def _is_lost(desired: DesiredInstance, seen: ObservedInstance) -> bool:
    """Tell whether data that must exist are gone; an empty database must not replace them."""
    return desired.has_run and seen.state is State.ABSENT and not seen.holds_data
