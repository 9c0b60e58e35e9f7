"""What of the runtime's own work is stuck: messages given up, jobs that failed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from control_plane.kernel.ids import OutboxId, TenantId
from control_plane.runtime.unit_of_work import StaffWork

_DEAD = text(
    "SELECT tenant_id, id, topic, attempts, dead_at, last_error FROM outbox "
    "WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT :most"
)
_RUNS = text(
    "SELECT name, started_at, finished_at, handled, last_error FROM job_runs ORDER BY name"
)
_DEPTH = text(
    "SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL), "
    "(SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that nobody tries to deliver any more. Its payload is its tenant's own."""

    tenant_id: TenantId
    id: OutboxId
    topic: str
    attempts: int
    dead_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job's last run that did something, failed, or was the first after a failure.

    ``handled`` counts over all its runs; ``last_error`` is None once a run succeeded again.
    """

    name: str
    started_at: datetime
    finished_at: datetime | None
    handled: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How many messages wait for their delivery, and how many were given up."""

    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class RuntimeState:
    """Reads over all tenants, for operators and for the figures of ``/metrics``."""

    staff: StaffWork

    async def dead_messages(self, *, limit: int = 100) -> tuple[DeadMessage, ...]:
        """Read the messages given up last, the newest first."""
        async with self.staff() as session:
            rows = (await session.execute(_DEAD, {"most": limit})).all()
        return tuple(
            DeadMessage(
                TenantId(r.tenant_id),
                OutboxId(r.id),
                r.topic,
                r.attempts,
                r.dead_at.astimezone(UTC),
                r.last_error,
            )
            for r in rows
        )

    async def job_runs(self) -> tuple[JobRun, ...]:
        """Read the last run of every job."""
        async with self.staff() as session:
            rows = (await session.execute(_RUNS)).all()
        return tuple(
            JobRun(
                r.name,
                r.started_at.astimezone(UTC),
                None if r.finished_at is None else r.finished_at.astimezone(UTC),
                r.handled,
                r.last_error,
            )
            for r in rows
        )

    async def outbox_depth(self) -> OutboxDepth:
        """Count what waits and what was given up."""
        async with self.staff() as session:
            return OutboxDepth(*(await session.execute(_DEPTH)).one())
