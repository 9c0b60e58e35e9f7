"""What jobs do for one tenant after another: one's failure stops nobody else."""

from collections.abc import Awaitable, Callable, Iterable

import structlog

from control_plane.kernel.ids import TenantId, format_id

log = structlog.get_logger()


class TenantsFailed(RuntimeError):
    """A job failed for some tenants; each is in the log, and every next run tries them again."""


async def each_tenant(
    job: str, tenants: Iterable[TenantId], use: Callable[[TenantId], Awaitable[int]]
) -> int:
    """Return how much was done for all tenants together.

    Raises:
        TenantsFailed: some could not be done, so that the job shows as failing; the others were.
    """
    done, failed = 0, 0
    for tenant_id in tenants:
        try:
            done += await use(tenant_id)
        except Exception:
            failed += 1
            log.exception("job_failed_for_tenant", job=job, tenant_id=format_id("ten", tenant_id))
    if failed:
        raise TenantsFailed(f"{job}: {failed} tenants could not be done; see the log")
    return done
