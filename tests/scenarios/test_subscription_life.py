"""A subscription's life over HTTP: each step previewed, confirmed, and charged as it was shown."""

from typing import Any

import pytest

from tests.scenarios.sandbox import Sandbox, shop_time
from tests.support.life_catalogue import WITH_OURS


@pytest.fixture
async def shop(sandboxes, sandbox):
    """Open a company under this file's catalogue, its clock at an instant."""
    await sandboxes.application.apply_catalog(WITH_OURS)

    async def opened(at: str) -> Sandbox:
        return await sandbox(at)

    return opened


async def start(bella: Sandbox, plan: str = "team", **more: Any) -> Any:
    """Preview a start and confirm what was shown."""
    body = {"plan_code": plan, **more}
    preview = await bella.post("/v1/subscription-previews", body)
    started = await bella.post("/v1/subscriptions", {**body, "token": preview["token"]})
    bella.subscription_id = started["subscription_id"]
    await bella.settle()
    assert (started["total"] or "0.00") == preview["total"], "previewed is charged"
    return preview


async def change(bella: Sandbox, kind: str, **more: Any) -> Any:
    """Preview a change, confirm it, and hold every amount charged to the one shown."""
    body = {"type": kind, **more}
    before = await issued(bella)
    preview = await bella.post(f"{bella.path}/previews", body)
    changed = await bella.post(f"{bella.path}/changes", {**body, "token": preview["token"]})
    await bella.settle()
    invoices, notes = await issued(bella)
    new_invoices, new_notes = invoices - before[0], notes - before[1]
    assert (changed["total"] or "0.00") == preview["total"]
    assert len(new_invoices) == len(preview["invoices"])
    assert len(new_notes) == len(preview["credit_notes"]) == len(changed["credit_notes"])
    return preview


async def issued(bella: Sandbox) -> tuple[set[str], set[str]]:
    invoices = {i["number"] for i in await bella.get("/v1/invoices", limit="500")}
    notes = {n["number"] for n in await bella.get("/v1/credit-notes")}
    return invoices, notes


async def totals(bella: Sandbox) -> list[tuple[str, str]]:
    return await bella.bills()


async def test_a_trial_from_the_plan_is_free_and_the_first_period_starts_at_its_end(shop):
    bella = await shop("2026-04-01")
    preview = await start(bella, "tryout")
    held = await bella.get(bella.path)
    await bella.advance("2026-04-14T23:00")
    free = await bella.bills()
    await bella.advance("2026-04-15")

    assert (preview["total"], preview["after"]["trial"]) == ("0.00", True)
    assert preview["upcoming"]["due_at"] == "2026-04-14T16:00:00Z"
    assert held["trial_end"] == "2026-04-14T16:00:00Z"
    assert free == []
    assert await bella.bills() == [("2026-04-15", "300.00")]
    assert (await bella.get(bella.path))["period_end"] == "2026-05-14T16:00:00Z"


async def test_a_start_ahead_waits_and_can_be_taken_back(shop):
    bella = await shop("2026-04-01")
    preview = await start(bella, starts_at="2026-04-10T00:00:00+08:00")
    held = await bella.get(bella.path)
    [entry] = held["scheduled"]

    assert (preview["timing"], preview["total"], held["status"]) == ("on_date", "0.00", "scheduled")
    await change(bella, "undo", change_id=entry["change_id"])
    await bella.advance("2026-05-01")
    assert await bella.bills() == []


async def test_a_mid_quarter_join_uses_the_quarters_true_length(shop):
    bella = await shop("2026-05-16")
    preview = await start(bella, interval="quarter", alignment="calendar")

    # April to June are 91 days, of which 46 are left from 16 May on: 910.00 x 46 / 91.
    assert preview["total"] == "460.00"
    assert (await bella.get(bella.path))["period_end"] == "2026-06-30T16:00:00Z"


async def test_seats_added_are_charged_for_the_days_left_and_fewer_are_credited(shop):
    bella = await shop("2026-04-01")
    await start(bella, quantities={"seats": 2})
    await bella.advance("2026-04-16T10:00")

    more = await change(bella, "change_quantity", component="seats", quantity=5)
    fewer = await change(bella, "change_quantity", component="seats", quantity=4)

    # 15 of 30 days: 3 x 60.00 / 2, then one of them back.
    assert (more["total"], fewer["total"], fewer["credited"]) == ("90.00", "0.00", "30.00")
    assert more["projection"]["difference"] == "180.00"
    assert (await bella.get(bella.path))["quantities"] == {"seats": 4}
    assert await bella.books_agree()


async def test_an_annual_seat_added_is_charged_now(shop):
    bella = await shop("2026-01-01")
    await start(bella, interval="year")
    await bella.advance("2026-10-20")

    added = await change(bella, "change_quantity", component="seats", quantity=2)

    # 20 October to 31 December are 73 of 365 days: a fifth of 730.00.
    assert added["total"] == "146.00"


async def test_a_pause_credits_unused_days_and_resuming_bills_up_to_the_kept_anchor(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    await bella.advance("2026-04-11T10:00")
    paused = await change(bella, "pause")
    held, granted = await bella.get(bella.path), await bella.granted()
    await bella.advance("2026-04-21T10:00")
    resumed = await change(bella, "resume")

    # The day of the pause is not billed: 20 of 30 days back; resuming bills 10 of 30.
    assert (paused["credited"], resumed["total"]) == ("240.00", "120.00")
    assert (held["paused"], granted) == (True, set())
    assert (await bella.get(bella.path))["period_end"] == "2026-04-30T16:00:00Z"
    await bella.advance("2026-05-01")
    assert (await bella.bills())[-1] == ("2026-05-01", "360.00")
    assert await bella.books_agree()


async def test_cancelled_at_once_the_unused_days_come_back(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    await bella.advance("2026-04-16T10:00")

    ended = await change(bella, "cancel", when="now")

    assert (ended["credited"], ended["timing"]) == ("180.00", "at_once")
    assert (await bella.get(bella.path))["status"] == "ended"


async def test_a_cancellation_is_taken_back_before_the_end_and_life_begins_again_after_it(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    await bella.advance("2026-04-16T10:00")
    await change(bella, "cancel")
    ends = (await bella.get(bella.path))["ends_at"]
    kept = await change(bella, "reactivate")
    await change(bella, "cancel")
    await bella.advance("2026-05-10T10:00")
    again = await change(bella, "reactivate")

    assert (ends, kept["total"], kept["credited"]) == ("2026-04-30T16:00:00Z", "0.00", "0.00")
    assert again["total"] == "360.00"
    assert (await bella.get(bella.path))["period_end"] == "2026-06-10T02:00:00Z"


async def test_an_interval_change_restarts_the_cycle_and_credits_the_rest(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    await bella.advance("2026-04-16")

    yearly = await change(bella, "change_plan", plan_code="team", interval="year", when="now")

    assert (yearly["total"], yearly["credited"]) == ("4380.00", "180.00")
    assert (await bella.get(bella.path))["period_end"] == "2027-04-15T16:00:00Z"


async def test_a_dated_change_waits_and_is_listed_until_it_is_undone(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    preview = await change(
        bella, "change_quantity", component="seats", quantity=3, when="2026-04-20T00:00:00+08:00"
    )
    [entry] = (await bella.get(bella.path))["scheduled"]
    await change(bella, "undo", change_id=entry["change_id"])
    after = (await bella.get(bella.path))["scheduled"]
    await bella.advance("2026-05-01")

    assert (preview["timing"], preview["total"]) == ("on_date", "0.00")
    assert (entry["action"], entry["quantity"]) == ("change_quantity", 3)
    assert after == []
    assert await bella.bills() == [("2026-04-01", "360.00"), ("2026-05-01", "360.00")]


async def test_a_season_booked_early_costs_less_is_moved_and_given_up_by_its_ladder(shop):
    bella = await shop("2026-03-01")
    await start(bella)
    booked = await change(bella, "book_addon", addon_code="early_618", quantity=2)
    [window] = (await bella.get(bella.path))["addons"]
    longer = await change(
        bella,
        "change_booking",
        booking_id=window["booking_id"],
        window_start=window["window_start"],
        window_end="2026-06-25T00:00:00+08:00",
    )
    await bella.advance("2026-05-08T10:00")
    given_up = await change(bella, "cancel_booking", booking_id=window["booking_id"])

    # 20 May to 20 June are 32 days at 320.00 early: 10.00 a day; four days more; half back.
    assert (booked["total"], longer["total"], given_up["credited"]) == ("640.00", "80.00", "360.00")
    [after] = (await bella.get(bella.path))["addons"]
    assert after["cancelled_at"] is not None
    assert await bella.books_agree()


async def test_windows_overlap_and_each_adds_to_the_limit(shop):
    bella = await shop("2026-03-01")
    await start(bella)
    await change(bella, "book_addon", addon_code="early_618")
    half = await change(
        bella,
        "book_addon",
        addon_code="early_618",
        window_start="2026-06-01T00:00:00+08:00",
        window_end="2026-06-17T00:00:00+08:00",
    )
    await bella.advance("2026-06-10")

    assert half["total"] == "160.00"
    assert await bella.limit("outbound.orders_per_day") == 900


async def test_a_same_day_zero_to_three_change_raises_no_false_alarm(shop):
    bella = await shop("2026-04-01")
    await start(bella, "free")
    dearer = await change(bella, "change_plan", plan_code="tiny")
    await bella.advance("2026-05-01")

    assert (dearer["timing"], dearer["total"]) == ("at_once", "3.00")
    assert (await bella.bills())[-1] == ("2026-05-01", "3.00")
    assert await bella.books_agree()


@pytest.mark.parametrize("day", ["2027-01-29", "2027-01-30", "2027-01-31"])
@pytest.mark.parametrize(
    ("interval", "months"),
    [("month", 1), ("quarter", 3), ("half_year", 6), ("year", 12), ("week", 0), ("day", 0)],
)
async def test_anchors_29_30_31_hold_in_every_interval(shop, day, interval, months):
    bella = await shop(day)
    await start(bella, interval=interval)
    held = await bella.get(bella.path)

    began, ends = shop_time(day), held["period_end"]
    expected = _boundary(day, interval, months)
    assert (held["period_start"], ends) == (_utc(began), expected)


def _boundary(day: str, interval: str, months: int) -> str:
    import calendar
    from datetime import date, timedelta

    first = date.fromisoformat(day)
    if not months:
        return _utc(shop_time((first + timedelta(7 if interval == "week" else 1)).isoformat()))
    year, month = divmod(first.month - 1 + months, 12)
    last = calendar.monthrange(first.year + year, month + 1)[1]
    return _utc(shop_time(date(first.year + year, month + 1, min(first.day, last)).isoformat()))


def _utc(at: Any) -> str:
    from datetime import UTC

    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
