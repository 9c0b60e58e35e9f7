"""What is on sale in the tests of billing."""

CATALOGUE = """
modules:
  - {code: inbound, name: {en: Inbound, zh: 入库}}
  - {code: outbound, name: {en: Outbound, zh: 出库}}
features:
  - {code: inbound, kind: boolean, module: inbound, name: {en: Inbound, zh: 入库}}
  - {code: outbound, kind: boolean, module: outbound, name: {en: Outbound, zh: 出库}}
  - {code: outbound.orders_per_day, kind: limit, per: day, module: outbound,
     name: {en: Orders per day, zh: 每日订单}}
meters:
  - {code: outbound_lines, event_type: tallyard.outbound.shipment_posted, aggregation: sum,
     property: lines, module: outbound, unit: {en: lines, zh: 行},
     name: {en: Outbound lines, zh: 出库行}}
plans:
  - code: growth
    name: {en: Growth, zh: 成长版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges: &growth
          - {code: base, kind: flat, timing: advance, amount: "1999.00",
             name: {en: Base fee, zh: 基础费}}
          - {code: lines, kind: graduated, meter: outbound_lines, included: "2000",
             tiers: [{up_to: "5000", unit_price: "0.05"}, {unit_price: "0.03"}],
             name: {en: Outbound lines, zh: 出库行}}
      - currency: CNY
        interval: year
        charges:
          - {code: base, kind: flat, timing: advance, amount: "19990.00",
             name: {en: Base fee, zh: 基础费}}
  - code: scale
    name: {en: Scale, zh: 规模版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 200}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "3999.00",
             name: {en: Base fee, zh: 基础费}}
          - {code: lines, kind: graduated, meter: outbound_lines, included: "5000",
             tiers: [{up_to: "5000", unit_price: "0.04"}, {unit_price: "0.02"}],
             name: {en: Outbound lines, zh: 出库行}}
  - code: inbound_only
    name: {en: Inbound only, zh: 仅入库}
    modules: [inbound]
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "499.00",
             name: {en: Base fee, zh: 基础费}}
  - code: outbound_only
    name: {en: Outbound only, zh: 仅出库}
    modules: [outbound]
    entitlements: {outbound.orders_per_day: 100}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "799.00",
             name: {en: Base fee, zh: 基础费}}
  - code: wide
    name: {en: Wide, zh: 宽限版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 900}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance, amount: "999.00",
             name: {en: Base fee, zh: 基础费}}
addons:
  - {code: peak_618, season: "618", name: {en: 618 peak, zh: 618 大促扩容}, requires: [outbound],
     grants: {outbound.orders_per_day: 400}, prices: [{currency: CNY, amount: "888.00"}]}
"""
