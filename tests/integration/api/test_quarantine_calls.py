"""Quarantine over HTTP: listed, replayed under a key, discarded with a reason, staff on record."""

import pytest

from control_plane.identity.domain import StaffRole
from tests.support.api import CATALOGUE, PASSWORD, open_site

NAP = "tallyard.naps.taken"
NAPS_METER = f"""
  - code: naps
    event_type: {NAP}
    aggregation: count
    module: outbound
    unit: {{en: naps, zh: 次}}
    name: {{en: Naps, zh: 小睡}}
plans:"""


def nap(event_id, **changes):
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/beds/1",
        "type": NAP,
        "time": "2026-01-10T01:00:00Z",
        "data": {"minutes": 5},
        **changes,
    }


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


async def test_quarantine_is_listed_replayed_and_discarded_over_the_api(site, admin):
    bella = await site.company()
    await bella.client.post(
        "/v1/events", json=[nap("a"), nap("b", retracts="a"), nap("c", type="other")]
    )

    page = (await bella.get("/v1/events/quarantine", type=NAP, limit="1")).json()
    rest = (await bella.get("/v1/events/quarantine", type=NAP, after=str(page["after"]))).json()

    kinds = [(t["type"], t["events"], t["known"]) for t in page["types"]]
    assert kinds == [("other", 1, False), (NAP, 2, False)]
    assert [(e["id"], e["retracts"]) for e in page["events"] + rest["events"]] == [
        ("b", "a"),
        ("a", None),
    ]
    assert rest["after"] is None
    catalogue = CATALOGUE.read_text(encoding="utf-8").replace("\nplans:", NAPS_METER, 1)
    await site.application.apply_catalog(catalogue)

    replays = "/v1/events/quarantine/replays"
    first = await bella.post(replays, {"type": NAP}, key="k1")
    again = await bella.post(replays, {"type": NAP}, key="k1")
    nothing = await bella.post(replays, {}, key="k2")
    gone = await bella.post(replays, {"type": NAP}, key="k3")

    done = {"accepted": 2, "duplicate": 0, "too_late": 0, "kept": 0, "more": False}
    assert first.json() == again.json() == done, first.text
    assert nothing.json() == {**done, "accepted": 0}
    assert (gone.status_code, gone.json()["code"]) == (404, "quarantined_type_not_found")
    discards = "/v1/events/quarantine/discards"
    unsaid = await bella.post(discards, {"type": "other", "reason": " "})
    assert (unsaid.status_code, unsaid.json()["errors"][0]["field"]) == (400, "reason")
    said = await bella.post(discards, {"type": "other", "reason": "a test"})
    assert said.json() == {"events": 1}
    assert (await bella.get("/v1/events/quarantine")).json()["types"] == []


async def test_staff_see_counts_and_opening_one_organisation_s_events_is_on_its_record(site, admin):
    bella = await site.company()
    await bella.client.post("/v1/events", json=[nap("secret-nap")])
    await site.application.create_staff_user(
        email="otto@vendor.example",
        password=PASSWORD,
        name="Otto",
        staff_roles=[StaffRole.OPERATOR],
    )
    opened = "SELECT action FROM audit_entries WHERE action LIKE '%opened_by_staff'"
    async with site.client() as otto:
        await otto.post("/v1/sessions", json={"email": "otto@vendor.example", "password": PASSWORD})
        counts = await otto.get("/operator/quarantine")
        assert NAP in counts.text
        assert "secret-nap" not in counts.text
        assert admin.execute(opened).fetchall() == []

        events = await otto.get(f"/operator/quarantine/{bella.tenant_id}")

    assert "secret-nap" in events.text
    assert admin.execute(opened).fetchall() == [("usage_quarantine.opened_by_staff",)]
