"""Which instances a tenant's entitlements ask for."""

from collections.abc import Iterable
from dataclasses import dataclass

from control_plane.kernel.ids import InstanceId
from provisioner.domain.instances import LEDGER, Goal


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """What the control plane's table says of one instance that is not removed yet."""

    instance_id: InstanceId
    module: str
    goal: Goal


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """How the records have to change: modules to add, instances to turn round."""

    add: tuple[str, ...] = ()
    retire: tuple[InstanceId, ...] = ()
    revive: tuple[InstanceId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.retire or self.revive)


def wanted_modules(entitled: Iterable[str]) -> frozenset[str]:
    """Return the modules to run: those bought, and the ledger under them."""
    bought = frozenset(entitled)
    return bought | {LEDGER} if bought else bought


def record_changes(entitled: Iterable[str], records: Iterable[InstanceRecord]) -> RecordChanges:
    """Compare what is bought with what is recorded.

    A module bought again before its instance has gone gets that instance, and its data, back.
    Applying the answer and asking again changes nothing.
    """
    wanted = wanted_modules(entitled)
    present = tuple(records)
    return RecordChanges(
        add=tuple(sorted(wanted - {each.module for each in present})),
        retire=tuple(
            each.instance_id
            for each in present
            if each.goal is Goal.RUNNING and each.module not in wanted
        ),
        revive=tuple(
            each.instance_id
            for each in present
            if each.goal is Goal.REMOVED and each.module in wanted
        ),
    )
