"""The reference's pages: public, without script, in the reader's language."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.di import NamedDependency
from litestar.enums import MediaType

from web.compose import Application
from web.docs.operations import SectionView, sections
from web.docs.problems import ProblemEntry, problem_entries
from web.docs.schema import published_schema
from web.docs.words import PLACES, REFUSALS
from web.edge.errors import NotSignedIn
from web.i18n import LANGUAGES
from web.portal.page import PageRequest, bare_shell
from web.portal.rendering import PAGE_HEADERS, render
from web.portal.views.shell import Shell
from web.problems import problem_of

PUBLIC: Final = {"public": True}


@get("/docs", opt=PUBLIC, include_in_schema=False, media_type=MediaType.HTML)
async def reference(
    request: PageRequest, application: NamedDependency[Application]
) -> Response[str]:
    """Show every operation of the API."""
    found = _sections(request.app)
    page = render(
        "docs/reference.html",
        _shell(request, application, "reference"),
        sections=found,
        contents=tuple((f"#{section.anchor}", section.title) for section in found),
        places=PLACES,
        refusals=REFUSALS,
        origin=application.settings.public_url,
    )
    return Response(page, headers=PAGE_HEADERS)


@get("/docs/problems", opt=PUBLIC, include_in_schema=False, media_type=MediaType.HTML)
async def problems(
    request: PageRequest, application: NamedDependency[Application]
) -> Response[str]:
    """Show every error code; a problem document's ``type`` points at its anchor here."""
    shell = _shell(request, application, "problems")
    sample = problem_of(NotSignedIn(), language=shell.language)
    page = render(
        "docs/problems.html",
        shell,
        problems=_problems(shell.language),
        contents=(),
        sample=msgspec.json.format(msgspec.json.encode(sample), indent=2).decode(),
    )
    return Response(page, headers=PAGE_HEADERS)


def docs_router() -> Router:
    """Build the router of the reference's pages."""
    return Router("/", route_handlers=[reference, problems])


def _shell(request: PageRequest, application: Application, section: str) -> Shell:
    """Frame the page for a reader who need not be signed in."""
    return replace(bare_shell(request, application), section=section)


@lru_cache(maxsize=2)
def _sections(app: Litestar) -> tuple[SectionView, ...]:
    return sections(published_schema(app))


@lru_cache(maxsize=len(LANGUAGES))
def _problems(language: str) -> tuple[ProblemEntry, ...]:
    return problem_entries(language)
