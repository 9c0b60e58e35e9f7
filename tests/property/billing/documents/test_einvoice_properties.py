"""Random invoices and credit notes are valid under the rules of EN 16931, in both syntaxes."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from lxml import etree

from billing.documents.content import read_document
from billing.documents.einvoice.build import einvoice
from billing.documents.einvoice.cii import cii
from billing.documents.einvoice.gaps import EInvoiceImpossible, gaps
from billing.documents.einvoice.model import EInvoice
from billing.documents.einvoice.ubl import ubl
from billing.domain.assembling import TaxTreatment
from control_plane.catalog.policies import Policies, Rounding
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import assembled, charged, invoice_body
from tests.support.en16931 import broken
from tests.support.random_bodies import CURRENCIES, RATES, invoices, notes

LARGEST = 10**17
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
long = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
bodies = st.one_of(invoices(), notes())


def written(body: dict[str, Any]) -> EInvoice:
    """Map a body; only in whole yen or won can its roundings be more than the rules allow."""
    try:
        return einvoice(read_document(body))
    except EInvoiceImpossible as refused:
        only_roundings(body, refused)
        reject()


def only_roundings(body: dict[str, Any], refused: EInvoiceImpossible) -> None:
    assert currency(body["currency"]).exponent == 0
    assert {error["path"] for error in refused.fields["errors"]} == {"taxes"}


def check_rules(body: dict[str, Any]) -> None:
    invoice = written(body)

    assert broken("ubl", ubl(invoice)) == []
    assert broken("cii", cii(invoice)) == []


@quick
@given(bodies)
def test_random_documents_break_no_rule(body):
    check_rules(body)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@long
@given(bodies)
def test_many_random_documents_break_no_rule(body):
    check_rules(body)


class Read:
    """Amounts of an e-invoice as a recipient reads them."""

    def __init__(self, xml: bytes, code: str) -> None:
        self.root = etree.fromstring(xml)
        self.code = currency(code)

    def __call__(self, name: str, within: Any = None) -> list[int]:
        top = self.root if within is None else within
        return [Money.parse(e.text, self.code).minor for e in top.iter(f"{{*}}{name}")]

    def all(self, name: str) -> list[Any]:
        return list(self.root.iter(f"{{*}}{name}"))


def ubl_sums(read: Read) -> dict[str, Any]:
    kind = "CreditNoteLine" if read.root.tag.endswith("CreditNote") else "InvoiceLine"
    [totals] = read.all("LegalMonetaryTotal")
    return {
        "lines": [
            (
                Decimal(
                    line.findtext("{*}InvoicedQuantity") or line.findtext("{*}CreditedQuantity")
                ),
                read("PriceAmount", line)[0],
                Decimal(next(line.iter("{*}BaseQuantity")).text),
                sum(read("Amount", line)),
                read("LineExtensionAmount", line)[0],
            )
            for line in read.all(kind)
        ],
        "sum": read("LineExtensionAmount", totals)[0],
        "net": read("TaxExclusiveAmount")[0],
        "total": read("TaxInclusiveAmount")[0],
        "paid": sum(read("PrepaidAmount")),
        "due": read("PayableAmount")[0],
        "bases": sum(read("TaxableAmount")),
        "tax": read("TaxAmount")[0],
        "taxes": sum(read("TaxAmount")[1:]),
    }


def cii_sums(read: Read) -> dict[str, Any]:
    settlement = read.all("ApplicableHeaderTradeSettlement")[0]
    return {
        "lines": [
            (
                Decimal(next(line.iter("{*}BilledQuantity")).text),
                read("ChargeAmount", line)[0],
                Decimal(next(line.iter("{*}BasisQuantity")).text),
                sum(read("ActualAmount", line)),
                read("LineTotalAmount", line)[0],
            )
            for line in read.all("IncludedSupplyChainTradeLineItem")
        ],
        "sum": read("LineTotalAmount", settlement)[0],
        "net": read("TaxBasisTotalAmount")[0],
        "total": read("GrandTotalAmount")[0],
        "paid": sum(read("TotalPrepaidAmount")),
        "due": read("DuePayableAmount")[0],
        "bases": sum(read("BasisAmount", settlement)),
        "tax": read("TaxTotalAmount")[0],
        "taxes": sum(read("CalculatedAmount", settlement)),
    }


@pytest.mark.parametrize(("write", "sums"), [(ubl, ubl_sums), (cii, cii_sums)])
def test_every_sum_holds_without_any_tolerance(
    write: Callable[[Any], bytes], sums: Callable[[Read], dict[str, Any]]
):
    @settings(quick, max_examples=40)
    @given(st.one_of(invoices(LARGEST), notes()))
    def holds(body: dict[str, Any]) -> None:
        found = sums(Read(write(written(body)), body["currency"]))

        for quantity, price, base, allowances, net in found["lines"]:
            assert quantity == base > 0
            assert price - allowances == net >= 0
        assert found["sum"] == sum(line[-1] for line in found["lines"])
        assert found["sum"] == found["net"] == found["bases"] == body["net_minor"]
        assert found["tax"] == found["taxes"] == body["tax_minor"]
        assert found["total"] == found["net"] + found["tax"] == body["total_minor"]
        assert found["due"] == found["total"] - found["paid"]
        assert found["due"] == body["due_minor"] or body["kind"] == "credit_note"

    holds()


@pytest.mark.parametrize("code", CURRENCIES)
@pytest.mark.parametrize("rounding", [Rounding.HALF_AWAY, Rounding.HALF_EVEN])
def test_prices_with_tax_are_never_a_whole_minor_unit_beside_their_rate(code, rounding):
    """N·r − T = (1 + r)·(G·r/(1 + r) − T): at most (1 + r)/2 of a unit, as T is rounded once."""

    @settings(quick, max_examples=20)
    @given(st.lists(st.integers(1, LARGEST), min_size=1, max_size=6), st.sampled_from(RATES))
    def holds(grosses: list[int], rate: str) -> None:
        lines = [
            charged(f"l{n}#1", Money(gross, currency(code)), category="c0", inclusive=True)
            for n, gross in enumerate(grosses)
        ]
        ways = [TaxTreatment("c0", Decimal(rate), "S", "DE")]
        made = assembled(lines, ways, policies=Policies(rounding=rounding))
        [group] = made.taxes
        apart = Fraction(group.base.minor) * Fraction(rate) / 100 - group.tax.minor
        assert abs(apart) <= (1 + Fraction(rate) / 100) / 2 < 1
        assert not list(gaps(read_document(invoice_body(made))))

    holds()
