"""The web process: edge, API and portal around one `Application`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from web.api.routes import api_routes, short_ways
from web.api.service_sync import MOST_STREAMS
from web.compose import Application, compose
from web.docs.pages import docs_router
from web.docs.schema import PublishedSchema
from web.edge.authentication import AuthenticationMiddleware, Bearers
from web.edge.context import context_middleware
from web.edge.csrf import CsrfMiddleware
from web.edge.guard import require_permission
from web.edge.idempotency import IdempotencyMiddleware
from web.edge.short_way import ShortWay
from web.edge.texts import TextMiddleware
from web.lifetime import spare_the_collector, when_asked_to_end
from web.metrics import metrics_middleware
from web.parts.checking import MOST_STREAMS as MOST_OF_TENANTS
from web.portal.routes import portal_config, portal_routes
from web.problems import problem_handler

_REQUESTS = 256  # that one process works on at a time, beside the streams that only wait

log = structlog.get_logger()


class WebApp(Litestar):
    """The framework's application, and the short way of its most frequent requests before it."""

    short_way: ShortWay

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or live through the process's lifespan."""
        await self.short_way(scope, receive, send)


def create_app(application: Application) -> WebApp:
    """Build the ASGI application; it closes ``application`` when it shuts down."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None, None]:
        await application.check_stores()
        when_asked_to_end(application.end_streams)
        log.info("web_started")
        yield
        await application.close()

    handlers: list[ControllerRouterHandler] = [*api_routes(), docs_router(), *portal_routes()]
    portal = portal_config(application)
    app = WebApp(
        route_handlers=handlers,
        dependencies={"application": Provide(lambda: application, sync_to_thread=False)},
        guards=[require_permission],
        middleware=[
            DefineMiddleware(
                AuthenticationMiddleware,
                by_session=application.authenticate_session,
                by_api_key=application.authenticate_api_key,
                by_service_token=application.authenticate_service_token,
            ),
            DefineMiddleware(TextMiddleware),
            DefineMiddleware(CsrfMiddleware, secret_key=application.settings.secret_key),
            DefineMiddleware(IdempotencyMiddleware, work=application.work, clock=application.clock),
        ],
        exception_handlers={Exception: problem_handler(portal.problem_page)},
        openapi_config=_openapi(),
        lifespan=[lifespan],
        request_max_body_size=16_000_000,
        logging_config=None,  # ours is configured already, for every library at once
        debug=False,
    )
    # Outside of the framework: so what it refuses by itself, and what its middleware does, is an
    # answer like any other.
    framework = context_middleware(metrics_middleware(partial(Litestar.__call__, app)))
    bearers = Bearers(application.authenticate_api_key, application.authenticate_service_token)
    most = _REQUESTS + MOST_STREAMS + MOST_OF_TENANTS
    app.short_way = ShortWay(framework, bearers, short_ways(application), most)
    return app


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tallyard",
        version="1",
        description=(
            "Plans, metering, entitlements, billing and provisioning. Every write takes an "
            "Idempotency-Key; errors are RFC 9457 problem documents with a stable code."
        ),
        openapi_router=Router(
            "/docs/schema", route_handlers=[], include_in_schema=False, opt={"public": True}
        ),
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
        ),
        security=[{"bearer": []}],
        render_plugins=[PublishedSchema()],
    )


def app() -> WebApp:
    """Build the application from the environment, in a worker of the server."""
    settings = load_settings()
    configure_logging(settings.log_level)
    application = create_app(compose(settings))
    spare_the_collector()
    return application
