"""Whether this process lives, is ready, and how it does."""

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from sqlalchemy import text

from web.compose import Application
from web.metrics import measure_books, measure_ingest, measure_outbox, render_metrics


class Health(msgspec.Struct):
    """``ok``, or what is not."""

    status: str


@get("/health/live", opt={"public": True})
async def live() -> Health:
    """Tell that this process answers."""
    return Health("ok")


@get("/health/ready", opt={"public": True})
async def ready(application: NamedDependency[Application]) -> Response[Health]:
    """Tell whether this process can serve: the database answers."""
    try:
        async with application.database.engine("tenant").connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001 - whatever it is, this process is not ready
        return Response(Health("database unreachable"), status_code=503)
    return Response(Health("ok"))


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def metrics(application: NamedDependency[Application]) -> Response[bytes]:
    """Give Prometheus this process's figures, and the depth of the outbox that all share."""
    await measure_outbox(application.runtime_state.outbox_depth)
    await measure_books(application.list_findings.count)
    measure_ingest(application.ingest_bodies.held, application.ingest_usage.room.held)
    body, media_type = render_metrics()
    return Response(body, media_type=media_type)


router = Router("/", tags=["Health"], route_handlers=[live, ready, metrics])
