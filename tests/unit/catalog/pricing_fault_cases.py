"""Spoiled prices: each fault of the charge models, as (fault, what is said, where it is found).

The text replaces the second charge of the small catalogue's growth plan, or a whole section.
"""

from control_plane.catalog.source.faults import Fault

CHARGES = [
    (Fault.NOT_ABOVE_ZERO, 'package, package_size: "0", unit_price: "5"', '"0"'),
    (Fault.NOT_A_PERCENTAGE, 'per_unit, unit_price: "1", discount: "100.01"', '"100.01"'),
    (Fault.NOT_WITHIN, 'percentage, rate: "2", free_events: 1.5', "1.5"),
    (
        Fault.MAXIMUM_BELOW_MINIMUM,
        'per_unit, unit_price: "1", minimum: "5", maximum: "4.99"',
        '"4.99"',
    ),
    (
        Fault.MAXIMUM_BELOW_MINIMUM,
        'percentage, rate: "1", event_min: "2", event_max: "1"',
        '"1"}',
    ),
    (Fault.CAPACITY_NEEDS_MAX, 'capacity, tiers: [{unit_price: "1"}]', "outbound_lines, kind"),
    (Fault.METER_WITHOUT_MONEY, "dynamic", "outbound_lines, kind"),
    (
        Fault.ALLOWANCE_TOO_SHORT,
        'per_unit, unit_price: "1", allowance_interval: week',
        "week",
    ),
    (
        Fault.ALLOWANCE_TOO_SHORT,
        'per_unit, unit_price: "1", interval: year, allowance_interval: month',
        "month}",
    ),
    (
        Fault.DIMENSION_MISSING,
        (
            "matrix, dimensions: [region, class], default: refuse, "
            'cells: [{values: {region: east}, unit_price: "1"}]'
        ),
        "{region",
    ),
    (
        Fault.DUPLICATE_ENTRY,
        (
            'matrix, dimensions: [r], default: "1", '
            'cells: [{values: {r: a}, unit_price: "1"}, {values: {r: a}, unit_price: "2"}]'
        ),
        '{values: {r: a}, unit_price: "2"',
    ),
    (Fault.MISSING_KEY, "matrix, dimensions: [r], cells: [{values: {r: a}, unit_price: 1}]", None),
    (Fault.MISSING_KEY, "percentage", None),
    (Fault.UNKNOWN_KEY, 'dynamic, rate: "2"', "rate"),
    (Fault.UNKNOWN_KEY, 'volume, tiers: [{unit_price: "1", rate: "2"}]', "rate"),
    (Fault.MISSING_KEY, 'graduated_percentage, tiers: [{flat_fee: "1"}]', None),
    (
        Fault.ONE_OF,
        'per_unit, unit_price: "1", filters: [{property: a, values: [1], except: [2]}]',
        "{property",
    ),
    (Fault.ONE_OF, 'per_unit, unit_price: "1", filters: [{property: a}]', "{property"),
    (Fault.DUPLICATE_ENTRY, 'per_unit, unit_price: "1", group_by: [a, b, a]', "a]"),
    (
        Fault.UNKNOWN_CHOICE,
        'per_unit, unit_price: "1", conversion: {divide_by: "10", rounding: nearest}',
        "nearest",
    ),
    (Fault.TOO_FINE, 'per_unit, unit_price: "1", minimum: "0.001"', '"0.001"'),
]
"""The rest of a flow mapping after ``meter: outbound_lines, kind:``."""

ADDON_EXTRAS = [
    (
        Fault.STEPS_NOT_FALLING,
        'cancellation: [{days_before: 7, refund: "50"}, {days_before: 30, refund: "100"}]',
        "30",
    ),
    (
        Fault.EARLY_PRICE_MISSING,
        "early_bird: [{days_before: 30, prices: [{currency: USD, amount: 99}]}]",
        None,
    ),
    (Fault.NOT_A_PERCENTAGE, 'deposit: "101"', '"101"'),
    (Fault.NOT_WITHIN, "max_quantity: 0", "0"),
    (Fault.UNKNOWN_CHOICE, "policies: {addon_invoicing: later}", "later"),
]

PRICE_EXTRAS = [
    (Fault.UNKNOWN_KEY, "policies: {roundnig: up}", "roundnig"),
    (Fault.UNKNOWN_CHOICE, "policies: {rounding: sideways}", "sideways"),
    (Fault.NOT_WITHIN, "policies: {payment_term_days: 366}", "366"),
    (Fault.NOT_WITHIN, "count: 0", "0"),
    (Fault.NOT_A_BOOLEAN, 'tax_inclusive: "yes"', '"yes"'),
    (Fault.TOO_FINE, 'commitment: {amount: "1.005"}', '"1.005"'),
]

METER_EXTRAS = [
    (Fault.MISSING_KEY, "late: reject_after", None),
    (Fault.UNKNOWN_KEY, "late: correct, late_days: 5", "late_days"),
    (Fault.UNKNOWN_CHOICE, "late: never", "never"),
    (Fault.NOT_WITHIN, "late: reject_after, late_days: 0", "0"),
    (Fault.EMPTY_LIST, "filters: [{property: kind, values: []}]", "[]"),
    (Fault.NOT_A_MAPPING, "properties: [region]", "[region]"),
    (Fault.MISSING_KEY, "properties: {region: {required: true}}", "{required"),
    (Fault.UNKNOWN_CHOICE, "properties: {region: {type: text}}", "text"),
    (Fault.UNKNOWN_KEY, "properties: {region: {type: string, pattern: x}}", "pattern"),
    (Fault.EMPTY_LIST, "properties: {region: {type: string, values: []}}", "[]"),
    (Fault.NOT_A_TEXT, "properties: {region: {type: string, values: [1]}}", "1"),
    (Fault.NOT_A_NUMBER, "properties: {zone: {type: number, values: [7, seven]}}", "seven"),
    (Fault.NOT_A_BOOLEAN, "properties: {cold: {type: boolean, values: [maybe]}}", "maybe"),
    (Fault.DUPLICATE_ENTRY, "properties: {zone: {type: number, values: [1, 1.0]}}", "1.0"),
    (Fault.NOT_A_BOOLEAN, "properties: {region: {type: string, required: often}}", "often"),
    (Fault.PROPERTY_ADDED_UP, "properties: {lines: {type: boolean}}", "boolean"),
    (Fault.NAME_TOO_LONG, f"properties: {{{'r' * 101}: {{type: string}}}}", "rrr"),
    (Fault.EMPTY_LIST, "dimensions: []", "[]"),
    (Fault.NOT_A_TEXT, "dimensions: [7]", "7"),
    (Fault.DUPLICATE_ENTRY, "dimensions: [endpoint, endpoint]", "endpoint]"),
    (Fault.TOO_MANY, "dimensions: [a, b, c, d, e, f, g, h, i]", "[a, "),
]
