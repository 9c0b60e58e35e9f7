"""Fields of forms, read so that what is wrong with one is told beside it."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from control_plane.kernel.calendar import load_zone
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.money import Money
from web.api.common import TimeInvalid, instant_from
from web.portal.forms import Submitted

_Read = TypeVar("_Read")


def read_field(text: str, name: str, parse: Callable[[str], _Read]) -> _Read | None:
    """Read a field that may be left empty; what is wrong with it is told beside it.

    Raises:
        TallyardError: what ``parse`` says of it.
    """
    if not text:
        return None
    try:
        return parse(text)
    except TallyardError as error:
        error.field = name
        raise


def amount_of(form: Submitted, name: str) -> Money:
    """Read an amount in the currency that the form names; what is wrong is told at its field."""
    code = currency(form.one("currency"))
    amount = read_field(form.one(name) or "-", name, lambda text: Money.parse(text, code))
    return amount or Money.zero(code)


def local_instant(text: str, zone: str, field: str) -> datetime:
    """Read a wall-clock time of a zone.

    Raises:
        TimeInvalid: the text is none.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeInvalid(value=text[:40], field=field) from error
    return instant_from(local.replace(tzinfo=load_zone(zone)).isoformat(), field=field)
