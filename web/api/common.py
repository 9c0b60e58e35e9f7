"""What every API file needs: ids as text, instants, and who is asking."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request

from control_plane.identity.domain import Principal
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import InvalidId, TenantId, parse_id
from web.edge.errors import NotPermitted, NotSignedIn
from web.edge.tenant import principal_of

ApiRequest = Request[Any, Any, Any]
Choice = TypeVar("Choice", bound=StrEnum)

LAST_MARK = (1 << 63) - 1
"""The mark of a page is no larger number."""

FIRST_YEAR = 1970
LAST_YEAR = 2200
"""Instants beyond these are slips; within them, calendar arithmetic cannot run out of years."""


class ThingNotFound(TallyardError):
    """An id in the address names nothing this caller can see."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is nothing here with the id {id}."
    remedy = "Check the id; list the collection to see which ones there are."


class TimeInvalid(TallyardError):
    """A time is not an instant of ISO 8601 with its offset."""

    code = "time_invalid"
    kind = ErrorKind.INVALID
    message = "{value!r} is not a time with an offset, such as 2026-06-18T00:00:00+08:00."
    remedy = "Send the time in ISO 8601 with 'Z' or an offset."


class ChoiceInvalid(TallyardError):
    """A value is not one of those that are taken."""

    code = "choice_invalid"
    kind = ErrorKind.INVALID
    message = "{value!r} is not one of: {choices}."
    remedy = "Send one of the values listed."


def principal(request: ApiRequest) -> Principal:
    """Give who is asking.

    Raises:
        NotSignedIn: nobody is; the guard lets nobody come this far.
    """
    found = principal_of(request.scope)
    if found is None:
        raise NotSignedIn
    return found


def tenant(request: ApiRequest) -> TenantId:
    """Give the one tenant the caller acts for.

    Raises:
        NotPermitted: the caller acts for none (a member of staff, say).
    """
    found = principal(request).tenant_id
    if found is None:
        raise NotPermitted(permission="tenant:read")
    return found


def id_from(prefix: str, text: str) -> UUID:
    """Read an id from an address; whatever does not name anything is not there.

    Raises:
        ThingNotFound: the text is not an id of this kind.
    """
    try:
        return parse_id(prefix, text)
    except InvalidId as error:
        raise ThingNotFound(id=text) from error


def instant_from(text: str, *, field: str) -> datetime:
    """Read an instant of the years 1970 to 2200 that states its offset, as UTC.

    Raises:
        TimeInvalid: the text is no such instant.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeInvalid(value=text, field=field) from error
    if at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise TimeInvalid(value=text, field=field)
    return at.astimezone(UTC)


def choice_from(kind: type[Choice], text: str, *, field: str) -> Choice:
    """Read a member of an enumeration.

    Raises:
        ChoiceInvalid: it has no such member.
    """
    try:
        return kind(text)
    except ValueError as error:
        choices = ", ".join(member.value for member in kind)
        raise ChoiceInvalid(value=text, choices=choices, field=field) from error
