"""What Prometheus reads: requests by route, never by address."""

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


def metrics_middleware(app: ASGIApp) -> ASGIApp:
    """Count each request under its route's template, so that ids make no new series."""

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
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(scope["method"], route).observe(time.perf_counter() - started)

    return middleware


def render_metrics() -> tuple[bytes, str]:
    """Give the exposition text and its media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
