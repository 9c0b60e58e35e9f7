"""A runtime that only remembers: the twin of the real ones for fast tests."""

from dataclasses import dataclass, field, replace

from control_plane.kernel.ids import InstanceId, TenantId
from provisioner.domain.instances import ALIVE, Observation, ObservedInstance, State
from provisioner.errors import PortTaken, RuntimeUnavailable, StartFailed
from provisioner.ports import InstanceRef, InstanceSpec


@dataclass(slots=True)
class MemoryRuntime:
    """Keeps instances in a dictionary.

    ``available=False`` makes every call fail; ``starts_as`` is the state an instance has after
    its start; ``taken_ports`` belong to other programs; ``calls`` lists what
    was done to what exists, in order.
    """

    name: str = "memory"
    isolates: bool = True
    available: bool = True
    starts_as: State = State.READY
    specs: dict[InstanceId, InstanceSpec] = field(default_factory=dict)
    seen: dict[InstanceId, tuple[TenantId, ObservedInstance]] = field(default_factory=dict)
    taken_ports: set[int] = field(default_factory=set)
    calls: list[tuple[str, InstanceId]] = field(default_factory=list)

    async def observe(self, tenant_id: TenantId) -> Observation:
        """Return what is remembered of the tenant."""
        self._check()
        mine = {key: each for key, (owner, each) in self.seen.items() if owner == tenant_id}
        return Observation(mine)

    async def create(self, spec: InstanceSpec) -> None:
        """Remember a created instance."""
        self._note("create", spec.ref)
        key = spec.ref.instance_id
        known = self.seen.get(key)
        if known and known[1].state is not State.ABSENT:
            if known[1].generation == spec.generation:
                return
            raise StartFailed(instance=spec.ref.instance_text, reason="another generation exists")
        self.specs[key] = spec
        made = ObservedInstance(key, State.CREATED, spec.generation, holds_data=True)
        self.seen[key] = (spec.ref.tenant_id, made)

    async def start(self, ref: InstanceRef) -> None:
        """Put a created or stopped instance into ``starts_as``."""
        self._note("start", ref)
        known = self.seen.get(ref.instance_id)
        if known is None or known[1].state is State.ABSENT:
            raise StartFailed(instance=ref.instance_text, reason="it was not created")
        port = self.specs[ref.instance_id].port
        if port in self.taken_ports:
            raise PortTaken(instance=ref.instance_text, port=port)
        if known[1].state not in ALIVE:
            self._set(ref, self.starts_as)

    async def stop(self, ref: InstanceRef) -> None:
        """Put a running instance into stopped."""
        self._note("stop", ref)
        known = self.seen.get(ref.instance_id)
        if known is not None and known[1].state in ALIVE:
            self._set(ref, State.STOPPED)

    async def discard(self, ref: InstanceRef) -> None:
        """Forget the instance but not its data."""
        self._note("discard", ref)
        if ref.instance_id in self.seen:
            gone = ObservedInstance(ref.instance_id, State.ABSENT, holds_data=True)
            self.seen[ref.instance_id] = (ref.tenant_id, gone)

    async def remove(self, ref: InstanceRef) -> None:
        """Forget the instance and its data."""
        self._note("remove", ref)
        self.seen.pop(ref.instance_id, None)

    async def logs(self, ref: InstanceRef, *, lines: int = 200) -> str:
        """Return what was done to the instance, a line each."""
        self._check()
        mine = [action for action, key in self.calls if key == ref.instance_id]
        return "".join(f"{action}\n" for action in mine[-lines:])

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _set(self, ref: InstanceRef, state: State) -> None:
        owner, known = self.seen[ref.instance_id]
        self.seen[ref.instance_id] = (owner, replace(known, state=state))

    def _note(self, action: str, ref: InstanceRef) -> None:
        self._check()
        if action in {"create", "start"} or ref.instance_id in self.seen:
            self.calls.append((action, ref.instance_id))

    def _check(self) -> None:
        if not self.available:
            raise RuntimeUnavailable(runtime=self.name, reason="switched off")
