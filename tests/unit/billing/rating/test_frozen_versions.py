"""Superseded rating versions still make, byte for byte, the invoices that were issued by them."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from billing.domain.items import PolicyBook, owed_items
from billing.domain.lines import Versions
from billing.domain.pricing import Usage
from billing.domain.rating import Measured, rate_item
from billing.rating import replayers
from control_plane.kernel.calendar import Interval, instant_text, parse_instant
from control_plane.subscriptions.domain import ChangePlan
from tests.support.billing import LINES, changed
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


SAME = {"fee": "fee", "charge": "fee", "usage": "usage", "addon": "addon"}
"""Kinds of lines whose rules did not change, and what they are called now.

A charge for the days from a change on is the fee of these days. Not compared are credits: what they
gave back on the same invoice, a credit note takes off the invoice that billed it.
"""


def priced_now(invoice: GoldenInvoice) -> dict[tuple[str, str, str, str], int]:
    """What the engine in use asks for at the invoice's instant, by kind, item, charge and end."""
    at = parse_instant(invoice.manifest["due_at"])
    items = owed_items(
        invoice.timeline,
        Versions(invoice.plans, invoice.addons),
        PolicyBook(),
        at=at,
        after=at - timedelta(microseconds=1),
    )
    used = {entry["start"]: invoice.measured[entry["key"]] for entry in invoice.manifest["usage"]}
    found = {}
    for item in items:
        measured = None
        if item.usage is not None:
            counted = used[instant_text(item.service.start)]
            measured = Measured(LINES, Usage(counted.quantity, counted.events))
        key = (item.kind.value, item.item, item.charge_code, instant_text(item.service.end))
        found[key] = rate_item(item, measured).owed.minor
    return found


@pytest.mark.parametrize("invoice", INVOICES, ids=lambda i: i.name)
def test_where_rules_did_not_change_the_newest_version_asks_for_the_same(invoice):
    now = priced_now(invoice)
    lines = [line for line in json.loads(invoice.body)["lines"] if line["kind"] in SAME]

    assert lines
    for line in lines:
        key = (SAME[line["kind"]], line["item"], line["charge"], line["end"])
        assert now[key] == line["amount_minor"], key
