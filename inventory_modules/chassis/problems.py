"""Every refusal as an RFC 9457 problem document, in the reader's language."""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from control_plane.kernel.errors import ErrorKind, TallyardError
from inventory_modules.chassis.errors import ManyErrors
from inventory_modules.chassis.language import negotiate, translate

PROBLEM_JSON = "application/problem+json"
STATUS_BY_KIND = {
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
_RETRY_SECONDS = 2
_log = structlog.get_logger(__name__)


class BadRequest(TallyardError):
    """The framework could not read a request."""

    code = "bad_request"
    kind = ErrorKind.INVALID
    message = "The request could not be read."
    remedy = "Compare it with the reference and send it again."


class NothingHere(TallyardError):
    """No route has this path."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is nothing at this address."
    remedy = "Check the address."


class MethodNotAllowed(TallyardError):
    """The path exists, with other methods."""

    code = "method_not_allowed"
    kind = ErrorKind.INVALID
    message = "This address does not take that method."
    remedy = "Compare the call with the reference."


class BodyTooLarge(TallyardError):
    """A body is beyond what the service reads."""

    code = "body_too_large"
    kind = ErrorKind.INVALID
    message = "The body is too large."
    remedy = "Split the document into several."


class InternalError(TallyardError):
    """Something broke that should not have."""

    code = "internal_error"
    kind = ErrorKind.UNAVAILABLE
    message = "Something went wrong here; nothing is known to be lost."
    remedy = "Send the same call again with the same Idempotency-Key."


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One offending input."""

    field: str
    message: str
    code: str
    value: str | int | None = None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The document itself. ``facts`` repeat for programs what the words say."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    errors: list[FieldProblem] = []
    facts: dict[str, Any] | None = None


_BY_STATUS: dict[int, type[TallyardError]] = {
    404: NothingHere,
    405: MethodNotAllowed,
    413: BodyTooLarge,
}


def problem_of(error: TallyardError, *, language: str, status: int | None = None) -> Problem:
    """Describe a refusal to a reader of ``language``."""
    code = status or STATUS_BY_KIND[error.kind]
    facts = getattr(error, "facts", None)
    return Problem(
        type=f"/docs/problems#{error.code}",
        title=HTTPStatus(code).phrase,
        status=code,
        detail=_fill(language, error.message, error.fields),
        code=error.code,
        remedy=_fill(language, error.remedy, error.fields),
        errors=[_field_problem(cause, language) for cause in _causes(error)],
        facts=facts() if facts else None,
    )


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer any exception with a problem document; the unexpected ones are logged whole."""
    known, status = _known(error)
    if isinstance(known, InternalError):
        _log.error("unhandled_error", path=request.url.path, exc_info=error)
    language = negotiate(request.headers.get("accept-language"))
    problem = problem_of(known, language=language, status=status)
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers={"Content-Language": language, **_headers(known)},
    )


def _known(error: Exception) -> tuple[TallyardError, int | None]:
    if isinstance(error, TallyardError):
        return error, None
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _BY_STATUS.get(error.status_code, BadRequest)(), error.status_code
    return InternalError(), HTTPStatus.INTERNAL_SERVER_ERROR


def _headers(error: TallyardError) -> dict[str, str]:
    if error.kind is ErrorKind.UNAUTHENTICATED:
        return {"WWW-Authenticate": "Bearer"}
    if error.kind in {ErrorKind.UNAVAILABLE, ErrorKind.EXHAUSTED}:
        return {"Retry-After": str(getattr(error, "retry_after", _RETRY_SECONDS))}
    return {}


def _causes(error: TallyardError) -> tuple[TallyardError, ...]:
    if isinstance(error, ManyErrors):
        return error.causes
    return (error,) if error.field else ()


def _field_problem(cause: TallyardError, language: str) -> FieldProblem:
    value = cause.fields.get("value")
    return FieldProblem(
        field=cause.field or "",
        message=_fill(language, cause.message, cause.fields),
        code=cause.code,
        value=value if isinstance(value, str | int | None) else str(value),
    )


def _fill(language: str, template: str, fields: dict[str, object]) -> str:
    return translate(language, template).format(**fields)
