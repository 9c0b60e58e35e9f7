"""Months close as a company's clock passes them: each invoice once, dated right, in full."""

import json
from datetime import UTC, datetime

from tests.scenarios.sandbox import line, shipment
from tests.support.api import open_site

GROWTH_FEE = "1999.00"
CLOUD_EVENTS = {"content-type": "application/cloudevents-batch+json"}


async def test_each_month_closes_on_its_own_last_day_when_the_anchor_is_the_31st(sandbox):
    bella = await sandbox("2026-01-31T10:00")
    await bella.subscribe()

    await bella.advance("2026-06-01")

    assert await bella.bills() == [
        ("2026-01-31", GROWTH_FEE),
        ("2026-02-28", GROWTH_FEE),
        ("2026-03-31", GROWTH_FEE),
        ("2026-04-30", GROWTH_FEE),
        ("2026-05-31", GROWTH_FEE),
    ]
    assert {i["invoice"]["due_at"][11:] for i in await bella.invoices()} == {"02:00:00Z"}
    assert await bella.books_agree()


async def test_a_month_s_usage_is_on_the_invoice_of_its_end_and_no_other(sandbox):
    bella = await sandbox("2026-01-01")
    await bella.subscribe()
    await bella.advance("2026-01-31T23:59")
    await bella.ship(7_000, "2026-01-01")
    await bella.ship(1_000, "2026-01-31T23:59")

    await bella.advance("2026-03-01")

    # 8,000 lines, 2,000 included: 5,000 at 0.05 and 1,000 at 0.03.
    assert await bella.bills() == [
        ("2026-01-01", "1999.00"),
        ("2026-02-01", "2279.00"),
        ("2026-03-01", "1999.00"),
    ]
    january = line((await bella.invoices())[1], "outbound_lines")
    assert (january["first_day"], january["last_day"]) == ("2026-01-01", "2026-01-31")
    assert (january["quantity"], january["amount_minor"]) == ("8000", 28_000)
    assert await bella.books_agree()


async def test_a_worker_that_was_down_over_two_period_ends_makes_both_invoices_once(
    settings, clock
):
    async with open_site(settings, clock) as site:
        company = await site.company()
        await company.post("/v1/subscriptions", {"plan_code": "growth"})
        clock.set(datetime(2026, 3, 12, 5, 0, tzinfo=UTC))

        assert await site.application.close_due_periods.run() == 2
        assert await site.application.close_due_periods.run() == 0
        invoices = (await company.get("/v1/invoices")).json()

    assert [(i["dated"], i["due_at"], i["total"]) for i in invoices] == [
        ("2026-03-10", "2026-03-10T02:00:00Z", GROWTH_FEE),
        ("2026-02-10", "2026-02-10T02:00:00Z", GROWTH_FEE),
        ("2026-01-10", "2026-01-10T02:00:00Z", GROWTH_FEE),
    ]
    assert [i["issued_at"][:10] for i in invoices] == ["2026-03-12", "2026-03-12", "2026-01-10"]
    assert len({i["number"] for i in invoices}) == 3


async def test_usage_that_comes_late_is_billed_next_and_the_closed_invoice_stays(sandbox):
    bella = await sandbox("2026-01-01")
    await bella.subscribe()
    await bella.advance("2026-02-02")
    closed = (await bella.invoices())[1]

    late = await bella.ship(3_000, "2026-01-20T12:00")
    await bella.ship(1_500, "2026-02-02")
    await bella.advance("2026-03-01")

    # 3,000 late and 1,500 of its own: 4,500, of which February includes 2,000; 2,500 at 0.05.
    assert late["status"] == "accepted"
    february = line((await bella.invoices())[2], "outbound_lines")
    assert (february["quantity"], february["amount_minor"]) == ("4500", 12_500)
    # Payable by 15 February and never paid, it is overdue: nothing else of it moved.
    assert closed["invoice"]["state"] == "issued"
    overdue = {**closed["invoice"], "state": "overdue"}
    assert (await bella.invoices())[1] == {**closed, "invoice": overdue}
    assert await bella.books_agree()


async def test_usage_sent_again_and_again_is_billed_once(sandbox):
    bella = await sandbox("2026-01-01")
    await bella.subscribe()
    await bella.advance("2026-01-20")
    events = [shipment(1_000, "2026-01-10", id=f"evt-{n}") for n in range(4)]
    body = json.dumps(events + events)

    first, again = [
        (await bella.company.client.post("/v1/events", content=body, headers=CLOUD_EVENTS)).json()
        for _ in range(2)
    ]
    other = await bella.ship(9_999, "2026-01-10", id="evt-1")
    await bella.advance("2026-02-01")
    after = await bella.ship(1_000, "2026-01-10", id="evt-0")
    await bella.advance("2026-03-01")

    assert [r["status"] for r in first["results"]] == ["accepted"] * 4 + ["duplicate"] * 4
    assert {r["status"] for r in again["results"]} == {"duplicate"}
    assert (other["status"], after["status"]) == ("conflict", "duplicate")
    # 4,000 lines, 2,000 included: 2,000 at 0.05.
    assert await bella.bills() == [
        ("2026-01-01", "1999.00"),
        ("2026-02-01", "2099.00"),
        ("2026-03-01", "1999.00"),
    ]


async def test_a_second_company_s_year_leaves_no_trace_in_the_first_s(sandbox):
    bella = await sandbox("2026-01-01")
    rival = await sandbox("2026-01-01", "Rival Noodles")
    await bella.subscribe()
    await rival.subscribe("starter")
    await rival.advance("2026-01-20")
    await rival.ship(900, "2026-01-10")
    await rival.advance("2026-04-01")

    assert await bella.bills() == [("2026-01-01", GROWTH_FEE)]
    usage = {
        "meter": "outbound_lines",
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-04-01T00:00:00Z",
    }
    assert (await bella.get("/v1/usage", **usage))["events"] == 0
    assert (await rival.get("/v1/usage", **usage))["events"] == 1
    assert (await bella.get("/v1/test-clock"))["now"] == "2025-12-31T16:00:00Z"
    for invoice in await rival.invoices():
        answer = await bella.company.get(f"/v1/invoices/{invoice['invoice']['id']}")
        assert answer.status_code == 404
    services = {i["id"] for i in await rival.get("/v1/instances")}
    assert len(services) == 3
    assert services & {i["id"] for i in await bella.get("/v1/instances")} == set()
