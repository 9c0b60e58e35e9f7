"""How the rows of a file become events."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from control_plane.kernel.instants import instant_text, resolve_local
from metering.domain.canonical import CANONICAL
from metering.sources.errors import ColumnMissing, TargetUnknown

ATTRIBUTES = ("id", "source", "type", "subject", "time", "corrects", "retracts")
WHOLE_DATA = "data"
OF_DATA = "data."
_IGNORED = {"specversion", "datacontenttype"}
_ID_LETTERS = 32
_json = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the columns of a file mean.

    ``columns`` says which column an attribute, ``data.<property>`` or ``data`` (a whole JSON
    object) is read from; a column named like one of those is read so without being told.
    Columns that mean nothing become properties of the data, unless any of those is named.
    ``constants`` are the same for all rows. ``source`` is that of rows that name none, and
    ``zone`` the IANA zone of times without an offset.

    A row without an id gets one made of its number in the file and its content, so that the same
    file imported again gives the same events.
    """

    source: str
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None

    def __post_init__(self) -> None:
        for target in (*self.columns, *self.constants):
            if target not in {*ATTRIBUTES, WHOLE_DATA} and not target.startswith(OF_DATA):
                raise TargetUnknown(value=target, known=", ".join((*ATTRIBUTES, WHOLE_DATA)))

    @property
    def plain(self) -> bool:
        """Whether nothing is told but where events come from."""
        return not (self.columns or self.constants or self.zone)

    def reader(self, header: Sequence[str]) -> Callable[[int, Sequence[Any]], dict[str, Any]]:
        """Return what makes an event of a row's number and cells, in the header's order.

        Raises:
            ColumnMissing: a column that was named is not there.
        """
        places = {name: place for place, name in enumerate(header)}
        for column in self.columns.values():
            if column not in places:
                raise ColumnMissing(column=column, columns=", ".join(header))
        targets = {target: places[column] for target, column in self.columns.items()}
        named = set(self.columns.values())
        told = any(target.startswith(WHOLE_DATA) for target in targets)
        for name, place in places.items():
            meant = name in ATTRIBUTES or name == WHOLE_DATA or name.startswith(OF_DATA)
            if meant:
                targets.setdefault(name, place)
            elif name not in named and name not in _IGNORED and not told:
                targets[OF_DATA + name] = place
        plan = tuple(targets.items())
        return lambda number, cells: self._event(plan, number, cells)

    def event(self, number: int, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event of what a row states, completed by what the file says of all rows."""
        event: dict[str, Any] = {"specversion": "1.0", "source": self.source, "data": {}, **found}
        for target, value in self.constants.items():
            _put(event, target, value)
        if "time" in event:
            event["time"] = self._time(event["time"])
        if event.get("id") is None:
            event["id"] = _made_id(number, event)
        return event

    def _event(
        self, plan: Sequence[tuple[str, int]], number: int, cells: Sequence[Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"data": {}}
        for target, place in plan:
            cell = cells[place]
            if cell is None or cell == "":  # nothing is stated there
                continue
            _put(found, target, cell)
        return self.event(number, found)

    def _time(self, value: Any) -> Any:
        if isinstance(value, str) and self.zone is not None:
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return value  # the event is rejected with its own words
        if not isinstance(value, datetime):
            return value
        if value.tzinfo is not None:
            return instant_text(value)
        if self.zone is None:
            return value.isoformat()
        return instant_text(resolve_local(value, self.zone))


def _put(event: dict[str, Any], target: str, value: Any) -> None:
    if target == WHOLE_DATA:
        event["data"] |= _object(value)
    elif target.startswith(OF_DATA):
        event["data"][target.removeprefix(OF_DATA)] = exact(value)
    else:
        event[target] = value if target == "time" else str(value)


def exact(value: Any) -> Any:
    """Return a value as JSON may say it; a binary fraction by the shortest digits that mean it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, date):
        return value.isoformat()
    return value


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return _json.decode(value)
    if not isinstance(value, dict):
        raise TypeError("the column “data” holds no object")
    return {name: exact(each) for name, each in value.items()}


def _made_id(number: int, event: Mapping[str, Any]) -> str:
    stated = {name: value for name, value in event.items() if name != "id"}
    return f"{number}-{hashlib.sha256(CANONICAL.encode(stated)).hexdigest()[:_ID_LETTERS]}"
