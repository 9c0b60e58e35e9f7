"""What a form held, and a refusal told beside the fields it concerns."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from litestar.response import Redirect

from control_plane.kernel.errors import ErrorKind, TallyardError
from web.edge.errors import CsrfRefused
from web.i18n import filled
from web.portal.page import Page, PageRequest, language_of
from web.portal.views.shell import Form
from web.problems import STATUS_BY_KIND

_SECRET_FIELDS = frozenset({"password", "_csrf", "_idempotency_key"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """The fields of a form as texts, trimmed of white space around them (passwords are not)."""

    fields: dict[str, list[str]]

    def one(self, name: str) -> str:
        """Return a field's value; empty when it was not sent."""
        value = self.fields.get(name, [""])[0]
        return value if name in _SECRET_FIELDS else value.strip()

    def many(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, as of check boxes."""
        return tuple(self.fields.get(name, ()))

    @property
    def shown_again(self) -> dict[str, str]:
        """What may stand in the form when it is shown again: everything but secrets."""
        return {name: self.one(name) for name in self.fields if name not in _SECRET_FIELDS}


async def submitted(request: PageRequest) -> Submitted:
    """Read the form of a request; files are passed over."""
    fields: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return Submitted(fields)


def refused(error: TallyardError, form: Submitted, language: str) -> tuple[Form, int]:
    """Return the form as it is shown again, and the status of the answer.

    A refusal that names one of the form's fields stands beside it, any other above the form.
    """
    message = filled(language, error.message, error.fields)
    remedy = filled(language, error.remedy, error.fields)
    values, status = form.shown_again, STATUS_BY_KIND[error.kind]
    if error.kind is ErrorKind.UNAUTHENTICATED:
        status = 400  # a wrong password is no reason for the browser to ask for credentials
    if error.field in form.fields:
        return Form(values, {error.field or "": f"{message} {remedy}"}), status
    return Form(values, problem=message, remedy=remedy), status


async def attempt(
    request: PageRequest,
    form: Submitted,
    act: Callable[[], Awaitable[object]],
    again: Callable[[Form, int], Awaitable[Page]],
    done: Redirect,
) -> Page | Redirect:
    """Do what a form asks for and go on to ``done``; refused, show the form ``again`` with why."""
    try:
        await act()
    except TallyardError as error:
        shown, status = refused(error, form, language_of(request))
        return await again(shown, status)
    return done


def require_own_page(request: PageRequest) -> None:
    """Refuse a public form that another site sent: nobody's session proves its origin yet.

    Raises:
        CsrfRefused: the browser says that the form came from elsewhere.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise CsrfRefused
