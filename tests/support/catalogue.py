"""A small catalogue file, and ways to spoil it."""

SMALL = """\
modules:
  - {code: inbound, name: {en: Inbound, zh: 入库}}
  - {code: outbound, name: {en: Outbound, zh: 出库}}
features:
  - {code: inbound, kind: boolean, module: inbound, name: {en: Receive, zh: 入库}}
  - {code: outbound, kind: boolean, module: outbound, name: {en: Ship, zh: 出库}}
  - code: outbound.orders_per_day
    kind: limit
    per: day
    module: outbound
    name: {en: Orders a day, zh: 每日出库单数}
meters:
  - code: outbound_lines
    event_type: tallyard.outbound.shipment_posted
    aggregation: sum
    property: lines
    module: outbound
    unit: {en: lines, zh: 行}
    name: {en: Shipment lines, zh: 出库明细行}
seasons:
  - code: anniversary
    name: {en: Anniversary sale, zh: 周年庆}
    zone: Asia/Shanghai
    windows:
      - {start: 2026-09-01T00:00, end: 2026-09-08T00:00}
plans:
  - code: growth
    name: {en: Growth, zh: 成长版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, amount: "1999.00", name: {en: Fee, zh: 订阅费}}
          - kind: graduated
            meter: outbound_lines
            included: "2000"
            tiers:
              - {up_to: "5000", unit_price: "0.05", flat_fee: "1.50"}
              - {unit_price: "0.03"}
  - code: scale
    name: {en: Scale, zh: 规模版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 200}
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, amount: "3999.00", name: {en: Fee, zh: 订阅费}}
  - code: receiving
    name: {en: Receiving, zh: 收货版}
    modules: [inbound]
    prices:
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, amount: "299.00", name: {en: Fee, zh: 订阅费}}
addons:
  - code: peak_618
    season: "618"
    name: {en: 618 peak, zh: 618 扩容包}
    requires: [outbound]
    grants: {outbound.orders_per_day: 400}
    prices:
      - {currency: CNY, amount: "888.00"}
"""


def spoiled(old: str, new: str) -> str:
    """The small catalogue with one text replaced, which must be there exactly once."""
    assert SMALL.count(old) == 1, f"{old!r} is in the small catalogue {SMALL.count(old)} times"
    return SMALL.replace(old, new)


def place_of(text: str, part: str) -> tuple[int, int]:
    """Line and column, from 1, of the first time ``part`` is in ``text``."""
    before = text[: text.index(part)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
