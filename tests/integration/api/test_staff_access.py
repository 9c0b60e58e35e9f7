"""Staff open a tenant's data only on that tenant's record; lists leave a line in the log."""

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import InstanceId, TenantId, format_id, new_id, parse_id
from provisioner.runtimes.memory import MemoryRuntime
from tests.support.api import PASSWORD

READS = [StaffRole.FINANCE, StaffRole.OPERATOR]


@pytest.fixture
async def staff_id(site):
    made = await site.application.create_staff_user(
        email="fiona@tallyard.example", password=PASSWORD, name="Fiona", staff_roles=READS
    )
    return format_id("usr", made)


@pytest.fixture
async def fiona(site, staff_id):
    async with site.client() as client:
        signed_in = await client.post(
            "/v1/sessions", json={"email": "fiona@tallyard.example", "password": PASSWORD}
        )
        client.headers["Cookie"] = signed_in.headers["set-cookie"].split(";")[0]
        yield client


@pytest.fixture
async def invoice_id(bella):
    bought = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    return bought.json()["invoice_id"]


@pytest.fixture
def instance_id(site, bella, admin):
    site.application.runtime = MemoryRuntime()
    instance = InstanceId(new_id())
    admin.execute(
        "INSERT INTO instances (tenant_id, id, module, runtime, desired, state, generation, port, "
        "base_url, created_at) VALUES (%s, %s, 'outbound', 'process', 'running', 'ready', 1, 20001,"
        " 'http://bella.internal:8080', '2026-01-10Z')",
        [parse_id("ten", bella.tenant_id), instance],
    )
    return format_id("ins", instance)


async def openings(company):
    entries = (await company.get("/v1/audit")).json()
    return [
        (entry["actor"], entry["action"], entry["object_id"])
        for entry in entries
        if entry["action"].endswith("opened_by_staff")
    ]


async def test_an_invoice_file_taken_by_finance_is_on_the_tenants_record(
    fiona, staff_id, bella, invoice_id
):
    answer = await fiona.get(f"/finance/invoices/{bella.tenant_id}/{invoice_id}/pdf")

    assert answer.content.startswith(b"%PDF")
    assert await openings(bella) == [(staff_id, "invoice.opened_by_staff", invoice_id)]


async def test_a_log_read_by_an_operator_is_on_the_tenants_record(
    fiona, staff_id, bella, instance_id
):
    answer = await fiona.get(f"/operator/instances/{bella.tenant_id}/{instance_id}")

    assert answer.status_code == 200
    assert await openings(bella) == [(staff_id, "instance.opened_by_staff", instance_id)]


async def test_books_checked_by_finance_are_on_the_tenants_record(fiona, staff_id, bella):
    answer = await fiona.get(f"/v1/staff/tenants/{bella.tenant_id}/books")

    assert answer.json()["findings"] == []
    assert await openings(bella) == [(staff_id, "books.opened_by_staff", bella.tenant_id)]


@pytest.mark.parametrize(
    ("tab", "opened"),
    [("", "discounts"), ("/terms", "billing_terms"), ("/subscriptions", "subscriptions")],
)
async def test_a_customers_page_is_on_its_record(fiona, staff_id, bella, tab, opened):
    answer = await fiona.get(f"/finance/customers/{bella.tenant_id}{tab}")

    assert answer.status_code == 200
    assert await openings(bella) == [(staff_id, f"{opened}.opened_by_staff", bella.tenant_id)]


async def test_negotiated_terms_opened_at_their_own_address_are_on_the_record(
    fiona, staff_id, bella, invoice_id
):
    [held] = (await bella.get("/v1/subscriptions")).json()
    base = f"/finance/customers/{bella.tenant_id}/subscriptions"

    answer = await fiona.get(f"{base}/{held['id']}/terms")

    assert answer.status_code == 200
    assert await openings(bella) == [(staff_id, "subscriptions.opened_by_staff", bella.tenant_id)]


async def test_a_page_that_renews_itself_is_one_opening_until_ten_minutes_have_passed(
    fiona, bella, instance_id, admin
):
    address = f"/operator/instances/{bella.tenant_id}/{instance_id}"
    for _ in range(3):
        await fiona.get(address, headers={"X-Fragment": "log"})
    assert len(await openings(bella)) == 1

    admin.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only")
    admin.execute(
        "UPDATE audit_entries SET recorded_at = recorded_at - %s WHERE action LIKE 'instance.%%'",
        [timedelta(minutes=11)],
    )
    await fiona.get(address)
    assert len(await openings(bella)) == 2


async def test_another_tenants_record_tells_nothing(fiona, bella, rival, invoice_id):
    await fiona.get(f"/finance/invoices/{bella.tenant_id}/{invoice_id}")

    assert await openings(rival) == []
    assert len(await openings(bella)) == 1


async def test_what_is_not_there_is_not_found_and_not_recorded(fiona, rival, invoice_id):
    foreign = await fiona.get(f"/finance/invoices/{rival.tenant_id}/{invoice_id}/pdf")
    nobody = await fiona.get(f"/v1/staff/tenants/{format_id('ten', TenantId(new_id()))}/books")

    assert (foreign.status_code, nobody.status_code) == (404, 404)
    assert await openings(rival) == []


async def test_a_list_over_all_tenants_leaves_who_and_what_in_the_log(fiona, staff_id, bella):
    with capture_logs() as lines:
        await fiona.get("/v1/staff/invoices.csv", params={"status": "paid"})
        await bella.get("/v1/invoices")

    [line] = [line for line in lines if line["event"] == "staff_access"]
    assert (line["actor"], line["path"]) == (staff_id, "/v1/staff/invoices.csv")
    assert line["query"] == "status=paid"
    assert json.dumps(line)
