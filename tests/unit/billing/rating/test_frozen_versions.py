"""Superseded rating versions still make, byte for byte, the invoices that were issued by them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rating import replayers
from control_plane.kernel.calendar import Interval
from control_plane.subscriptions.domain import ChangePlan
from tests.support.billing import changed
from tests.support.golden import GoldenInvoice, golden_invoices

INVOICES = golden_invoices("2026_1")


def replayed(invoice: GoldenInvoice) -> bytes:
    return replayers[invoice.manifest["rating_version"]](
        tenant_id=invoice.tenant_id,
        timelines=[invoice.timeline],
        plans=invoice.plans,
        addons=invoice.addons,
        manifest=invoice.manifest,
        measured=invoice.measured,
    )


@pytest.mark.parametrize("invoice", INVOICES, ids=lambda i: i.name)
def test_every_golden_invoice_replays_byte_for_byte(invoice):
    assert replayed(invoice) == invoice.body


def test_entries_recorded_after_the_invoice_do_not_touch_it():
    invoice = next(i for i in INVOICES if i.name == "renewal_with_graduated_usage")
    started_at = invoice.timeline.started_at
    plan_id = invoice.timeline.start.plan_version_id
    longer = changed(invoice.timeline, ChangePlan(plan_id, Interval.YEAR), started_at)

    assert replayed(replace(invoice, timeline=longer)) == invoice.body


def test_another_quantity_gives_other_bytes():
    invoice = next(i for i in INVOICES if i.name == "renewal_with_graduated_usage")
    measured = {
        key: replace(counted, quantity=counted.quantity + Decimal(1))
        for key, counted in invoice.measured.items()
    }

    assert replayed(replace(invoice, measured=measured)) != invoice.body
