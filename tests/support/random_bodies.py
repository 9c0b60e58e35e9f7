"""Random invoices and credit notes, their amounts by assembling, their taxes of every code."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from billing.domain.assembling import Balance, Coupon, Credit, TaxTreatment
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies, Rounding
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import (
    BUYER,
    SELLER,
    Charged,
    assembled,
    invoice_body,
    note_amounts,
    note_body,
)

_WHY = Text(en="Says the law", zh="依法")
_RATES = ("5", "6", "7", "8.5", "9", "13", "19", "20", "21", "25.5")
_EXEMPT = ("Z", "E", "AE", "K", "G")
_UNITS = ("lines", "GB", "orders", "hours", "seats")
CURRENCIES = ("EUR", "USD", "CNY", "JPY", "KRW")

treatments = st.one_of(
    st.just([TaxTreatment("c0", Decimal(0), "O", "XX", _WHY)]),
    st.lists(
        st.one_of(
            st.builds(lambda r: ("S", Decimal(r)), st.sampled_from(_RATES)),
            st.builds(lambda c: (c, Decimal(0)), st.sampled_from(_EXEMPT)),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ).map(
        lambda found: [
            TaxTreatment(f"c{n}", rate, code, "DE", None if code in "SZ" else _WHY)
            for n, (code, rate) in enumerate(found)
        ]
    ),
)
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
names = texts.map(lambda text: f"N {text} .")
quantities = st.none() | st.decimals("0", "99999999", places=3).map(str)


@st.composite
def lines(draw: Any, code: str, categories: list[str], largest: int) -> Charged:
    unit = draw(st.sampled_from(_UNITS))
    first, last = sorted(draw(st.tuples(st.integers(1, 28), st.integers(1, 28))))
    return Charged(
        key=f"{draw(st.uuids())}#1",
        amount=Money(draw(st.integers(0, largest)), currency(code)),
        tax_category=draw(st.sampled_from(categories)),
        tax_inclusive=draw(st.booleans()),
        discountable=draw(st.booleans()),
        name=Text(en=draw(names), zh="名"),
        quantity=draw(quantities),
        unit=Text(en=unit, zh=unit),
        days=(f"2026-02-{first:02}", f"2026-02-{last:02}"),
        tags=draw(st.dictionaries(st.sampled_from(["cost_centre", "site", "team"]), names)),
    )


@st.composite
def amounts(draw: Any, largest: int = 10**7) -> Any:
    """What assembling makes of random lines, coupons, credits and balances."""
    code = draw(st.sampled_from(CURRENCIES))
    ways = draw(treatments)
    found = draw(st.lists(lines(code, [w.category for w in ways], largest), min_size=1, max_size=8))

    def some(low: int = 1) -> Money:
        return Money(draw(st.integers(low, largest)), currency(code))

    label = Text(en=draw(names), zh="折扣")
    coupons = [
        Coupon(UUID(int=1), "PCT", label, percent=draw(st.decimals("0.5", "100", places=1))),
        Coupon(UUID(int=2), "FIX", label, amount=some()),
    ]
    grants = [Credit(UUID(int=3), "GIFT", label, some())]
    balances = [
        Balance(UUID(int=4), "credit_note", "TY-CN-1", some()),
        Balance(UUID(int=5), "prepaid", "W-1", some(), policy="tax_on_use"),
    ]
    return assembled(
        found,
        ways,
        coupons=draw(st.sets(st.sampled_from([0, 1])).map(lambda at: [coupons[i] for i in at])),
        grants=grants if draw(st.booleans()) else (),
        balances=draw(st.sets(st.sampled_from([0, 1])).map(lambda at: [balances[i] for i in at])),
        policies=Policies(rounding=draw(st.sampled_from(list(Rounding)))),
    )


def _changes(draw: Any, body: dict[str, Any]) -> dict[str, Any]:
    bare = {**SELLER, "bank": None, "phone": None, "registration": None, "email": None}
    return {
        "purchase_order": draw(st.none() | names),
        "seller": draw(st.sampled_from([SELLER, bare])),
        "buyer": {**BUYER, "name": draw(names)},
        "number": body["number"],
    }


@st.composite
def invoices(draw: Any, largest: int = 10**7) -> dict[str, Any]:
    """The frozen body of an invoice."""
    body = invoice_body(draw(amounts(largest)))
    return {**body, **_changes(draw, body)}


@st.composite
def notes(draw: Any) -> dict[str, Any]:
    """The frozen body of a credit note over a part of an invoice."""
    made = draw(amounts())
    reducible = [line for line in made.lines if line.amount.minor]
    if not reducible:
        return draw(invoices())
    chosen = draw(st.lists(st.sampled_from(reducible), min_size=1, unique_by=lambda x: x.key))
    taken = {
        line.key: Money(draw(st.integers(1, line.amount.minor)), line.amount.currency)
        for line in chosen
    }
    body = note_body(note_amounts(made, taken), invoice_body(made))
    return {**body, **_changes(draw, body)}
