"""The application of one instance."""

from litestar import Litestar

from inventory_modules.chassis.operations import operation_routes
from inventory_modules.chassis.problems import handle_error
from inventory_modules.chassis.service import Chassis, ModuleParts

_LARGEST_BODY = 1_000_000


def create_app(chassis: Chassis, parts: ModuleParts) -> Litestar:
    """Return the ASGI application: the module's routes and those that every instance has."""
    return Litestar(
        route_handlers=[*parts.routes, *operation_routes(chassis, parts)],
        exception_handlers={Exception: handle_error},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_LARGEST_BODY,
    )
