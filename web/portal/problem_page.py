"""A refusal as a page; whoever is not signed in is led to where they can."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from litestar import Response

from web.i18n import N_, translate
from web.portal.page import PageRequest, bare_shell, respond
from web.portal.views.shell import ProblemView
from web.problems import Problem

_UNAUTHENTICATED: Final = 401
_TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: N_("That did not work"),
        401: N_("Please sign in"),
        403: N_("Not allowed"),
        404: N_("Not found"),
        405: N_("Not found"),
        409: N_("Something stands in the way"),
        429: N_("Too much at once"),
        503: N_("Not available right now"),
    }
)


def problem_page(request: PageRequest, problem: Problem) -> Response[str]:
    """Show a problem to a person; on a read without a session, ask for the sign-in instead."""
    if problem.status == _UNAUTHENTICATED and request.method == "GET":
        frame = bare_shell(request)
        return Response(
            "",
            status_code=303,
            headers={"Location": f"/sign-in?{urlencode({'next': frame.path})}"},
        )
    frame = bare_shell(request)
    title = _TITLES.get(problem.status, N_("Something went wrong"))
    view = ProblemView(
        status=problem.status,
        title=translate(frame.language, title),
        message=problem.detail,
        remedy=problem.remedy,
        code=problem.code,
        reference=problem.request_id or None,
        back="/sign-in" if problem.status == _UNAUTHENTICATED else "/",
    )
    return respond(request, "problem.html", frame, status=problem.status, problem=view)
