"""Random invoices and credit notes, their amounts by assembling, their taxes of every code."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from billing.domain.assembling import Balance, Coupon, Credit, TaxTreatment
from billing.domain.documents.reading import ReadLine
from control_plane.catalog.policies import Policies, Rounding
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import (
    BUYER,
    SELLER,
    assembled,
    charged,
    invoice_body,
    note_amounts,
    note_body,
    text,
)

_WHY = text("Says the law", "依法")
_BARE = replace(SELLER, bank=None, phone=None, registration=None, email=None)
RATES = ("5", "6", "7", "8.5", "9", "13", "19", "20", "21", "25.5")
_EXEMPT = ("Z", "E", "AE", "K", "G")
_UNITS = ("lines", "GB", "orders", "hours", "seats")
CURRENCIES = ("EUR", "USD", "CNY", "JPY", "KRW")

taxed = st.lists(
    st.one_of(
        st.sampled_from(RATES).map(lambda rate: ("S", Decimal(rate))),
        st.sampled_from(_EXEMPT).map(lambda code: (code, Decimal(0))),
    ),
    min_size=1,
    max_size=4,
    unique=True,
).map(
    lambda found: [
        TaxTreatment(f"c{n}", rate, code, "DE", None if code in "SZ" else _WHY)
        for n, (code, rate) in enumerate(found)
    ]
)
untaxed = st.just([TaxTreatment("c0", Decimal(0), "O", "XX", _WHY)])
treatments = st.one_of(taxed, taxed, taxed, untaxed)
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
names = words.map(lambda word: f"N {word} .")
quantities = st.none() | st.decimals("0", "99999999", places=3).map(str)


@st.composite
def lines(draw: Any, place: int, code: str, categories: list[str], largest: int) -> ReadLine:
    unit = draw(st.sampled_from(_UNITS))
    first, last = sorted(draw(st.tuples(st.integers(1, 28), st.integers(1, 28))))
    return charged(
        f"line{place}#1",
        Money(draw(st.integers(0, largest)), currency(code)),
        category=draw(st.sampled_from(categories)),
        inclusive=draw(st.booleans()),
        discountable=draw(st.booleans()),
        name=text(draw(names)),
        quantity=draw(quantities),
        unit=text(unit),
        days=(f"2026-02-{first:02}", f"2026-02-{last:02}"),
        tags=draw(st.dictionaries(st.sampled_from(["cost_centre", "site", "team"]), names)),
    )


@st.composite
def amounts(draw: Any, largest: int = 10**7) -> Any:
    """What assembling makes of random lines, coupons, credits and balances."""
    code = draw(st.sampled_from(CURRENCIES))
    ways = draw(treatments)
    categories = [way.category for way in ways]
    count = draw(st.integers(1, 8))
    found = [draw(lines(place, code, categories, largest)) for place in range(count)]

    def some() -> Money:
        return Money(draw(st.integers(1, largest)), currency(code))

    def chosen(of: list[Any]) -> list[Any]:
        return [one for one in of if draw(st.booleans())]

    label = text(draw(names))
    percent = draw(st.decimals("0.5", "100", places=1))
    return assembled(
        found,
        ways,
        coupons=chosen(
            [
                Coupon(UUID(int=1), "PCT", label, percent=percent),
                Coupon(UUID(int=2), "FIX", label, amount=some()),
            ]
        ),
        grants=chosen([Credit(UUID(int=3), "GIFT", label, some())]),
        balances=chosen(
            [
                Balance(UUID(int=4), "credit_note", "TY-CN-1", some()),
                Balance(UUID(int=5), "prepaid", "W-1", some(), policy="tax_on_use"),
            ]
        ),
        policies=Policies(rounding=draw(st.sampled_from(list(Rounding)))),
    )


def _parties(draw: Any) -> dict[str, Any]:
    return {
        "purchase_order": draw(st.none() | names),
        "seller": draw(st.sampled_from([SELLER, _BARE])),
        "buyer": replace(BUYER, name=draw(names)),
    }


@st.composite
def invoices(draw: Any, largest: int = 10**7) -> dict[str, Any]:
    """The frozen body of an invoice."""
    return invoice_body(draw(amounts(largest)), **_parties(draw))


@st.composite
def notes(draw: Any) -> dict[str, Any]:
    """The frozen body of a credit note over a part of an invoice."""
    made = draw(amounts())
    reducible = [line for line in made.lines if line.amount.minor]
    if not reducible:
        return invoice_body(made, **_parties(draw))
    some = draw(st.lists(st.sampled_from(reducible), min_size=1, unique_by=lambda x: x.key))
    taken = {
        line.key: Money(draw(st.integers(1, line.amount.minor)), line.amount.currency)
        for line in some
    }
    return note_body(note_amounts(made, taken), **_parties(draw))
