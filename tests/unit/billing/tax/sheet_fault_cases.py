"""Wrong tax files: the fault, the file, and where in it the fault is found."""

from control_plane.catalog.source.faults import Fault

CASES = [
    (
        Fault.NOT_A_COUNTRY,
        "entities: [{code: x, prefix: XX, country: XX}]",
        "1:43 entities[0].country",
    ),
    (Fault.NOT_A_PREFIX, "entities: [{code: x, prefix: x1}]", "1:30 entities[0].prefix"),
    (
        Fault.TAX_WITHOUT_COUNTRY,
        "entities: [{code: x, prefix: XX, tax: {}}]",
        "1:39 entities[0].tax",
    ),
    (
        Fault.NOT_A_TAX_NUMBER,
        "entities: [{code: x, prefix: XX, country: DE, tax_id: DE1}]",
        "1:55 entities[0].tax_id",
    ),
    (
        Fault.UNKNOWN_CURRENCY,
        "entities: [{code: x, prefix: XX, currency: ABC}]",
        "1:44 entities[0].currency",
    ),
    (Fault.MISSING_KEY, "entities: [{code: x}]", "1:12 entities[0]"),
    (
        Fault.NOT_A_GOODS_CODE,
        (
            "entities: [{code: x, prefix: XX, country: CN, tax: {fapiao: "
            '[{category: a, code: "304", label: 服务}]}}]'
        ),
        "1:82 entities[0].tax.fapiao[0].code",
    ),
    (
        Fault.NOT_A_DAY,
        'rates: [{jurisdiction: CN, category: a, rate: "1", from: 2020-02-30}]',
        "1:58 rates[0].from",
    ),
    (
        Fault.RATE_WITHOUT_TAX,
        'rates: [{jurisdiction: CN, category: a, code: Z, rate: "1", from: 2020-01-01}]',
        "1:56 rates[0].rate",
    ),
    (
        Fault.NOT_A_PERCENTAGE,
        'rates: [{jurisdiction: CN, category: a, rate: "101", from: 2020-01-01}]',
        "1:47 rates[0].rate",
    ),
    (
        Fault.BAD_WINDOW,
        'rates: [{jurisdiction: CN, category: a, rate: "1", from: 2020-01-01, to: 2019-01-01}]',
        "1:74 rates[0].to",
    ),
    (
        Fault.NOT_A_COUNTRY,
        'rates: [{jurisdiction: XX, category: a, rate: "1", from: 2020-01-01}]',
        "1:24 rates[0].jurisdiction",
    ),
]
