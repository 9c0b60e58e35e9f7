"""A catalogue with every aggregation over one type of events, and histories that try it all."""

import random
from collections.abc import Mapping
from datetime import timedelta

from control_plane.catalog.domain import Meter
from control_plane.catalog.source.reader import read_catalog
from metering.domain.events import UsageEvent
from tests.support.usage import JANUARY, SHIPMENT, usage_event

_METER = """
  - code: {code}
    event_type: {type}
    aggregation: {aggregation}
    module: outbound
    unit: {{en: units, zh: 单位}}
    name: {{en: Name, zh: 名称}}
"""
_KINDS = {
    "lines": ("sum", "lines"),
    "calls": ("count", None),
    "peak": ("max", "lines"),
    "low": ("min", "lines"),
    "users": ("unique", "user"),
    "level": ("latest", "lines"),
    "mean": ("average", "lines"),
    "seconds": ("weighted", "lines"),
}


def _meter(code: str, aggregation: str, prop: str | None) -> str:
    text = _METER.format(code=code, type=SHIPMENT, aggregation=aggregation)
    return text.rstrip() + (f"\n    property: {prop}\n" if prop else "\n")


_HEAD = (
    "modules:\n  - {code: outbound, name: {en: Outbound, zh: 出库}}\n"
    "features:\n  - {code: outbound, kind: boolean, module: outbound, "
    "name: {en: Outbound, zh: 出库}}\nmeters:"
)
_PLANS = """
plans:
  - code: basic
    name: {en: Basic, zh: 基础版}
    modules: [outbound]
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "99.00", name: {en: Fee, zh: 月费}}
"""
ONE_METER = _HEAD + _meter("lines", *_KINDS["lines"]).rstrip() + _PLANS
"""The lines of shipments, added up, and nothing else."""

EVERY_AGGREGATION = (
    _HEAD
    + "".join(_meter(code, *kind) for code, kind in _KINDS.items()).rstrip()
    + """
  - code: big_lines
    event_type: tallyard.outbound.shipment_posted
    aggregation: sum
    property: lines
    amount_property: worth
    filters: [{property: endpoint, values: [/a, /b]}]
    dimensions: [endpoint, region]
    module: outbound
    unit: {en: units, zh: 单位}
    name: {en: Name, zh: 名称}"""
    + _PLANS
)
METERS = (*_KINDS, "big_lines")


def random_history(chance: random.Random, count: int) -> list[list[UsageEvent]]:
    """Return deliveries of events over January, with some that take others back, in any order."""
    events = [_event(chance, n) for n in range(count)]
    for n in range(count // 5):
        target = f"evt-{chance.randrange(count)}"
        kind = chance.choice(("corrects", "retracts"))
        changes = {kind: target}
        events.append(_event(chance, count + n, **changes))
    chance.shuffle(events)
    parts = []
    while events:
        size = chance.randint(1, 25)
        parts.append(events[:size])
        events = events[size:]
    return parts


def _event(chance: random.Random, n: int, **changes: object) -> UsageEvent:
    seconds = chance.choice((4 * 86_400, 86_400, 3_600)) * chance.random()
    stated = {
        "lines": chance.choice((chance.randrange(9), "2.5", "no", None)),
        "user": chance.choice(("ann", "bo", "", 3, None)),
        "worth": f"{chance.randrange(900)}.25",
        "endpoint": chance.choice(("/a", "/b", "/c", "", None)),
        "region": chance.choice(("north", True)),
        "status": chance.choice((200, 404)),
    }
    data = {name: value for name, value in stated.items() if value is not None}
    at = JANUARY.start + timedelta(seconds=int(seconds))
    return usage_event(f"evt-{n}", time=at, data=data, **changes)


def meters_of(source: str) -> Mapping[str, Meter]:
    """Return the meters of a catalogue."""
    return read_catalog(source).meters
