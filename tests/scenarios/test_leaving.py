"""A company that cancels keeps what it paid for to the last day, and takes its data along."""


async def test_what_was_cancelled_ends_with_the_period_and_is_billed_no_more(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.advance("2026-04-20T09:00")
    await bella.ship(3_000, "2026-04-20T08:00")

    cancelled = await bella.post(f"{bella.path}/cancellation", {})
    await bella.advance("2026-04-30T23:59")
    last_day = await bella.granted()
    await bella.advance("2026-05-01")
    first_day_after = await bella.granted()
    await bella.advance("2026-08-01")

    assert cancelled["effective_at"] == "2026-04-30T16:00:00Z"
    assert {"inbound", "outbound", "stock_query"} <= last_day
    assert first_day_after == set()
    # 3,000 lines, 2,000 included: 1,000 at 0.05, and no fee of May.
    assert await bella.bills() == [("2026-04-01", "1999.00"), ("2026-05-01", "50.00")]
    assert (await bella.get(bella.path))["status"] == "ended"
    assert await bella.books_agree()


async def test_its_services_are_exported_and_then_removed(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    before = await bella.get("/v1/instances")
    await bella.post(f"{bella.path}/cancellation", {})

    await bella.advance("2026-05-02")

    after = await bella.get("/v1/instances")
    assert {i["module"] for i in before if i["state"] == "ready"} == {
        "inbound",
        "outbound",
        "stock_query",
        "ledger",
    }
    assert [i["module"] for i in after if i["removed_at"] is None] == []
    assert all(i["export_sha256"] for i in after)


async def test_usage_after_the_end_is_refused_to_nobody_and_billed_to_nobody(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.post(f"{bella.path}/cancellation", {})
    await bella.advance("2026-05-10")

    late = await bella.ship(5_000, "2026-05-05")
    await bella.advance("2026-07-01")

    assert late["status"] == "accepted"
    assert await bella.bills() == [("2026-04-01", "1999.00"), ("2026-05-01", "0.00")]


async def test_nothing_can_be_added_to_what_was_cancelled(sandbox):
    bella = await sandbox("2026-04-01")
    await bella.subscribe()
    await bella.post(f"{bella.path}/cancellation", {})

    change = await bella.company.post(f"{bella.path}/plan-change-previews", {"plan_code": "scale"})
    twice = await bella.company.post(f"{bella.path}/cancellation", {})

    assert (change.status_code, change.json()["code"]) == (409, "subscription_ending")
    assert twice.status_code == 409
