"""What is stuck, over all tenants: what an operator looks at first."""

from datetime import datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from web.api.common import ApiRequest
from web.compose import Application
from web.i18n import told

OPERATE = {"permission": Permission.STAFF_OPERATE}


class DeadMessageView(msgspec.Struct):
    """A message that was given up after its last attempt. What it says stays its tenant's own."""

    tenant_id: str
    id: str
    topic: str
    attempts: int
    dead_at: datetime
    last_error: str | None


class JobView(msgspec.Struct):
    """A job's last run on record; ``last_error`` is null once a run succeeded again."""

    name: str
    started_at: datetime
    finished_at: datetime | None
    handled: int
    last_error: str | None


class StuckClockView(msgspec.Struct):
    """A test clock whose last step failed. Its instants are the sandbox's own time."""

    tenant_id: str
    now_at: datetime
    target_at: datetime | None
    last_error: str


class HaltedBillingView(msgspec.Struct):
    """A tenant whose billing waits for finance, and why."""

    tenant_id: str
    halted_at: datetime
    reason: str


class WorkView(msgspec.Struct):
    """At most a hundred of each, the newest first; all jobs, whether they failed or not."""

    outbox_waiting: int
    outbox_dead: int
    dead_messages: list[DeadMessageView]
    jobs: list[JobView]
    test_clocks: list[StuckClockView]
    halted_billing: list[HaltedBillingView]


@get("/work", opt=OPERATE)
async def show_work(request: ApiRequest, application: NamedDependency[Application]) -> WorkView:
    """Show messages given up, failing jobs, test clocks that stand still and halted billing."""
    language = request.scope["state"]["language"]
    depth = await application.runtime_state.outbox_depth()
    return WorkView(
        outbox_waiting=depth.waiting,
        outbox_dead=depth.dead,
        dead_messages=[
            DeadMessageView(
                format_id("ten", m.tenant_id),
                str(m.id),
                m.topic,
                m.attempts,
                m.dead_at,
                m.last_error,
            )
            for m in await application.runtime_state.dead_messages()
        ],
        jobs=[
            JobView(run.name, run.started_at, run.finished_at, run.handled, run.last_error)
            for run in await application.runtime_state.job_runs()
        ],
        test_clocks=[
            StuckClockView(format_id("ten", c.tenant_id), c.now_at, c.target_at, c.last_error)
            for c in await application.list_stuck_clocks()
        ],
        halted_billing=[
            HaltedBillingView(format_id("ten", a.tenant_id), a.parked_at, told(language, a.reason))
            for a in await application.list_halted_accounts()
        ],
    )
