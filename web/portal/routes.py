"""The portal's doors into the web process: its routes, templates and problem page."""

from dataclasses import dataclass
from typing import Any

from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler

from web.compose import Application
from web.problems import HtmlRenderer


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """What the web process needs to know of the portal beside its routes."""

    problem_page: HtmlRenderer | None
    template_config: TemplateConfig[Any] | None


def portal_routes() -> list[ControllerRouterHandler]:
    """List the portal's route handlers, pages and static files."""
    return []


def portal_config(application: Application) -> PortalConfig:
    """Prepare templates and the page shown instead of a problem document."""
    del application
    return PortalConfig(problem_page=None, template_config=None)
