"""Usage events and meters as tests write them."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import Aggregation, Meter, Text
from control_plane.kernel.period import Period
from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent

SHIPMENT = "tallyard.outbound.shipment_posted"
NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
JANUARY = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
FEBRUARY = Period(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def meter(
    code: str = "outbound_lines",
    *,
    property_: str | None = "lines",
    event_type: str = SHIPMENT,
) -> Meter:
    return Meter(
        code=code,
        event_type=event_type,
        aggregation=Aggregation.COUNT if property_ is None else Aggregation.SUM,
        property=property_,
        module="outbound",
        unit=Text(en="lines", zh="行"),
        name=Text(en="Outbound lines", zh="出库行"),
    )


CATALOGUE = """
modules:
  - {code: outbound, name: {en: Outbound, zh: 出库}}
features:
  - {code: outbound, kind: boolean, module: outbound, name: {en: Outbound, zh: 出库}}
meters:
  - code: outbound_lines
    event_type: tallyard.outbound.shipment_posted
    aggregation: sum
    property: lines
    module: outbound
    unit: {en: lines, zh: 行}
    name: {en: Outbound lines, zh: 出库行}
  - code: outbound_calls
    event_type: tallyard.outbound.shipment_posted
    aggregation: count
    module: outbound
    unit: {en: calls, zh: 次}
    name: {en: Outbound calls, zh: 出库调用}
  - code: outbound_peak
    event_type: tallyard.outbound.shipment_posted
    aggregation: max
    property: lines
    module: outbound
    unit: {en: lines, zh: 行}
    name: {en: Largest shipment, zh: 最大出库单}
  - code: scans
    event_type: tallyard.outbound.scanned
    aggregation: count
    late: reject_after
    late_days: 30
    module: outbound
    unit: {en: scans, zh: 次}
    name: {en: Scans, zh: 扫描}
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

LINES = meter()
CALLS = meter("outbound_calls", property_=None)


def cloud_event(id_: str = "evt-1", **changes: Any) -> dict[str, Any]:
    """A usable CloudEvent; a change to ``...`` removes the attribute."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "source": "/instances/ins_1",
        "id": id_,
        "type": SHIPMENT,
        "subject": "outbound",
        "time": "2026-01-09T12:00:00Z",
        "data": {"calls": 1, "lines": 3, "units": "12"},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not ...}


def body_of(count: int) -> bytes:
    """Write a delivery of new events of the demo's catalogue."""
    return json.dumps([cloud_event(f"evt-{uuid.uuid4()}") for _ in range(count)]).encode()


def usage_event(
    id_: str = "evt-1",
    *,
    time: datetime = NOON,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> UsageEvent:
    stated = {} if data is None else {"data": data}
    body = cloud_event(id_, time=time.isoformat(), **stated, **changes)
    (event,) = parse_events(json.dumps(body, default=_number).encode())
    assert isinstance(event, UsageEvent), event
    return event


def _number(value: object) -> object:
    assert isinstance(value, Decimal)
    return str(value)
