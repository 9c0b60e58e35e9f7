"""What should run and what was seen running."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from control_plane.kernel.ids import InstanceId

LEDGER = "ledger"
"""The module every tenant has while it has any: the one authority on quantities."""


class Goal(StrEnum):
    """Where an instance is meant to end up."""

    RUNNING = "running"
    REMOVED = "removed"


class State(StrEnum):
    """What a runtime saw of one instance.

    ``UNKNOWN`` says that the runtime could not tell. It is never treated as ``ABSENT``.
    """

    ABSENT = "absent"
    CREATED = "created"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


ALIVE = frozenset({State.STARTING, State.READY, State.UNHEALTHY})
"""States in which something of the instance is executing."""


@dataclass(frozen=True, slots=True)
class DesiredInstance:
    """One instance as the control plane's records want it.

    ``has_run``: it was seen ready once, so its data must be somewhere.
    ``export_verified``: an export taken since it last was wanted has been restored and checked.
    """

    instance_id: InstanceId
    module: str
    generation: int
    goal: Goal
    has_run: bool = False
    export_verified: bool = False


@dataclass(frozen=True, slots=True)
class ObservedInstance:
    """One instance as a runtime saw it.

    ``generation`` is that of the process or container, None where there is none.
    ``holds_data``: the instance's data folder or volume exists.
    """

    instance_id: InstanceId
    state: State
    generation: int | None = None
    holds_data: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a runtime saw of one tenant.

    Only a complete observation lets a missing instance count as absent.
    """

    instances: Mapping[InstanceId, ObservedInstance] = field(default_factory=dict)
    complete: bool = True

    def of(self, instance_id: InstanceId) -> ObservedInstance:
        """Return what was seen of one instance: absent only if everything was seen."""
        seen = self.instances.get(instance_id)
        if seen is not None:
            return seen
        state = State.ABSENT if self.complete else State.UNKNOWN
        return ObservedInstance(instance_id, state)
