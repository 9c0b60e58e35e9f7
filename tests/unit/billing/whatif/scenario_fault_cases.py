"""Spoiled scenarios: the fault, what is replaced of the growing one, by what, and where."""

from control_plane.catalog.source.faults import Fault

CANCEL = "{at: 2026-03-01T12:00, do: cancel}"
USAGE = "usage:\n  - {meter: lines, from: 2026-01-10, to: 2026-02-28, per_day"
COUNTED = "aggregation: sum, property: lines"

CASES = [
    (Fault.UNKNOWN_ZONE, "zone: Asia/Shanghai", "zone: Asia/Nowhere", "2:7"),
    (Fault.NOT_AN_INSTANT, "until: 2026-04-10", "until: soon", "3:8"),
    (Fault.NOT_AN_INSTANT, "at: 2026-03-01T12:00", "at: 2026-02-30", "23:14"),
    (Fault.UNKNOWN_CURRENCY, "currency: CNY\nzone", "currency: XYZ\nzone", "1:11"),
    (Fault.UNKNOWN_PLAN, "plan: growth\n", "plan: huge\n", "20:11"),
    (Fault.NO_SUCH_PRICE, "plan: growth\n", "plan: growth\n    interval: year\n", "20:11"),
    (Fault.NOT_WHOLE, "plan: growth\n", "plan: growth\n    count: 0\n", "21:12"),
    (Fault.UNKNOWN_CHOICE, "do: cancel", "do: explode", "23:36"),
    (Fault.REFUSED, "do: cancel", "do: resume", "23:9"),
    (
        Fault.UNKNOWN_ADDON,
        CANCEL,
        "{at: 2026-03-01T12:00, do: book_addon, addon: peak_818}",
        "23:55",
    ),
    (
        Fault.UNKNOWN_BOOKING,
        CANCEL,
        "{at: 2026-03-01T12:00, do: cancel_booking, booking: 1}",
        "23:61",
    ),
    (Fault.UNKNOWN_METER, "meter: lines, from", "meter: boxes, from", "25:13"),
    (Fault.NEGATIVE, 'per_day: "250"', 'per_day: "-1"', "25:63"),
    (Fault.BAD_WINDOW, "to: 2026-02-28", "to: 2025-02-28", "25:42"),
    (Fault.NOT_A_DAY, "from: 2026-01-10", "from: tomorrow", "25:26"),
    (
        Fault.EVENT_UNUSABLE,
        USAGE,
        "events: [{specversion: '1.0', id: e1, source: /s, type: t.other,"
        " time: '2026-01-11T00:00:00Z', data: {lines: 1}}]\n" + USAGE,
        "24:10",
    ),
    (Fault.REFUSED, "usage:", "policies: {rounding: sideways}\nusage:", "24:22"),
    (Fault.ONE_OF, "usage:", "coupons: [{code: A}]\nusage:", "24:11"),
    (Fault.NOT_A_NUMBER, "usage:", "tax: {standard: {rate: '101'}}\nusage:", "24:24"),
]

COUNTS = [
    (Fault.NOT_WHOLE, "1.5"),
    (Fault.TOO_MANY_EVENTS, "200001"),
]
"""What may not be said of a meter that counts events."""
