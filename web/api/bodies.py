"""Bodies that are read raw, as the OpenAPI document describes them."""

import json
from typing import Any, Final

_EXAMPLE: Final = {
    "specversion": "1.0",
    "source": "/warehouses/north",
    "id": "shipment-000042",
    "type": "tallyard.outbound.shipment_posted",
    "time": "2026-01-10T10:00:00+08:00",
    "data": {"calls": 1, "lines": 3, "units": "12"},
}
_EVENT: Final = {
    "type": "object",
    "title": "CloudEvent",
    "description": "A usage event after CloudEvents 1.0, structured mode.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"type": "string", "enum": ["1.0"]},
        "source": {"type": "string", "minLength": 1, "description": "What sent it."},
        "id": {
            "type": "string",
            "minLength": 1,
            "description": "Unique within the source; the same again counts once.",
        },
        "type": {"type": "string", "minLength": 1, "description": "Chooses the meter."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "subject": {"type": "string"},
        "data": {"type": "object", "description": "Quantities, as numbers or decimal texts."},
        "corrects": {
            "type": "string",
            "minLength": 1,
            "description": "The id of an event of the same source that this one replaces.",
        },
        "retracts": {
            "type": "string",
            "minLength": 1,
            "description": "The id of an event of the same source that this one takes back.",
        },
    },
}

_BATCH: Final = {"type": "array", "items": _EVENT}

CLOUD_EVENTS: Final[dict[str, Any]] = {
    "required": True,
    "description": "Compressed bodies name gzip or zstd in Content-Encoding.",
    "content": {
        "application/cloudevents+json": {"schema": _EVENT, "example": _EXAMPLE},
        "application/cloudevents-batch+json": {"schema": _BATCH, "example": [_EXAMPLE]},
        "application/json": {"schema": {"oneOf": [_EVENT, _BATCH]}, "example": _EXAMPLE},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One event a line."},
            "example": f"{json.dumps(_EXAMPLE)}\n",
        },
    },
}
"""One usage event, a list of them, or one a line."""

NOTICE: Final[dict[str, Any]] = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}, "example": {}}},
}
"""A payment provider's notice, in the provider's own form."""

_NAME: Final = {"en": "Outbound", "zh": "出库"}
_BASE: Final = {"code": "base", "kind": "flat", "timing": "advance", "amount": "1999.00"}
_LINES: Final = {"code": "lines", "kind": "per_unit", "meter": "lines", "unit_price": "0.05"}
_SCENARIO: Final = {
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "until": "2026-04-10",
    "catalog": {
        "modules": [{"code": "outbound", "name": _NAME}],
        "features": [{"code": "outbound", "kind": "boolean", "module": "outbound", "name": _NAME}],
        "meters": [
            {
                "code": "lines",
                "event_type": "tallyard.outbound.shipment_posted",
                "aggregation": "sum",
                "property": "lines",
                "module": "outbound",
                "unit": {"en": "lines", "zh": "行"},
                "name": {"en": "Lines", "zh": "出库行"},
            }
        ],
        "plans": [
            {
                "code": "growth",
                "name": {"en": "Growth", "zh": "成长版"},
                "modules": ["outbound"],
                "prices": [
                    {
                        "currency": "CNY",
                        "interval": "month",
                        "charges": [{**_BASE, "name": _NAME}, _LINES],
                    }
                ],
            }
        ],
    },
    "subscriptions": [{"plan": "growth", "start": "2026-01-10T10:00"}],
    "usage": [{"meter": "lines", "from": "2026-01-10", "to": "2026-02-28", "per_day": "250"}],
}

SCENARIO: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object"}, "example": _SCENARIO},
        "application/yaml": {"schema": {"type": "string"}},
    },
}
"""A scenario; the guide to what-if lists its keys."""
