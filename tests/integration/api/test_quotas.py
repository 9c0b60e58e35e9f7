"""Leases, reservations and seats over HTTP."""

import uuid

import pytest

from control_plane.kernel.ids import InstanceId, TenantId, format_id, new_id, parse_id
from control_plane.sdk.envelope import Envelope, load_public_keys, verify
from control_plane.sdk.lease_messages import parse_leases
from tests.support.api import open_site
from tests.support.leasing import Leasing, quotas

ROOT = "/v1/entitlements"


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site, clock):
    company = await site.company()
    tenant_id = TenantId(parse_id("ten", company.tenant_id))
    application = site.application
    await Leasing(application.work, clock, application.signer, tenant_id).publish(quotas(10))
    return company


@pytest.fixture
async def service(site, bella, admin):
    """A client of an instance of Bella's, and the instance's id."""
    tenant_id, instance = TenantId(parse_id("ten", bella.tenant_id)), InstanceId(new_id())
    admin.execute(
        "INSERT INTO instances (tenant_id, id, module, runtime, desired, state, generation, port, "
        "base_url, created_at) VALUES (%s, %s, 'outbound', 'process', 'running', 'ready', 1, "
        "21000, 'http://localhost', '2026-01-10Z')",
        [tenant_id, instance],
    )
    token = await site.application.issue_service_token(
        tenant_id=tenant_id, instance_id=instance, module="outbound"
    )
    async with site.client(authorization=f"Bearer {token}") as client:
        yield client, format_id("ins", instance)


async def test_units_are_reserved_confirmed_in_part_and_released(bella, clock, site):
    wanted = {"feature": "exports", "units": 8, "seconds": 300}
    key = str(uuid.uuid4())

    made = await bella.post(f"{ROOT}/reservations", wanted, key)
    again = await bella.post(f"{ROOT}/reservations", wanted, key)
    assert made.status_code == 201, made.text
    assert again.json() == made.json()
    more = await bella.post(f"{ROOT}/reservations", wanted)
    assert (more.status_code, more.json()["code"]) == (429, "quota_exhausted")
    one = f"{ROOT}/reservations/{made.json()['id']}"
    assert (await bella.get(f"{ROOT}/reservations")).json()["items"][0]["units"] == 8

    beyond = await bella.post(f"{one}/confirmation", {"units": 9})
    assert (beyond.status_code, beyond.json()["code"]) == (400, "reserved_units_exceeded")
    for _ in range(2):
        confirmed = await bella.post(f"{one}/confirmation", {"units": 5})
        assert (confirmed.status_code, confirmed.json()["used"]) == (200, 5)
    other = await bella.post(f"{one}/confirmation", {"units": 4})
    assert other.json()["code"] == "reservation_settled"

    late = (await bella.post(f"{ROOT}/reservations", {**wanted, "units": 5})).json()["id"]
    clock.advance(seconds=301)
    over = await bella.post(f"{ROOT}/reservations/{late}/confirmation", {"units": 5})
    assert (over.status_code, over.json()["code"]) == (409, "reservation_over")
    assert await site.application.lease_jobs[0].run() == 1
    accounts = (await bella.get(f"{ROOT}/accounts")).json()["items"]
    [exports] = [one for one in accounts if one["feature"] == "exports"]
    assert (exports["spent"], exports["held"], exports["free"]) == (5, 0, 5)


async def test_seats_are_given_by_name_and_to_no_more_than_there_are(bella):
    names = [f"person {n}" for n in range(10)]
    for name in [*names, names[0]]:
        given = await bella.post(f"{ROOT}/seats", {"feature": "people", "name": name})
        assert given.status_code == 201, given.text

    full = await bella.post(f"{ROOT}/seats", {"feature": "people", "name": "one more"})
    assert (full.status_code, full.json()["code"]) == (429, "quota_exhausted")
    removed = await bella.post(f"{ROOT}/seat-removals", {"feature": "people", "name": names[3]})
    assert removed.json()["left"] == 1
    given = await bella.post(f"{ROOT}/seats", {"feature": "people", "name": "one more"})
    assert given.json()["left"] == 0
    seats = (await bella.get(f"{ROOT}/seats")).json()["items"]
    assert len(seats) == 10
    assert names[3] not in {seat["name"] for seat in seats}


async def test_a_service_leases_in_its_own_name_only(bella, service, site):
    client, holder = service
    body = {
        "request_id": "first",
        "holder": holder,
        "epoch": 7,
        "operations": [{"op": "acquire", "feature": "exports", "period": "ever", "units": 10}],
    }

    answer = await client.post("/v1/service/leases", json=body)
    assert answer.status_code == 200, answer.text
    keys = load_public_keys(site.application.signer.public_keys_text())
    payload = verify(Envelope.from_json(answer.json()["leases"]), keys)
    [result] = parse_leases(
        payload, tenant=bella.tenant_id, holder=holder, request_id="first"
    ).results
    assert (result.units, result.limit, result.expires_in_seconds) == (5, 10, 30)

    reused = await client.post("/v1/service/leases", json={**body, "epoch": 8})
    foreign = await client.post("/v1/service/leases", json={**body, "holder": "ins_other"})
    bad = {**body, "operations": [{"op": "renew", "lease": result.lease}]}
    invalid = await client.post("/v1/service/leases", json=bad)
    with_key = await bella.post("/v1/service/leases", body)
    assert [(a.status_code, a.json()["code"]) for a in (reused, foreign, invalid)] == [
        (409, "lease_request_reused"),
        (403, "lease_holder_foreign"),
        (400, "lease_request_invalid"),
    ]
    assert with_key.status_code == 403
