"""Portal pages, server side: p95 to their SQL run bare plus the same render.

One signed-in customer among many tenants asks for the first page and for the list of invoices. The
baseline runs the very statements of the page, as the superuser, in one transaction on one plain
connection, and renders the same template with the same values.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import quantiles

import psycopg

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.runtime.settings import Settings
from tests.support import cluster
from tests.support.close_bench import DUE, catalogue, make_tenants
from tests.support.page_bench import get, repeat_bare, sign_in_to, watch
from web.asgi import create_app
from web.compose import compose

TENANTS = {"small": 200, "full": 10_000}
REQUESTS = {"small": 120, "full": 600}
PAGES = ("/portal", "/portal/invoices")


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p95 of each page."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            yield from asyncio.run(_measure(settings, size))
        finally:
            cluster.drop_database(settings)


async def _measure(settings: Settings, size: str) -> list[dict[str, object]]:
    clock = FakeClock(DUE)
    application = compose(settings, clock)
    app = create_app(application)
    with psycopg.connect(settings.database_url) as superuser:
        await ApplyCatalog(application.database, clock)(catalogue())
        tenant = make_tenants(superuser, TENANTS[size], due=True)[0]
        await application.close_due(tenant)
        secret = await sign_in_to(application, superuser, tenant)
        figures = []
        for path in PAGES:
            with watch() as made_of:
                assert await get(app, path, secret) == 200
            ours, bare = [], []
            for _ in range(REQUESTS[size]):
                started = time.perf_counter()
                await get(app, path, secret)
                ours.append(time.perf_counter() - started)
                started = time.perf_counter()
                repeat_bare(superuser, made_of)
                bare.append(time.perf_counter() - started)
            figures.append(_figure(path, size, len(made_of.statements), ours, bare))
    await application.close()
    return figures


def _figure(
    path: str, size: str, statements: int, ours: list[float], bare: list[float]
) -> dict[str, object]:
    ours_p95, bare_p95 = (quantiles(side, n=20)[-1] * 1000 for side in (ours, bare))
    return {
        "name": "portal_page",
        "value": round(ours_p95, 2),
        "unit": "ms (p95)",
        "baseline": round(bare_p95, 2),
        "ratio": round(ours_p95 / bare_p95, 3),
        "conditions": {
            "page": path,
            "tenants": TENANTS[size],
            "requests": len(ours),
            "statements": statements,
            "in_process": True,
            "baseline_is": "the page's SQL bare in one transaction plus the same render",
        },
    }
