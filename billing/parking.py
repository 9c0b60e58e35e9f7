"""Halts one tenant's billing where it fails, so that it stops nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from billing.repositories.accounts import AccountRepository
from control_plane.kernel.failure import Failure
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

log = structlog.get_logger()


@asynccontextmanager
async def parked_on_failure(
    work: UnitOfWork, tenant_clock: TenantClock, tenant_id: TenantId
) -> AsyncIterator[None]:
    """Park the tenant, with its reason, on a failure that would repeat; it goes no further.

    A lost connection is raised, to be tried again.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.exception("billing_parked", tenant_id=format_id("ten", tenant_id))
        async with work(tenant_id) as session:
            now = await tenant_clock.now(session, tenant_id)
            await AccountRepository(session).park(tenant_id, now, Failure.of(error))
