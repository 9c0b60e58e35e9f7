"""What must hold for the amounts of any invoice and of any of its credit notes."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.assembling import (
    Balance,
    BilledInvoice,
    CreditedLine,
    PrepaidTax,
    TaxTreatment,
    amounts_body,
    assemble,
    billed_invoice,
    credited,
    line_amounts_body,
    reduce,
)
from control_plane.catalog.policies import DEFAULTS, Policies, SplitTies, TaxRounding
from control_plane.kernel.money import round_half_away
from control_plane.kernel.rounding import Rounding
from tests.support.assembling import Line, coupon, credit, money

RATES = {"standard": ("13", "S"), "service": ("6", "S"), "odd": ("8.25", "S"), "free": ("0", "Z")}
TREATMENTS = {
    name: TaxTreatment(name, Decimal(rate), code, "XX") for name, (rate, code) in RATES.items()
}
currencies = st.sampled_from(["CNY", "JPY", "KWD"])
small = st.integers(0, 40)
amounts = st.one_of(small, st.integers(0, 10**7), st.integers(0, 2**52))
percents = st.decimals("0.01", 100, places=2).map(str)
policies = st.builds(
    Policies,
    rounding=st.sampled_from(Rounding),
    tax_rounding=st.sampled_from(TaxRounding),
    split_ties=st.sampled_from(SplitTies),
)


either = st.booleans()


@st.composite
def bills(draw, *, inclusive=either):
    code = draw(currencies)
    lines = tuple(
        Line(
            key=f"line {place}",
            amount=money(draw(amounts), code),
            tax_category=draw(st.sampled_from(list(RATES))),
            tax_inclusive=draw(inclusive),
            discountable=draw(st.integers(0, 9)) > 0,
            charge_code=draw(st.sampled_from(["base", "calls"])),
        )
        for place in range(draw(st.integers(1, 6)))
    )
    some = st.one_of(
        percents.map(coupon),
        amounts.map(lambda amount: coupon(amount=amount, code=code)),
        percents.map(lambda percent: coupon(percent, charges=("calls",))),
    )
    return {
        "lines": lines,
        "coupons": draw(st.lists(some, max_size=3)),
        "credits": [credit(a, code) for a in draw(st.lists(amounts, max_size=2))],
        "treatments": draw(st.sampled_from([TREATMENTS, {}])),
        "policies": draw(policies),
    }


@given(bills())
def test_every_line_is_its_discounts_its_net_and_its_tax(bill):
    for line in assemble(**bill).lines:
        tax = line.tax.minor if line.tax_inclusive else 0

        assert line.amount.minor == line.discount.minor + line.net.minor + tax
        assert (
            min(line.net.minor, line.tax.minor, *(d.amount.minor for d in line.discounts), 0) == 0
        )


@given(bills())
def test_the_sums_are_those_of_the_lines_and_of_the_groups(bill):
    found = assemble(**bill)

    assert found.net.minor == sum(line.net.minor for line in found.lines)
    assert found.tax.minor == sum(line.tax.minor for line in found.lines)
    assert found.total == found.net + found.tax
    assert found.discount.minor == sum(used.amount.minor for used in found.used)
    if bill["treatments"]:
        assert sum(group.base.minor for group in found.taxes) == found.net.minor
        assert sum(group.tax.minor for group in found.taxes) == found.tax.minor
        assert len({(group.code, group.rate) for group in found.taxes}) == len(found.taxes)
    else:
        assert (found.taxes, found.tax.minor) == ((), 0)


@given(bills(inclusive=st.just(False)))
def test_exclusive_tax_is_rounded_once_over_the_nets_of_its_group(bill):
    found = assemble(**{**bill, "treatments": TREATMENTS, "policies": DEFAULTS})

    for group in found.taxes:
        exact = Fraction(group.base.minor) * Fraction(group.rate) / 100
        assert group.tax.minor == round_half_away(exact)


@given(bills(inclusive=st.just(True)))
def test_inclusive_tax_is_rounded_once_over_the_gross_and_the_gross_is_kept(bill):
    found = assemble(**{**bill, "treatments": TREATMENTS, "policies": DEFAULTS})

    assert found.total == found.subtotal - found.discount
    for group in found.taxes:
        rate, gross = Fraction(group.rate) / 100, group.base.minor + group.tax.minor
        assert group.tax.minor == round_half_away(gross * rate / (1 + rate))


@given(bills())
def test_a_tax_per_line_differs_from_its_exact_share_by_less_than_one_unit(bill):
    found = assemble(**{**bill, "treatments": TREATMENTS, "policies": DEFAULTS})

    for line in found.lines:
        rate = Fraction(line.tax_rate) / 100
        taxable = line.net.minor + (line.tax.minor if line.tax_inclusive else 0)
        share = taxable * (rate / (1 + rate) if line.tax_inclusive else rate)
        assert abs(line.tax.minor - share) < 2
        assert line.tax.minor == 0 or rate


@given(bills())
def test_coupons_then_credits_each_take_from_what_is_left(bill):
    bill = {**bill, "policies": DEFAULTS, "treatments": {}}
    found = assemble(**{**bill, "coupons": []}).discount.minor
    left = sum(line.amount.minor for line in bill["lines"] if line.discountable)

    given_out = sum(credit.amount.minor for credit in bill["credits"])
    assert found == min(left, given_out)
    for held in bill["coupons"]:
        covered = [n for n in bill["lines"] if n.discountable and held.scope.covers(n)]
        base = sum(line.amount.minor for line in covered)
        most = held.amount.minor if held.amount else base * Fraction(held.percent) / 100
        alone = assemble(**{**bill, "coupons": [held], "credits": []})
        assert alone.discount.minor == min(round_half_away(Fraction(most)), base)


@given(bills())
def test_what_is_not_discountable_is_never_discounted(bill):
    for line in assemble(**bill).lines:
        assert line.source.discountable or not line.discounts


@given(bills(), st.lists(amounts, max_size=3))
def test_balances_settle_the_total_and_no_more(bill, held):
    code = bill["lines"][0].amount.currency.code
    balances = [Balance(UUID(int=n), "prepaid", str(n), money(a, code)) for n, a in enumerate(held)]

    found = assemble(**bill, balances=balances)

    assert found.due.minor == max(found.total.minor - sum(held), 0)
    assert sum(used.amount.minor for used in found.applied) + found.due.minor == found.total.minor


@given(st.integers(1, 10**9), st.data())
def test_a_balance_used_up_in_any_parts_gives_back_exactly_the_tax_paid_on_it(total, data):
    taxes = [("13", *data.draw(_split(total)))]
    balance = _taxed_balance(taxes)
    used: list[PrepaidTax] = []
    while balance.amount.minor:
        part = data.draw(st.integers(-(-balance.amount.minor // 5), balance.amount.minor))
        (applied,) = assemble(
            [Line("a", money(part))], policies=DEFAULTS, balances=[balance]
        ).applied
        used += applied.taxes
        left = balance.taxes[0]
        share = applied.taxes[0]
        balance = replace(
            balance,
            amount=balance.amount - applied.amount,
            taxes=(replace(left, base=left.base - share.base, tax=left.tax - share.tax),),
        )
        assert min(balance.taxes[0].tax.minor, balance.taxes[0].base.minor) >= 0
        assert share.base + share.tax == applied.amount

    assert sum(row.tax.minor for row in used) == taxes[0][2]
    assert sum(row.base.minor for row in used) == taxes[0][1]


@given(bills(), st.data())
def test_any_sequence_of_notes_ends_with_nothing_left(bill, data):
    invoice = assemble(**bill)
    original = BilledInvoice(invoice.lines, invoice.taxes)
    left = {line.key: line.amount.minor for line in invoice.lines if line.amount.minor}
    already: dict[str, CreditedLine] = {}
    totals = [0, 0, 0, 0]
    while left:
        code = invoice.total.currency.code
        reductions = {k: money(part, code) for k, part in _some_of(left, data).items()}
        note = reduce(original, reductions, policies=bill["policies"], already=already)
        for line in note.lines:
            _is_a_credible_part(line, already)
            before = already.get(line.key)
            already[line.key] = line.credited if before is None else before.plus(line.credited)
            left[line.key] -= line.amount.minor
        left = {key: minor for key, minor in left.items() if minor}
        assert sum(group.tax.minor for group in note.taxes) == note.tax.minor
        assert note.total == note.net + note.tax
        sums = (note.subtotal, note.discount, note.net, note.tax)
        totals = [total + amount.minor for total, amount in zip(totals, sums, strict=True)]

    whole = (invoice.subtotal, invoice.discount, invoice.net, invoice.tax)
    assert totals == [amount.minor for amount in whole]


@given(bills(inclusive=st.just(False)), st.data())
def test_the_first_note_of_an_exclusive_invoice_is_taxed_as_an_invoice_would_be(bill, data):
    bill = {**bill, "policies": DEFAULTS, "treatments": TREATMENTS, "coupons": [], "credits": []}
    invoice = assemble(**bill)
    left = {line.key: line.amount.minor for line in invoice.lines if line.amount.minor}
    if not left:
        return
    code = invoice.total.currency.code
    reductions = {key: money(part, code) for key, part in _some_of(left, data).items()}
    note = reduce(BilledInvoice(invoice.lines, invoice.taxes), reductions, policies=DEFAULTS)

    for group in note.taxes:
        exact = Fraction(group.base.minor) * Fraction(group.rate) / 100
        assert abs(group.tax.minor - exact) < 1


@given(bills(), st.data())
def test_notes_computed_from_frozen_bodies_are_those_computed_from_values(bill, data):
    invoice = assemble(**bill)
    body = _body(invoice)
    left = {line.key: line.amount.minor for line in invoice.lines if line.amount.minor}
    if not left:
        return
    code = invoice.total.currency.code
    first = {key: money(part, code) for key, part in _some_of(left, data).items()}
    note = reduce(BilledInvoice(invoice.lines, invoice.taxes), first, policies=bill["policies"])

    again = reduce(billed_invoice(body), first, policies=bill["policies"])

    assert _note_body(again) == _note_body(note)
    assert credited([_note_body(note)]) == {line.key: line.credited for line in note.lines}


def _is_a_credible_part(line, already):
    of, before = line.of, already.get(line.key)
    taken = line.credited if before is None else before.plus(line.credited)
    assert min(line.net.minor, line.tax.minor, *(d.amount.minor for d in line.discounts), 0) == 0
    assert taken.amount <= of.amount
    assert taken.net <= of.net
    assert taken.tax <= of.tax
    assert all(a <= b.amount for a, b in zip(taken.discounts, of.discounts, strict=True))
    inclusive = line.tax.minor if of.tax_inclusive else 0
    assert line.amount.minor == line.discount.minor + line.net.minor + inclusive


def _some_of(left, data):
    keys = data.draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
    whole = data.draw(st.booleans())
    return {key: _part(left[key], whole, data) for key in keys}


def _part(minor, whole, data):
    return minor if whole else data.draw(st.integers(max(1, minor // 7), minor))


def _split(total):
    return st.integers(0, total).map(lambda tax: (total - tax, tax))


def _taxed_balance(taxes):
    rows = tuple(
        PrepaidTax("standard", "S", Decimal(rate), money(base), money(tax))
        for rate, base, tax in taxes
    )
    amount = sum(row.base.minor + row.tax.minor for row in rows)
    return Balance(UUID(int=3), "prepaid", "W-1", money(amount), "tax_on_topup", rows)


def _body(invoice):
    frozen = {"subscription": "sub_00000000000000000000000001", "item": "p@1", "charge": "base"}
    return {
        "currency": invoice.total.currency.code,
        "lines": [{**frozen, **line_amounts_body(line)} for line in invoice.lines],
        **amounts_body(invoice),
    }


def _note_body(note):
    return {
        "currency": note.total.currency.code,
        "lines": [line_amounts_body(line) for line in note.lines],
        **amounts_body(note),
    }
