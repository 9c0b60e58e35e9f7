"""Errors as RFC 9457 problem documents, in the reader's language, in one place."""

import errno
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR as _SERVER_FAULT

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.runtime.outages import outage
from web.i18n import N_, filled, translate
from web.validation import faults

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"

STATUS_BY_KIND: dict[ErrorKind, int] = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.STALE: 409,
    ErrorKind.EXHAUSTED: 429,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED: 415,
    ErrorKind.UNAVAILABLE: 503,
}


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One offending input: where it stands, what it held, what is wrong with it."""

    field: str
    message: str
    value: Any = None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The document a client gets instead of data (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    errors: list[FieldProblem] = []
    request_id: str = ""


HtmlRenderer = Callable[[Request[Any, Any, Any], Problem], Response[Any]]

# What the framework itself refuses, in our words.
FRAMEWORK_PROBLEMS: dict[int, tuple[str, str, str]] = {
    400: (
        "invalid_request",
        N_("The request could not be read."),
        N_("Compare it with the API reference under /docs and send it again."),
    ),
    404: (
        "not_found",
        N_("There is nothing at this address."),
        N_("Check the address and the id in it."),
    ),
    405: (
        "method_not_allowed",
        N_("This address does not take that method."),
        N_("See the API reference under /docs for the methods it takes."),
    ),
    413: (
        "too_large",
        N_("The request body is too large."),
        N_("Send it in smaller parts."),
    ),
    415: (
        "unsupported_media_type",
        N_("The request body has a media type that is not read here."),
        N_("Send JSON with the matching Content-Type header."),
    ),
    500: (
        "internal_error",
        N_("Something went wrong on our side. Nothing was changed."),
        N_("Try again; if it happens again, give support the request id."),
    ),
}


def problem_of(
    error: Exception,
    *,
    language: str,
    request_id: str = "",
    request: Request[Any, Any, Any] | None = None,
) -> Problem:
    """Describe any exception for a reader of ``language``; unknown ones become a 500.

    With the ``request``, a field's value is told beside what is wrong with it.
    """
    refusal = error if isinstance(error, TallyardError) else outage(error)
    if refusal is not None:
        return _domain_problem(refusal, language, request_id)
    if isinstance(error, ValidationException):
        return _validation_problem(error, request, language, request_id)
    status = _status_of(error)
    code, detail, remedy = FRAMEWORK_PROBLEMS.get(
        status, FRAMEWORK_PROBLEMS[500 if status >= _SERVER_FAULT else 400]
    )
    return _problem(
        status,
        code,
        translate(language, detail),
        translate(language, remedy),
        request_id=request_id,
    )


def _status_of(error: Exception) -> int:
    """Tell what a reader did from what went wrong here."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno == errno.ENAMETOOLONG:  # of a static file
        return 404
    if isinstance(error, RecursionError):  # the decoder's, of a body nested without end
        return 400
    return error.status_code if isinstance(error, HTTPException) else _SERVER_FAULT


def _domain_problem(error: TallyardError, language: str, request_id: str) -> Problem:
    detail = _filled(language, error.message, error.fields)
    errors = []
    if error.field:
        errors.append(FieldProblem(error.field, detail, _plain(_value_of(error))))
    listed = error.fields.get("errors")
    if isinstance(listed, list | tuple):
        errors.extend(_listed(entry, language) for entry in listed)
    return _problem(
        STATUS_BY_KIND[error.kind],
        error.code,
        detail,
        _filled(language, error.remedy, error.fields),
        errors=errors,
        request_id=request_id,
    )


def _value_of(error: TallyardError) -> object:
    """Find what the offending field held: under its own name, as its code, or as ``value``."""
    names = (error.field or "", f"{error.field}_code", "value")
    return next((error.fields[name] for name in names if name in error.fields), None)


def _filled(language: str, template: str, fields: dict[str, object]) -> str:
    return filled(language, template, fields)


def _listed(entry: object, language: str) -> FieldProblem:
    """Describe one of several faults of a document, at its ``line:column`` and its path."""
    if not isinstance(entry, dict):
        return FieldProblem("", str(entry))
    position = ":".join(str(entry[name]) for name in ("line", "column") if name in entry)
    place = f"{position} {entry.get('path', '')}".strip()
    message = _filled(language, str(entry.get("message", "")), entry.get("fields", {}))
    return FieldProblem(place, message, _plain(entry.get("value")))


def _validation_problem(
    error: ValidationException,
    request: Request[Any, Any, Any] | None,
    language: str,
    request_id: str,
) -> Problem:
    code, unreadable, remedy = FRAMEWORK_PROBLEMS[400]
    errors = [
        FieldProblem(field, sentence, _plain(value))
        for field, sentence, value in faults(error, request, language)
        if field
    ]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return _problem(
        400,
        "invalid_input" if errors else code,
        detail or translate(language, unreadable),
        translate(language, remedy),
        errors=errors,
        request_id=request_id,
    )


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | bool | None) else str(value)


def _problem(  # one keyword per member of the document
    status: int,
    code: str,
    detail: str,
    remedy: str,
    *,
    errors: list[FieldProblem] | None = None,
    request_id: str = "",
) -> Problem:
    return Problem(
        type=f"/docs/problems#{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        remedy=remedy,
        errors=errors or [],
        request_id=request_id,
    )


def problem_handler(
    html: HtmlRenderer | None = None,
) -> Callable[[Request[Any, Any, Any], Exception], Response[Any]]:
    """Build the one exception handler: pages for people, documents for programs."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        state = request.scope.get("state", {})
        problem = problem_of(
            error,
            language=state.get("language", "en"),
            request_id=state.get("request_id", ""),
            request=request,
        )
        if problem.status >= _SERVER_FAULT and not isinstance(error, TallyardError):
            _log_fault(request.url.path, error)
        if html is not None and _wants_html(request):
            return html(request, problem)
        return json_problem(problem, error)

    return handle


def _log_fault(path: str, error: Exception) -> None:
    if outage(error) is None:
        log.error("unhandled_error", path=path, exc_info=error)
    else:
        reason = str(getattr(error, "orig", error)).split("\n", maxsplit=1)[0]
        log.error("database_unavailable", path=path, reason=reason)


def json_problem(problem: Problem, error: Exception | None = None) -> Response[bytes]:
    """Encode a problem document, with ``Retry-After`` where waiting helps."""
    headers = dict(getattr(error, "headers", None) or {})
    fields = getattr(error, "fields", {})
    if problem.status in {429, 503}:
        headers.setdefault("Retry-After", str(fields.get("retry_after_seconds", 1)))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="tallyard"')
    return Response(
        _encoded(problem),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def _encoded(problem: Problem) -> bytes:
    try:
        return msgspec.json.encode(problem)
    except UnicodeEncodeError:
        # It quotes half a surrogate pair, which JSON can spell and UTF-8 cannot hold.
        said = json.dumps(msgspec.to_builtins(problem), ensure_ascii=False)
        return said.encode("utf-8", "replace")


def _wants_html(request: Request[Any, Any, Any]) -> bool:
    if request.url.path.startswith("/v1/"):
        return False
    return "text/html" in request.headers.get("accept", "")
