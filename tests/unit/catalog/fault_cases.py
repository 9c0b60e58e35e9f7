"""Spoiled catalogues: the fault, what is replaced, by what, where it is found, and its path."""

from control_plane.catalog.source.faults import Fault

VALUES = [
    (Fault.DUPLICATE_CODE, "- code: scale", "- code: growth", None, "plans[1].code"),
    (
        Fault.DUPLICATE_CODE,
        "{code: outbound, name: {en: Outbound, zh: 出库}}",
        (
            "{code: outbound, name: {en: Outbound, zh: 出库}}\n"
            "  - {code: inbound, name: {en: I, zh: 入}}"
        ),
        "inbound, name: {en: I, ",
        "modules[2].code",
    ),
    (Fault.UNKNOWN_MODULE, "modules: [inbound]", "modules: [inbuond]", "inbuond", None),
    (Fault.UNKNOWN_MODULE, "requires: [outbound]", "requires: [nowhere]", "nowhere", None),
    (Fault.UNKNOWN_METER, "meter: outbound_lines", "meter: lines_out", "lines_out", None),
    (
        Fault.UNKNOWN_FEATURE,
        "{outbound.orders_per_day: 400}",
        "{outbound.parcels_per_day: 400}",
        "outbound.parcels_per_day",
        "addons[0].grants.outbound.parcels_per_day",
    ),
    (Fault.UNKNOWN_SEASON, '"618"\n', '"817"\n', '"817"', "addons[0].season"),
    (
        Fault.UNKNOWN_CURRENCY,
        "{currency: CNY, amount",
        "{currency: XYZ, amount",
        "XYZ",
        "addons[0].prices[0].currency",
    ),
    (
        Fault.UNKNOWN_CHOICE,
        'interval: month\n        charges:\n          - {code: base, kind: flat, amount: "299',
        'interval: fortnight\n        charges:\n          - {code: base, kind: flat, amount: "299',
        "fortnight",
        "plans[2].prices[0].interval",
    ),
    (Fault.UNKNOWN_CHOICE, "kind: graduated", "kind: stairs", "stairs", None),
    (Fault.UNKNOWN_CHOICE, "aggregation: sum", "aggregation: median", "median", None),
    (Fault.UNKNOWN_CHOICE, "per: day", "per: fortnight", "fortnight", None),
    (
        Fault.KEY_OF_OTHER_KIND,
        "outbound, kind: boolean",
        "outbound, kind: boolean, per: day",
        "day, module",
        "features[1].per",
    ),
    (
        Fault.NOT_WHOLE_UNITS,
        "{outbound.orders_per_day: 400}",
        "{outbound.orders_per_day: 0.5}",
        "0.5}",
        None,
    ),
    (
        Fault.LAST_TIER_CLOSED,
        '{unit_price: "0.03"}',
        '{up_to: "9000", unit_price: "0.03"}',
        '"9000"',
        None,
    ),
    (
        Fault.TIER_AFTER_OPEN,
        '{up_to: "5000", unit_price: "0.05", flat_fee: "1.50"}',
        '{unit_price: "0.05", flat_fee: "1.50"}',
        '{unit_price: "0.05"',
        "plans[0].prices[0].charges[1].tiers[0]",
    ),
    (
        Fault.TIERS_NOT_INCREASING,
        '              - {unit_price: "0.03"}',
        '              - {up_to: "5000", unit_price: "0.04"}\n              - {unit_price: "0.03"}',
        '"5000", unit_price: "0.04"',
        "plans[0].prices[0].charges[1].tiers[1].up_to",
    ),
    (Fault.TIER_AT_ZERO, 'up_to: "5000"', 'up_to: "0"', '"0", unit', None),
    (Fault.NEGATIVE, '"1999.00"', '"-1999.00"', '"-1999.00"', None),
    (Fault.NEGATIVE, '"0.03"', "-0.03", "-0.03", None),
    (Fault.HOLDING_ABOVE_FEE, '"1999.00"', '"1999.00", holding: "1999.01"', '"1999.01"', None),
    (Fault.TOO_FINE, '"888.00"', '"888.001"', '"888.001"', "addons[0].prices[0].amount"),
    (Fault.TOO_FINE, 'flat_fee: "1.50"', 'flat_fee: "1.505"', '"1.505"', None),
    (Fault.TOO_LONG, '"0.03"', '"0.0000000000003"', '"0.0000000000003"', None),
    (Fault.TOO_LONG, '"1999.00"', '"1234567890123456"', '"1234567890123456"', None),
    (Fault.NOT_A_NUMBER, '"0.03"', '"3e-2"', '"3e-2"', None),
    (Fault.NOT_A_NUMBER, '"2000"', "2_000", "2_000", None),
    (Fault.NOT_A_NUMBER, '"2000"', ".nan", ".nan", None),
]

STRUCTURE = [
    (
        Fault.MISSING_TRANSLATION,
        "{en: Growth, zh: 成长版}",
        "{en: Growth}",
        "{en: Growth}",
        "plans[0].name",
    ),
    (Fault.MISSING_TRANSLATION, "{en: Scale, zh: 规模版}", '{en: "", zh: 规模版}', '{en: ""', None),
    (
        Fault.NOT_A_TEXT,
        "{en: Growth, zh: 成长版}",
        "{en: yes, zh: 成长版}",
        "yes",
        "plans[0].name.en",
    ),
    (
        Fault.UNKNOWN_KEY,
        "requires: [outbound]",
        "requires: [outbound]\n    colour: red",
        "colour",
        None,
    ),
    (
        Fault.UNKNOWN_KEY,
        "{en: Growth, zh: 成长版}",
        "{en: Growth, zh: 成长版, de: Wachstum}",
        "de: Wachstum",
        None,
    ),
    (Fault.UNKNOWN_KEY, '{unit_price: "0.03"}', '{unit_price: "0.03", price: 1}', "price: 1", None),
    (Fault.MISSING_KEY, 'season: "618"\n    ', "", "code: peak_618", "addons[0]"),
    (Fault.MISSING_KEY, "    property: lines\n", "", "code: outbound_lines", "meters[0]"),
    (Fault.MISSING_KEY, "    per: day\n", "", "code: outbound.orders_per_day", "features[2]"),
    (
        Fault.MISSING_KEY,
        '"1999.00", name: {en: Fee, zh: 订阅费}}',
        '"1999.00"}',
        "{code: base, kind",
        None,
    ),
    (
        Fault.DUPLICATE_KEY,
        "code: peak_618",
        "code: peak_618\n    code: peak_619",
        "code: peak_619",
        None,
    ),
    (
        Fault.DUPLICATE_ENTRY,
        "requires: [outbound]",
        "requires: [outbound, outbound ]",
        "outbound ]",
        None,
    ),
    (
        Fault.DUPLICATE_PRICE,
        '"299.00", name: {en: Fee, zh: 订阅费}}\n',
        (
            '"299.00", name: {en: Fee, zh: 订阅费}}\n'
            "      - {currency: CNY, interval: month, charges: [{code: base, kind: flat, "
            'amount: "1", name: {en: Fee, zh: 订阅费}}]}\n'
        ),
        "{currency: CNY, interval: month",
        "plans[2].prices[1]",
    ),
    (
        Fault.LIMIT_MISSING,
        "    entitlements: {outbound.orders_per_day: 200}\n",
        "",
        "code: scale",
        "plans[1]",
    ),
    (
        Fault.FEATURE_NOT_SOLD,
        "modules: [inbound]\n",
        "modules: [inbound]\n    entitlements: {outbound.orders_per_day: 9}\n",
        "outbound.orders_per_day: 9",
        None,
    ),
    (
        Fault.METER_NOT_SOLD,
        '"299.00", name: {en: Fee, zh: 订阅费}}\n',
        (
            '"299.00", name: {en: Fee, zh: 订阅费}}\n'
            '          - {kind: per_unit, meter: outbound_lines , unit_price: "1"}\n'
        ),
        "outbound_lines ,",
        "plans[2].prices[0].charges[1].meter",
    ),
    (
        Fault.MODULE_FEATURE_IMPLIED,
        "{outbound.orders_per_day: 400}",
        "{outbound.orders_per_day: 400, outbound: true}",
        "outbound: true",
        None,
    ),
    (
        Fault.MODULE_WITHOUT_FEATURE,
        "  - {code: outbound, name: {en: Outbound, zh: 出库}}\n",
        (
            "  - {code: outbound, name: {en: Outbound, zh: 出库}}\n"
            "  - {code: alerts, name: {en: Alerts, zh: 预警}}\n"
        ),
        "{code: alerts",
        "modules[2]",
    ),
    (Fault.BUILT_IN_SEASON, "code: anniversary", "code: double11", "double11", "seasons[0].code"),
    (Fault.UNKNOWN_ZONE, "zone: Asia/Shanghai", "zone: Asia/Atlantis", "Asia/Atlantis", None),
    (Fault.NOT_A_LOCAL_TIME, "2026-09-08T00:00", "2026-09-31T00:00", "2026-09-31T00:00", None),
    (
        Fault.BAD_WINDOW,
        "2026-09-08T00:00",
        "2026-09-01T00:00 ",
        "{start: 2026-09-01T00:00, end",
        None,
    ),
    (
        Fault.WINDOWS_OVERLAP,
        "2026-09-08T00:00}\n",
        "2026-09-08T00:00}\n      - {start: 2026-09-07, end: 2026-09-09}\n",
        "{start: 2026-09-07",
        "seasons[0].windows[1]",
    ),
    (Fault.NOT_A_CODE, "code: peak_618", "code: Peak-618", "Peak-618", None),
    (Fault.NOT_A_MAPPING, "{en: Growth, zh: 成长版}", "Growth", "Growth", "plans[0].name"),
    (Fault.NOT_A_LIST, "requires: [outbound]", "requires: outbound", "outbound\n    grants", None),
    (Fault.EMPTY_LIST, "requires: [outbound]", "requires: []", "[]", None),
    (Fault.NOT_A_BOOLEAN, "    per: day\n", "    per: day\n    strict: perhaps\n", "perhaps", None),
]

_GROWTH = "  - code: growth\n"
LADDERS = [
    (
        Fault.NOT_DAYS,
        _GROWTH,
        f"{_GROWTH}    ladder: {{read_only: 14 days}}\n",
        "14 days",
        "plans[0].ladder.read_only",
    ),
    (
        Fault.LADDER_TOO_STEEP,
        _GROWTH,
        f"{_GROWTH}    ladder: {{read_only: P2D}}\n",
        "P2D",
        "plans[0].ladder.read_only",
    ),
    (
        Fault.LADDER_ENDED,
        _GROWTH,
        f"{_GROWTH}    ladder: {{retained: never, purged: P99D}}\n",
        "P99D",
        "plans[0].ladder.purged",
    ),
]

CASES = VALUES + STRUCTURE + LADDERS
