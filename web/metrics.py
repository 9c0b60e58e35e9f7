"""What Prometheus and the log read: requests by route, never by address."""

import logging
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

REQUESTS = Counter(
    "tallyard_http_requests_total", "Requests answered.", ("method", "route", "status")
)
SECONDS = Histogram(
    "tallyard_http_request_seconds",
    "Time to answer, in seconds.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

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
        started = time.perf_counter()
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
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(scope["method"], route).observe(seconds)
            if not route.startswith(_UNNOTED):
                _note(scope["method"], route, status, seconds)

    return middleware


def _note(method: str, route: str, status: int, seconds: float) -> None:
    """Log one line; request, tenant and trace are in its context."""
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
    _log.info("request", extra=fields)


def render_metrics() -> tuple[bytes, str]:
    """Give the exposition text and its media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
