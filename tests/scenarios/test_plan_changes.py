"""Changes of plan, worked out by hand: what is given back, what is charged, and when."""

from tests.scenarios.sandbox import line
from tests.support.api import CATALOGUE

CATALOGUE_TEXT = CATALOGUE.read_text(encoding="utf-8")


async def test_an_upgrade_in_mid_month_bills_the_days_that_are_left_of_each_plan(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.advance("2026-04-16T10:00")

    preview = await bella.preview("scale")
    changed = await bella.change("scale")
    await bella.settle()

    # 16 to 30 April are 15 of 30 days: half of each price, one charged and one credited.
    invoice = (await bella.invoices())[-1]
    assert line(invoice, "base", "fee")["amount_minor"] == 199_950
    assert preview["timing"] == "at_once"
    assert preview["total"] == changed["total"] == invoice["invoice"]["total"] == "1999.50"
    [credited] = preview["credit_notes"]
    [unused] = [x for x in credited["lines"] if x["charge"] == "base"]
    assert (unused["amount"], unused["item"], preview["credited"]) == (
        "999.50",
        "growth@1",
        "999.50",
    )
    assert credited["corrects"] == (await bella.invoices())[0]["invoice"]["number"]
    assert len(changed["credit_notes"]) == 1
    assert await bella.limit("outbound.orders_per_day") == 200
    assert (await bella.get(bella.path))["plan"] == "scale@1"


async def test_each_plan_prices_the_usage_of_its_own_days_with_its_own_share_of_what_is_included(
    sandbox,
):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.advance("2026-04-16T10:00")
    await bella.ship(1_600, "2026-04-15T23:59")
    await bella.ship(400, "2026-04-16T09:00")

    preview = await bella.preview("scale")
    changed = await bella.change("scale")
    await bella.advance("2026-04-30T12:00")
    await bella.ship(2_100, "2026-04-30T11:00")
    await bella.advance("2026-05-01")

    # Growth had 15 of 30 days: 1,000 of 2,000 included; 1,600 - 1,000 = 600 at 0.05.
    assert (changed["total"], preview["credited"]) == ("2029.50", "999.50")
    # The 16th is Scale's day: 400 + 2,100 - 4,000 * 15/30 = 500 at 0.04; and the fee of May.
    may = (await bella.invoices())[-1]
    usage = line(may, "outbound_lines")
    assert (usage["quantity"], usage["amount_minor"]) == ("2500", 2_000)
    assert (usage["first_day"], usage["last_day"]) == ("2026-04-16", "2026-04-30")
    assert may["invoice"]["total"] == "4019.00"
    assert await bella.books_agree()


async def test_a_downgrade_waits_for_the_end_of_the_month_that_is_paid(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe("scale")
    await bella.advance("2026-04-10T10:00")

    preview = await bella.preview("growth")
    changed = await bella.change("growth")
    before = (await bella.get(bella.path))["plan"]
    await bella.advance("2026-05-01")

    assert (preview["timing"], preview["total"]) == ("at_period_end", "0.00")
    assert preview["effective_at"] == "2026-04-30T16:00:00Z"
    assert changed["invoice_id"] is None
    assert (before, (await bella.get(bella.path))["plan"]) == ("scale@1", "growth@1")
    assert await bella.bills() == [("2026-04-01", "3999.00"), ("2026-05-01", "1999.00")]
    assert await bella.limit("outbound.orders_per_day") == 150


async def test_a_preview_that_is_no_longer_true_is_refused_and_nothing_changes(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.advance("2026-04-16T10:00")
    preview = await bella.preview("scale")
    before = await everything(bella)

    dearer = CATALOGUE_TEXT.replace('amount: "3999.00"', 'amount: "4999.00"')
    await bella.site.application.apply_catalog(dearer)
    refused = await bella.company.post(
        f"{bella.path}/plan-changes", {"plan_code": "scale", "token": preview["token"]}
    )

    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "preview_stale"
    assert refused.json()["remedy"]
    assert await everything(bella) == before
    assert (await bella.preview("scale"))["total"] == "2499.50", "a new preview tells the new price"


async def test_a_preview_of_another_day_is_refused_and_nothing_changes(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.advance("2026-04-16T10:00")
    preview = await bella.preview("scale")
    await bella.advance("2026-04-17T10:00")
    before = await everything(bella)

    refused = await bella.company.post(
        f"{bella.path}/plan-changes", {"plan_code": "scale", "token": preview["token"]}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "preview_stale")
    assert await everything(bella) == before


async def everything(bella) -> list[object]:
    return [
        await bella.get(bella.path),
        await bella.get(f"{bella.path}/timeline"),
        await bella.invoices(),
        await bella.granted(),
    ]
