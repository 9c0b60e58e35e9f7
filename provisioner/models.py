"""The row of an instance."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlmodel import Field, SQLModel

from control_plane.kernel.ids import InstanceId, TenantId
from provisioner.domain.instances import DesiredInstance, Goal, State
from provisioner.domain.wanted import InstanceRecord
from provisioner.ports import InstanceRef

REMOVED = "removed"
"""The last state of a record; the states before it are those a runtime sees."""

_INSTANT = DateTime(timezone=True)


class InstanceRow(SQLModel, table=True):
    """One instance of one module for one tenant. Kept for ever; ``removed_at`` closes it."""

    __tablename__ = "instances"

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    module: str = Field(sa_type=Text)
    runtime: str = Field(sa_type=Text)
    desired: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    generation: int
    port: int
    base_url: str = Field(sa_type=Text)
    last_error: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=_INSTANT)
    ready_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    exported_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    export_file: str | None = Field(default=None, sa_type=Text)
    export_sha256: str | None = Field(default=None, sa_type=Text)
    removed_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    export_purged_at: datetime | None = Field(default=None, sa_type=_INSTANT)

    @property
    def ref(self) -> InstanceRef:
        """The instance as runtimes name it."""
        return InstanceRef(TenantId(self.tenant_id), InstanceId(self.id))

    @property
    def goal(self) -> Goal:
        """Where the instance is meant to end up."""
        return Goal(self.desired)

    def is_news(self, state: State) -> bool:
        """Tell whether seeing this state says more than the record does."""
        if self.state != state:
            return True
        return state is State.READY and (self.ready_at is None or self.clears_error(state))

    def clears_error(self, state: State) -> bool:
        """Tell whether this state shows that the last error is over: it runs, as it should."""
        arrived = state is State.READY and self.goal is Goal.RUNNING
        return arrived and self.last_error is not None

    def as_record(self) -> InstanceRecord:
        """Return what the choice of instances looks at."""
        return InstanceRecord(InstanceId(self.id), self.module, self.goal)

    def as_desired(self) -> DesiredInstance:
        """Return what the plan looks at."""
        return DesiredInstance(
            instance_id=InstanceId(self.id),
            module=self.module,
            generation=self.generation,
            goal=self.goal,
            has_run=self.ready_at is not None,
            export_verified=self.export_sha256 is not None,
        )
