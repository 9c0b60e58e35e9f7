"""A peak is booked once, opens by itself, and closes by itself."""

LIMIT = "outbound.orders_per_day"


async def test_a_booked_season_opens_and_closes_by_itself(sandbox):
    bella = await sandbox("2026-05-01")
    await bella.subscribe()
    await bella.advance("2026-05-06T10:00")

    booked = await bella.book("peak_618")
    limits = {}
    for moment in ("2026-05-19T23:59", "2026-05-20", "2026-06-20T23:59", "2026-06-21"):
        await bella.advance(moment)
        limits[moment] = await bella.limit(LIMIT)

    assert booked["total"] == "888.00"
    assert limits == {
        "2026-05-19T23:59": 150,
        "2026-05-20": 550,
        "2026-06-20T23:59": 550,
        "2026-06-21": 150,
    }
    assert await bella.bills() == [
        ("2026-05-01", "1999.00"),
        ("2026-05-06", "888.00"),
        ("2026-06-01", "1999.00"),
    ]
    assert await bella.books_agree()


async def test_services_hold_the_window_long_before_it_opens(sandbox):
    bella = await sandbox("2026-05-01")
    await bella.subscribe()
    await bella.book("peak_618")
    await bella.settle()

    items = (await bella.get("/v1/entitlements"))["items"]
    [limit] = [item for item in items if item["feature"] == LIMIT]
    windows = [(w["start"], w["end"], w["value"]) for w in limit["windows"]]

    assert windows == [
        ("2026-04-30T16:00:00Z", "2026-05-19T16:00:00Z", "150"),
        ("2026-05-19T16:00:00Z", "2026-06-20T16:00:00Z", "550"),
        ("2026-06-20T16:00:00Z", None, "150"),
    ]
    assert limit["valid_until"] == "2026-05-19T16:00:00Z"


async def test_after_its_start_the_window_of_the_next_year_is_offered(sandbox):
    bella = await sandbox("2026-11-13")
    await bella.subscribe()

    preview = await bella.post(f"{bella.path}/addon-previews", {"addon_code": "peak_double11"})

    assert preview["window_start"] == "2027-10-19T16:00:00Z"


async def test_an_add_on_for_a_module_that_was_not_bought_is_refused(sandbox):
    bella = await sandbox("2026-05-01")
    await bella.subscribe("inbound_only")

    refused = await bella.company.post(f"{bella.path}/addon-previews", {"addon_code": "peak_618"})

    assert (refused.status_code, refused.json()["code"]) == (409, "addon_not_applicable")
    assert "outbound" in refused.json()["detail"]
    assert await bella.bills() == [("2026-05-01", "299.00")]
