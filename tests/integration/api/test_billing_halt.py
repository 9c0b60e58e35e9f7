"""Finance sees that a tenant's billing is halted, and why, and lets it go on."""

import uuid

import pytest

from billing.repositories.accounts import AccountRepository
from control_plane.identity.domain import StaffRole
from control_plane.kernel.ids import TenantId, format_id, new_id, parse_id
from tests.support.api import PASSWORD


@pytest.fixture
async def finance(site):
    email = "fiona@tallyard.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    async with site.client() as client:
        signed_in = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
        client.headers["Cookie"] = signed_in.headers["set-cookie"].split(";")[0]
        yield client


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


async def test_a_halt_is_a_finding_until_finance_resumes_billing(site, bella, finance):
    tenant = TenantId(parse_id("ten", bella.tenant_id))
    async with site.application.work(tenant) as session:
        accounts = AccountRepository(session)
        await accounts.open(tenant, "live", site.application.clock.now())
        await accounts.park(tenant, site.application.clock.now(), "MeterNotFound: gone")
    books = f"/v1/staff/tenants/{bella.tenant_id}/books"

    halted = (await finance.get(books)).json()["findings"]
    resumed = await finance.post(
        f"/v1/staff/tenants/{bella.tenant_id}/billing-resumptions", headers=key()
    )

    assert halted == [{"rule": "billing is halted", "where": ["MeterNotFound: gone"]}]
    assert (resumed.status_code, resumed.json()["findings"]) == (200, [])
    trail = (await bella.get("/v1/audit")).json()
    assert "billing.resumed" in str(trail)


async def test_an_organisation_that_is_not_there_is_not_resumed(finance):
    nobody = format_id("ten", new_id())
    answer = await finance.post(f"/v1/staff/tenants/{nobody}/billing-resumptions", headers=key())

    assert answer.status_code == 404
