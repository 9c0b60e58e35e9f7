"""An invoice from its total down to tiers, fractions and counted events, in the shell."""

import json
from datetime import UTC, datetime

import pytest

from tests.integration.cli.shell import CHINESE, Shell
from tests.support.api import open_site
from tests.support.usage import cloud_event

# The company subscribes on 10 January at 10:00 in Shanghai; its periods turn on the 10th.
FEBRUARY = datetime(2026, 2, 10, 2, 30, tzinfo=UTC)


@pytest.fixture
async def bella(settings, clock):
    """A month of Growth with 6,500 lines shipped, invoiced."""
    async with open_site(settings, clock) as site:
        company = await site.company("Bella Pizza")
        started = await company.post("/v1/subscriptions", {"plan_code": "growth"})
        assert started.status_code == 201, started.text
        clock.advance(days=10)
        events = [
            cloud_event(f"evt-{n}", time=clock.now().isoformat(), data={"lines": 1300})
            for n in range(5)
        ]
        body, batch = json.dumps(events), "application/cloudevents-batch+json"
        await company.client.post("/v1/events", content=body, headers={"content-type": batch})
        clock.set(FEBRUARY)
        await site.application.close_due_periods.run()
        yield company


async def numbers(company) -> list[str]:
    return [invoice["number"] for invoice in (await company.get("/v1/invoices")).json()]


async def test_an_invoice_is_explained_down_to_its_tiers_and_events(tallyard: Shell, bella):
    newest, first = await numbers(bella)

    explained = tallyard("invoice", "explain", newest)

    assert explained.status == 0, explained.err
    # 6,500 lines, 2,000 of them included: 4,500 at 0.05.
    assert explained.lines[0].split() == [newest, "Bella", "Pizza", "CNY"]
    assert explained.lines[3].split()[-1] == "2,224.00", "1,999.00 + 4,500 * 0.05"
    text = explained.out
    assert "Measured: 6,500 lines; events: 5." in text
    assert "Included: 2,000. Left to be charged: 4,500." in text
    assert "Tier 1, above 0 up to 5,000: 4,500 at 0.05 each, 225." in text
    assert "Read from 5 events of tallyard.outbound.shipment_posted" in text
    assert "The fee of one whole period: 1,999.00." in text
    amounts = [line for line in explained.lines if line.endswith(("225.00", "1,999.00", "224.00"))]
    assert {len(line) for line in amounts} == {96}, "money stands flush right"
    assert first != newest


async def test_the_events_of_a_line_are_listed_page_by_page(tallyard: Shell, bella):
    newest, _ = await numbers(bella)
    [found] = [i for i in (await bella.get("/v1/invoices")).json() if i["number"] == newest]
    content = (await bella.get(f"/v1/invoices/{found['id']}")).json()["content"]
    [key] = [
        line["key"]
        for line in content["lines"]
        if any(step["step"] == "measured" and step["events"] for step in line["steps"])
    ]

    first = tallyard("invoice", "events", newest, key, "--limit", "3")
    mark = first.err.split("--after ")[1].strip()
    rest = tallyard("invoice", "events", newest, key, "--limit", "3", "--after", mark)
    page = await bella.get(f"/portal/invoices/{found['id']}/events", line=key)

    listed = [line.split()[2] for line in (*first.lines, *rest.lines)]
    assert listed == [f"evt-{n}" for n in range(5)]
    assert rest.err == "", "that was the last page"
    assert page.status_code == 200
    assert all(f"evt-{n}" in page.text for n in range(5))


async def test_the_same_invoice_is_explained_in_chinese(tallyard: Shell, bella):
    newest, _ = await numbers(bella)

    explained = tallyard("invoice", "explain", newest, LC_ALL=CHINESE)

    assert explained.status == 0, explained.err
    assert "成长版订阅费" in explained.out
    assert "6,500 行" in explained.out
    assert "待付" in explained.lines[1]
    assert "Measured" not in explained.out
    assert "Total" not in explained.out


async def test_an_invoice_is_verified_and_drawn(tallyard: Shell, bella, tmp_path, admin):
    newest, _ = await numbers(bella)
    file = tmp_path / "invoice.pdf"

    confirmed = tallyard("invoice", "verify", newest)
    drawn = tallyard("invoice", "pdf", newest, str(file))
    admin.execute("SET session_replication_role = replica")  # past the append-only trigger
    admin.execute("DELETE FROM usage_events WHERE id = 'evt-3'")
    refuted = tallyard("invoice", "verify", newest)

    assert confirmed.status == 0, confirmed.out
    assert confirmed.lines[0] == f"{newest}  confirmed: the same inputs give the same bytes"
    assert drawn.status == 0, drawn.err
    assert file.read_bytes().startswith(b"%PDF-")
    assert refuted.status == 1
    assert "was computed from other events" in refuted.out


async def test_an_unknown_number_is_refused(tallyard: Shell, bella):
    refused = tallyard("invoice", "explain", "TY-2026-000999")
    chinese = tallyard("invoice", "pdf", "TY-2026-000999", "x.pdf", LC_ALL=CHINESE)

    assert (refused.status, refused.out) == (1, "")
    assert refused.err.splitlines()[0] == "There is no invoice TY-2026-000999."
    assert (chinese.status, chinese.out) == (1, "")
    assert chinese.err.splitlines()[0] == "账单 TY-2026-000999 不存在。"
