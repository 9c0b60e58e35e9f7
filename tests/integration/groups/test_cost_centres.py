"""Cost centres from usage to line, and purchase orders from subscription to paper."""

import csv
import io
import json
from decimal import Decimal

from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, format_id, new_id, parse_id
from control_plane.kernel.money import Money
from tests.integration.groups.conftest import tenant_of


def event(lines: int, centre: str | None) -> dict[str, object]:
    data: dict[str, object] = {"lines": str(lines)}
    if centre is not None:
        data["costcentre"] = centre
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/warehouses/north",
        "type": "tallyard.outbound.shipment_posted",
        "time": "2026-01-12T10:00:00+08:00",
        "data": data,
    }


async def put(company, path, body):
    answer = await company.client.put(path, json=body, headers={"Idempotency-Key": str(new_id())})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def closed(groups, company):
    groups.clock.advance(days=31)
    await groups.site.application.close_due(tenant_of(company))
    await groups.deliver()
    return (await company.get("/v1/invoices")).json()[0]


async def used(groups, company):
    await groups.subscribe(company)
    groups.clock.advance(days=3)
    events = [event(6000, "north"), event(3000, "south"), event(1000, None)]
    answer = await company.client.post(
        "/v1/events",
        content=json.dumps(events),
        headers={"content-type": "application/cloudevents-batch+json"},
    )
    assert answer.status_code < 300, answer.text


async def test_a_usage_line_is_spread_by_share_and_adds_up(groups):
    company = await groups.site.company("Bella")
    await put(company, "/v1/cost-centres", {"property": "costcentre"})
    await used(groups, company)
    invoice = await closed(groups, company)
    detail = (await company.get(f"/v1/invoices/{invoice['id']}")).json()["content"]
    lines = {line["key"]: line for line in detail["lines"]}
    found = (await company.get(f"/v1/invoices/{invoice['id']}/cost-centres")).json()
    for split in found:
        total = sum(Decimal(share["amount"]) for share in split["splits"])
        assert total * 100 == lines[split["line"]]["net_minor"]
    shares = [{s["cost_centre"]: s["quantity"] for s in split["splits"]} for split in found]
    assert {"": "1000", "north": "6000", "south": "3000"} in shares


async def test_without_a_property_nothing_is_spread(groups):
    company = await groups.site.company("Bella")
    await used(groups, company)
    invoice = await closed(groups, company)
    assert (await company.get(f"/v1/invoices/{invoice['id']}/cost-centres")).json() == []


async def test_a_body_with_shares_is_replayed_byte_for_byte(groups):
    company = await groups.site.company("Bella")
    await put(company, "/v1/cost-centres", {"property": "costcentre", "default": "HQ"})
    await used(groups, company)
    invoice = await closed(groups, company)
    await put(company, "/v1/cost-centres", {"property": "other"})
    detail = (await company.get(f"/v1/invoices/{invoice['id']}")).json()["content"]
    centres = [share["cost_centre"] for line in detail["lines"] for share in line["cost_centres"]]
    assert set(centres) == {"HQ", "north", "south"}
    answer = await company.get(f"/v1/invoices/{invoice['id']}/verification")
    assert answer.json()["confirmed"]


async def test_fees_go_to_their_subscriptions_cost_centre_or_the_default(groups):
    company = await groups.site.company("Bella")
    await put(company, "/v1/cost-centres", {"default": "HQ"})
    bought = await groups.subscribe(company)
    first = (await company.get(f"/v1/invoices/{bought['invoice_id']}")).json()["content"]
    assert shares_of(first) == {"HQ"}
    path = f"/v1/subscriptions/{bought['subscription_id']}/cost-centre"
    assert await put(company, path, {"cost_centre": " EU  West "}) == {"cost_centre": "EU West"}
    invoice = await closed(groups, company)
    later = (await company.get(f"/v1/invoices/{invoice['id']}")).json()["content"]
    assert shares_of(later) == {"EU West"}
    told = (await company.get(f"/v1/invoices/{invoice['id']}/explanation")).json()
    assert "EU West" in json.dumps(told)


def shares_of(content):
    for line in content["lines"]:
        assert sum(s["net_minor"] for s in line["cost_centres"]) == line["net_minor"]
    return {share["cost_centre"] for line in content["lines"] for share in line["cost_centres"]}


async def test_a_credit_note_gives_each_centre_its_part_back(groups):
    company = await groups.site.company("Bella")
    await put(company, "/v1/cost-centres", {"property": "costcentre"})
    await used(groups, company)
    invoice = await closed(groups, company)
    content = (await company.get(f"/v1/invoices/{invoice['id']}")).json()["content"]
    line = next(x for x in content["lines"] if len(x.get("cost_centres", ())) == 3)
    left = {share["cost_centre"]: share["net_minor"] for share in line["cost_centres"]}
    for part in (1001, line["net_minor"] - 1001):
        note = await groups.site.application.issue_credit_note(
            tenant_id=tenant_of(company),
            invoice_id=InvoiceId(parse_id("inv", invoice["id"])),
            lines={line["key"]: Money(part, currency("CNY"))},
            reason="A broken week",
            actor="usr_finance",
        )
        found = await company.get(f"/v1/credit-notes/{format_id('crn', note.id)}")
        [taken] = found.json()["content"]["lines"]
        assert sum(share["net_minor"] for share in taken["cost_centres"]) == taken["net_minor"]
        for share in taken["cost_centres"]:
            left[share["cost_centre"]] -= share["net_minor"]
            assert left[share["cost_centre"]] >= 0
        answer = await company.get(f"/v1/credit-notes/{format_id('crn', note.id)}/verification")
        assert answer.json()["confirmed"]
    assert set(left.values()) == {0}


async def test_a_subscriptions_own_purchase_order_is_printed(groups):
    company = await groups.site.company("Bella")
    bought = await groups.subscribe(company)
    path = f"/v1/subscriptions/{bought['subscription_id']}/purchase-order"
    assert await put(company, path, {"purchase_order": " PO  4711 "}) == {
        "purchase_order": "PO 4711"
    }
    invoice = await closed(groups, company)
    detail = (await company.get(f"/v1/invoices/{invoice['id']}")).json()["content"]
    assert detail["purchase_order"] == "PO 4711"
    assert (await put(company, path, {}))["purchase_order"] is None


async def test_the_page_and_the_file_show_the_shares(groups):
    company = await groups.site.company("Bella")
    await put(company, "/v1/cost-centres", {"property": "costcentre"})
    await used(groups, company)
    invoice = await closed(groups, company)
    path = f"/portal/invoices/{invoice['id']}/cost-centres"
    page = await company.client.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "north" in page.text
    file = await company.client.get(f"{path}/csv")
    rows = list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))))
    assert {row["cost_centre"] for row in rows} == {"", "north", "south"}
