"""Reads a scenario's usage: quantities at a time or day by day, or events as they are sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from billing.domain.whatif.scenario import MOST_EVENTS, id_of
from billing.whatif.places import Places, json_text, read_day
from control_plane.catalog.domain import Aggregation, Meter
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.calendar import instant_text, resolve_local
from control_plane.kernel.exact import quantity_text
from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from metering.domain.judging import refuse

_NOON = time(12)
_SOURCE = "/scenario"


@dataclass(slots=True)
class UsageReader:
    """Turns what a scenario says of usage into events, the kind that would have been sent."""

    places: Places
    meters: Mapping[str, Meter]
    events: list[UsageEvent] = field(default_factory=list)

    def quantities(self, cursor: Cursor) -> None:
        """Read ``usage``: so much of a meter at a time, or on each day of a stretch, at noon."""
        for item in cursor.items():
            several = bool(item.peek("from"))
            fields = item.fields(
                required=("meter", "from", "to", "per_day")
                if several
                else ("meter", "at", "quantity"),
                optional=("data",),
            )
            meter = self._meter(fields.get("meter"))
            amount = fields.get("per_day" if several else "quantity")
            if meter is None or amount is None:
                continue
            value = amount.decimal()
            for at in self._times(fields.get("at"), fields.get("from"), fields.get("to")):
                self._add(item, meter, at, value, fields.get("data"))

    def sent(self, cursor: Cursor) -> None:
        """Read ``events``: CloudEvents in JSON's shape."""
        for item in cursor.items():
            [read] = parse_events(json_text(item.node).encode())
            if not isinstance(read, UsageEvent):
                item.report(Fault.EVENT_UNUSABLE, reason=read.reason)
                continue
            meters = [m for m in self.meters.values() if m.event_type == read.type]
            refusal = refuse(read, meters=meters, now=read.time)
            if refusal is not None:
                item.report(Fault.EVENT_UNUSABLE, reason=refusal.code)
            elif self._room(item):
                self.events.append(read)

    def _meter(self, cursor: Cursor | None) -> Meter | None:
        if cursor is None:
            return None
        if cursor.raw not in self.meters:
            cursor.report(Fault.UNKNOWN_METER, value=cursor.raw)
        return self.meters.get(cursor.raw)

    def _times(
        self, at: Cursor | None, first: Cursor | None, last: Cursor | None
    ) -> Iterator[datetime]:
        if at is not None and (instant := self.places.instant(at)) is not None:
            yield instant
        if first is None or last is None:
            return
        start, end = read_day(first), read_day(last)
        if start is None or end is None:
            return
        if end < start:
            last.report(Fault.BAD_WINDOW)
        for n in range(max(0, min((end - start).days + 1, MOST_EVENTS + 1))):
            yield self._noon(start + timedelta(days=n))

    def _noon(self, day: date) -> datetime:
        return resolve_local(datetime.combine(day, _NOON), self.places.zone)

    def _add(
        self, item: Cursor, meter: Meter, at: datetime, value: Decimal, data: Cursor | None
    ) -> None:
        times = 1
        if meter.aggregation is Aggregation.COUNT:
            if value != int(value):
                item.report(Fault.NOT_WHOLE, value=value)
                return
            times = int(value)
        for _ in range(times):
            event = self._event(item, meter, at, value, data) if self._room(item) else None
            if event is None:
                return
            self.events.append(event)

    def _event(
        self, item: Cursor, meter: Meter, at: datetime, value: Decimal, data: Cursor | None
    ) -> UsageEvent | None:
        said = "{}" if data is None else json_text(data.node)
        quantity = f'"{meter.property}":{quantity_text(value)}' if meter.property else ""
        inner = ",".join(part for part in (said[1:-1], quantity) if part)
        event_id = id_of("event", len(self.events))
        [event] = parse_events(
            (
                f'{{"specversion":"1.0","id":"{event_id}","source":"{_SOURCE}",'
                f'"type":"{meter.event_type}","time":"{instant_text(at)}","data":{{{inner}}}}}'
            ).encode()
        )
        if isinstance(event, UsageEvent):
            return event
        item.report(Fault.EVENT_UNUSABLE, reason=event.reason)
        return None

    def _room(self, item: Cursor) -> bool:
        if len(self.events) < MOST_EVENTS:
            return True
        item.report(Fault.TOO_MANY_EVENTS, most=MOST_EVENTS)
        return False
