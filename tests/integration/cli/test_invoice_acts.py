"""What finance does to invoices from the shell: every end an invoice can come to."""

import pytest

from tests.integration.cli.shell import CHINESE, Shell
from tests.support.api import open_site


@pytest.fixture
async def bella(settings, clock):
    """A company with the first invoice of its plan, over 1,999.00."""
    async with open_site(settings, clock) as site:
        company = await site.company("Bella Pizza")
        started = await company.post("/v1/subscriptions", {"plan_code": "growth"})
        assert started.status_code == 201, started.text
        yield company


async def number_of(company) -> str:
    [invoice] = (await company.get("/v1/invoices")).json()
    return invoice["number"]


async def test_a_written_off_invoice_is_paid_after_all(tallyard: Shell, bella):
    number = await number_of(bella)

    off = tallyard("invoice", "write-off", number, "--reason", "insolvent")
    paid = tallyard("invoice", "pay", number, "1999.00", "--reference", "bank-1", LC_ALL=CHINESE)

    assert off.out.split() == [number, "Written", "off"]
    assert paid.out.split() == [number, "已付"]


async def test_an_invoice_is_voided_and_then_refused(tallyard: Shell, bella):
    number = await number_of(bella)

    voided = tallyard("invoice", "void", number, "--reason", "a mistake")
    late = tallyard("invoice", "credit", number, "--reason", "a mistake")

    assert voided.out.split() == [number, "Voided"]
    assert late.status == 1
    assert number in late.err


async def test_an_invoice_given_back_whole_is_settled(tallyard: Shell, bella):
    number = await number_of(bella)

    given = tallyard("invoice", "credit", number, "--reason", "an outage")

    assert given.out.split() == [number, "Paid"]


async def test_halted_billing_is_listed_and_goes_on(tallyard: Shell, bella, admin):
    admin.execute(
        "UPDATE billing_accounts SET parked_at = now(), parked_reason = 'MeterNotFound: lines'"
    )

    [listed] = tallyard("billing", "halted").lines
    resumed = tallyard("billing", "resume", bella.tenant_id)

    assert listed.split()[0] == bella.tenant_id
    assert "MeterNotFound" in listed
    assert resumed.status == 0
    assert admin.execute("SELECT parked_at FROM billing_accounts").fetchall() == [(None,)]
