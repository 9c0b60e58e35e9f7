"""What random lives are sold: two plans in four currencies and three intervals, and an add-on."""

from tests.support.billing_catalogue import CATALOGUE

MONTHS = {"month": 1, "quarter": 3, "year": 12}
# The fee of a month, a seat and the add-on: in yen without a fraction, in dinars with three digits.
CURRENCIES = {
    "CNY": ("1999.00", "60.50", "888.00"),
    "JPY": ("39999", "1300", "17777"),
    "KWD": ("85.125", "2.345", "37.001"),
    "EUR": ("249.90", "7.77", "111.10"),
}


def _times(amount: str, factor: int) -> str:
    whole, _, fraction = amount.partition(".")
    minor = str(int(whole + fraction) * factor)
    return f"{minor[: -len(fraction)]}.{minor[-len(fraction) :]}" if fraction else minor


def _price(code: str, interval: str, size: int) -> str:
    base, seat, _ = CURRENCIES[code]
    months = MONTHS[interval] * size
    return f"""
      - currency: {code}
        interval: {interval}
        charges:
          - {{code: base, kind: flat, timing: advance, amount: "{_times(base, months)}",
             name: {{en: Base fee, zh: 基础费}}}}
          - {{code: seats, kind: flat, timing: advance, amount: "{_times(seat, months)}",
             quantity: seats, name: {{en: Seats, zh: 席位}}}}
          - {{code: lines, kind: graduated, meter: outbound_lines, included: "{200 * months}",
             tiers: [{{up_to: "500", unit_price: "0.57"}}, {{unit_price: "0.31"}}],
             name: {{en: Outbound lines, zh: 出库行}}}}
          - {{code: corrected, kind: volume, meter: corrected_lines,
             tiers: [{{up_to: "800", unit_price: "1.13"}}, {{unit_price: "0.49"}}],
             name: {{en: Corrected lines, zh: 更正行}}}}"""


def _plan(code: str, size: int) -> str:
    prices = "".join(_price(each, interval, size) for each in CURRENCIES for interval in MONTHS)
    return f"""
  - code: {code}
    name: {{en: {code.title()}, zh: 方案}}
    modules: [inbound, outbound]
    entitlements: {{outbound.orders_per_day: {150 * size}}}
    prices:{prices}"""


_METER = """
  - {code: corrected_lines, event_type: tallyard.outbound.shipment_posted, aggregation: sum,
     property: lines, module: outbound, late: correct, unit: {en: lines, zh: 行},
     name: {en: Corrected lines, zh: 更正行}}
plans:"""
_ADDONS = ", ".join(
    f'{{currency: {code}, amount: "{addon}"}}' for code, (*_, addon) in CURRENCIES.items()
)
LIVES_CATALOGUE = CATALOGUE.replace(
    "\nplans:", _METER + _plan("small", 1) + _plan("large", 2), 1
).replace(
    'prices: [{currency: CNY, amount: "888.00"}]}',
    'cancellation: [{days_before: 30, refund: "100"}, {days_before: 7, refund: "50"}],\n'
    f"     prices: [{_ADDONS}]}}",
)
