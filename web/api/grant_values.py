"""What is granted of a feature, as the API says it."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from control_plane.catalog.domain import Grant, Rate
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import exact_decimal, quantity_text


class ValueView(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A configuration's ``text``, or a rate: so many a second, and how many at once."""

    text: str | None = None
    per_second: str | None = None
    burst: str | None = None


GrantValue: TypeAlias = str | bool | ValueView


class GrantValueInvalid(TallyardError):
    """An object says neither a text nor a rate."""

    code = "grant_value_invalid"
    kind = ErrorKind.INVALID
    message = "This is no value of a feature."
    remedy = "Send true, a number as a text, or an object with a text or a rate."


def grant_view(grant: Grant) -> GrantValue:
    """Show what is granted: true, a number as a text, or a text or rate as an object."""
    if isinstance(grant, bool):
        return grant
    if isinstance(grant, str):
        return ValueView(text=grant)
    if isinstance(grant, Rate):
        per_second, burst = quantity_text(grant.per_second), quantity_text(grant.burst)
        return ValueView(per_second=per_second, burst=burst)
    return quantity_text(grant)


def grants_view(grants: Mapping[str, Grant]) -> dict[str, GrantValue]:
    """Show what is granted of each feature."""
    return {code: grant_view(grant) for code, grant in grants.items()}


def grant_from(value: GrantValue, *, field: str = "value") -> Grant:
    """Read what `grant_view` shows.

    Raises:
        InvalidNumber: a number cannot be read.
        GrantValueInvalid: an object says neither a text nor a rate.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return exact_decimal(value)
    if value.text is not None:
        return value.text
    if value.per_second is None or value.burst is None:
        raise GrantValueInvalid(field=field)
    return Rate(exact_decimal(value.per_second), exact_decimal(value.burst))
