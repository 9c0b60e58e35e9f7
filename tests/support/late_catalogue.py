"""A catalogue whose meters correct closed periods, and whose allowances last a year."""

from tests.support.billing_world import CATALOGUE

_METER = """
  - {code: corrected_lines, event_type: tallyard.outbound.shipment_posted, aggregation: sum,
     property: lines, module: outbound, late: correct, unit: {en: lines, zh: 行},
     name: {en: Corrected lines, zh: 更正行}}
plans:
  - code: corrected
    name: {en: Corrected, zh: 更正版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "100.00",
             name: {en: Base fee, zh: 基础费}}
          - {code: lines, kind: per_unit, meter: corrected_lines, unit_price: "0.10",
             name: {en: Lines, zh: 行}}
  - code: by_volume
    name: {en: By volume, zh: 总量版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: lines, kind: volume, meter: corrected_lines,
             tiers: [{up_to: "100", unit_price: "1.00"}, {unit_price: "0.50"}],
             name: {en: Lines, zh: 行}}
  - code: yearly_pool
    name: {en: Yearly pool, zh: 年度额度版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: lines, kind: per_unit, meter: outbound_lines, unit_price: "0.10",
             included: "1000", allowance_interval: year, name: {en: Lines, zh: 行}}
  - code: penny
    name: {en: Penny, zh: 分币版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "0.00",
             name: {en: Base fee, zh: 基础费}}
  - code: three
    name: {en: Three, zh: 三元版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "3.00",
             name: {en: Base fee, zh: 基础费}}
"""
LATE_CATALOGUE = CATALOGUE.replace("\nplans:\n", _METER, 1)
