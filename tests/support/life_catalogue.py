"""Plans and an add-on for subscriptions' lives, beside everything of the demo's catalogue."""

from tests.support.api import CATALOGUE

PLANS = """\
  - code: team
    name: {en: Team, zh: 团队版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 100, inbound.receipts_per_day: 50}
    prices:
      - {currency: CNY, interval: day, charges: [{code: base, kind: flat, timing: advance,
         amount: "300.00", name: {en: Base fee, zh: 基础费}}]}
      - {currency: CNY, interval: week, charges: [{code: base, kind: flat, timing: advance,
         amount: "300.00", name: {en: Base fee, zh: 基础费}}]}
      - currency: CNY
        interval: month
        charges:
          - {code: base, kind: flat, timing: advance,
         amount: "300.00", name: {en: Base fee, zh: 基础费}}
          - {code: seats, kind: flat, timing: advance, amount: "60.00", quantity: seats,
             name: {en: Seats, zh: 席位}}
          - {code: lines, kind: per_unit, meter: outbound_lines, unit_price: "0.10",
             name: {en: Outbound lines, zh: 出库行}}
      - {currency: CNY, interval: quarter, charges: [{code: base, kind: flat, timing: advance,
         amount: "910.00", name: {en: Base fee, zh: 基础费}}]}
      - {currency: CNY, interval: half_year, charges: [{code: base, kind: flat, timing: advance,
         amount: "300.00", name: {en: Base fee, zh: 基础费}}]}
      - currency: CNY
        interval: year
        charges:
          - {code: base, kind: flat, timing: advance, amount: "3650.00",
             name: {en: Base fee, zh: 基础费}}
          - {code: seats, kind: flat, timing: advance, amount: "730.00", quantity: seats,
             name: {en: Seats, zh: 席位}}
  - code: tryout
    name: {en: Tryout, zh: 体验版}
    modules: [inbound]
    entitlements: {inbound.receipts_per_day: 50}
    trial_days: 14
    prices:
      - {currency: CNY, interval: month, charges: [{code: base, kind: flat, timing: advance,
         amount: "300.00", name: {en: Base fee, zh: 基础费}}]}
  - code: free
    name: {en: Free, zh: 免费版}
    modules: [inbound]
    entitlements: {inbound.receipts_per_day: 50}
    prices:
      - {currency: CNY, interval: month, charges: [{code: base, kind: flat, timing: advance,
         amount: "0.00", name: {en: Base fee, zh: 基础费}}]}
  - code: tiny
    name: {en: Tiny, zh: 微型版}
    modules: [inbound]
    entitlements: {inbound.receipts_per_day: 50}
    prices:
      - {currency: CNY, interval: month, charges: [{code: base, kind: flat, timing: advance,
         amount: "3.00", name: {en: Base fee, zh: 基础费}}]}
"""

ADDONS = """\
  - code: early_618
    season: "618"
    name: {en: 618 peak, zh: 618 大促扩容}
    requires: [outbound]
    grants: {outbound.orders_per_day: 400}
    prices: [{currency: CNY, amount: "640.00"}]
    early_bird: [{days_before: 60, prices: [{currency: CNY, amount: "320.00"}]}]
    cancellation: [{days_before: 30, refund: "100"}, {days_before: 7, refund: "50"}]
"""

ON_SALE = CATALOGUE.read_text(encoding="utf-8")
WITH_OURS = ON_SALE.replace("\nplans:\n", f"\nplans:\n{PLANS}").replace(
    "\naddons:\n", f"\naddons:\n{ADDONS}"
)
