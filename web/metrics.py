"""What Prometheus and the log read: requests by route, never by address; the outbox's depth."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPMethod
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from control_plane.runtime.stuck import OutboxDepth
from metering.domain.events import IngestStatus

REQUESTS = Counter(
    "tallyard_http_requests_total", "Requests answered.", ("method", "route", "status")
)
SECONDS = Histogram(
    "tallyard_http_request_seconds",
    "Time to answer, in seconds.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
WAITING = Gauge("tallyard_outbox_waiting", "Messages that wait for their delivery.")
DEAD = Gauge("tallyard_outbox_dead", "Messages given up after their last attempt.")
FINDINGS = Gauge("tallyard_books_findings", "Rules of the books that are broken.")
INGEST_BYTES = Gauge("tallyard_ingest_waiting_bytes", "Bytes of usage deliveries being taken.")
INGEST_EVENTS = Gauge("tallyard_ingest_waiting_events", "Usage events that wait for a commit.")
EVENTS = Counter("tallyard_ingest_events_total", "Usage events answered for.", ("status",))
PATIENCE_SECONDS = 2.0
_EVENTS = {status: EVENTS.labels(status.value) for status in IngestStatus}

STARTED: Final = "tallyard_started"
"""Where a request's state holds when it began, if that was before it came here."""

_METHODS = frozenset(HTTPMethod)
_LONGEST_METHOD = 20
_UNNOTED = ("/health", "/metrics", "/static")
_log = logging.getLogger("tallyard.request")


def metrics_middleware(app: ASGIApp) -> ASGIApp:
    """Count and log each request under its route's template.

    So ids make no new series, and no secret of an address comes into a log.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = scope.get("state", {}).get(STARTED) or time.perf_counter()
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, counted)
        finally:
            route = str(scope.get("path_template") or "unmatched")
            seconds = time.perf_counter() - started
            Noted(scope["method"], route, status).note(seconds)

    return middleware


class Noted:
    """Requests of one kind, as they are counted and logged."""

    __slots__ = ("_count", "_fields", "_logged", "_seconds")

    def __init__(self, method: str, route: str, status: int) -> None:
        self._fields = {"method": method[:_LONGEST_METHOD], "route": route, "status": status}
        self._logged = not route.startswith(_UNNOTED)
        counted = method if method in _METHODS else "OTHER"  # a caller may write anything
        self._count = REQUESTS.labels(counted, route, str(status))
        self._seconds = SECONDS.labels(counted, route)

    def note(self, seconds: float) -> None:
        """Count one, and log one line; request, tenant and trace are in its context."""
        self._count.inc()
        self._seconds.observe(seconds)
        if self._logged and _log.isEnabledFor(logging.INFO):
            _log.info("request", extra={**self._fields, "milliseconds": round(seconds * 1000, 1)})


async def measure_outbox(depth: Callable[[], Awaitable[OutboxDepth]]) -> None:
    """Set the outbox's gauges; to NaN where the database does not answer soon enough.

    A scrape never fails for it: when the database is away, the other figures matter most.
    """
    waiting = dead = math.nan
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await depth()
        waiting, dead = found.waiting, found.dead
    except Exception:  # noqa: BLE001 - whatever it is, the scrape goes on
        _log.warning("outbox_not_measured", exc_info=True)
    WAITING.set(waiting)
    DEAD.set(dead)


async def measure_books(count: Callable[[], Awaitable[int]]) -> None:
    """Set the gauge of broken rules; to NaN where the database does not answer soon enough."""
    found: float = math.nan
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await count()
    except Exception:  # noqa: BLE001 - whatever it is, the scrape goes on
        _log.warning("books_not_measured", exc_info=True)
    FINDINGS.set(found)


def measure_ingest(waiting_bytes: int, waiting_events: int) -> None:
    """Set the gauges of what this process is taking in."""
    INGEST_BYTES.set(waiting_bytes)
    INGEST_EVENTS.set(waiting_events)


def count_events(statuses: Sequence[IngestStatus]) -> None:
    """Count usage events by what became of them."""
    if len(statuses) == 1:
        _EVENTS[statuses[0]].inc()
        return
    counted: dict[IngestStatus, int] = {}
    for status in statuses:
        counted[status] = counted.get(status, 0) + 1
    for status, count in counted.items():
        _EVENTS[status].inc(count)


def render_metrics() -> tuple[bytes, str]:
    """Give the exposition text and its media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
