"""A body of format 1, as billing froze them before it knew tax."""

from typing import Any


def old_body() -> dict[str, Any]:
    """An upgrade at mid-period: what was unused comes back as a negative line."""
    return {
        "kind": "invoice",
        "format": 1,
        "number": "TY-2026-000007",
        "tenant": "ten_00000000000000000000000008",
        "seller": {"name": "Tallyard", "reference": "live"},
        "buyer": {"name": "贝拉披萨", "reference": "bella"},
        "currency": "CNY",
        "zone": "Asia/Shanghai",
        "due_at": "2026-01-25T06:00:00Z",
        "part": 0,
        "date": "2026-01-25",
        "payable_by": "2026-02-08",
        "lines": [
            _line("credit", -103174, "Growth", "成长版"),
            _line("charge", 206400, "Scale", "规模版"),
        ],
        "total_minor": 103226,
    }


def _line(kind: str, amount: int, en: str, zh: str) -> dict[str, Any]:
    return {
        "key": f"sub:{kind}",
        "kind": kind,
        "subscription": "sub_00000000000000000000000007",
        "item": f"{en.lower()}@1",
        "item_name": {"en": en, "zh": zh},
        "charge": "base",
        "name": {"en": "Base fee", "zh": "基础费"},
        "start": "2026-01-24T16:00:00Z",
        "end": "2026-02-09T16:00:00Z",
        "first_day": "2026-01-25",
        "last_day": "2026-02-09",
        "quantity": None,
        "unit": None,
        "amount_minor": amount,
        "steps": [{"step": "fee", "amount": "1999.00"}],
    }
