"""A clock that jumps lives through everything on its way, as one that walks day by day does."""

from datetime import date, timedelta
from typing import Any

import pytest

BEGIN = date(2026, 5, 3)


async def lived(sandbox, name: str) -> Any:
    """A company with a plan, a season booked ahead, an upgrade to come, and some usage."""
    shop = await sandbox(f"{BEGIN}T10:00", name)
    await shop.subscribe()
    await shop.book("peak_618")
    await shop.ship(7_234, f"{BEGIN}T09:30")
    return shop


async def told(shop: Any) -> dict[str, Any]:
    """Everything finance sees of it, without ids."""
    invoices = [
        (
            i["invoice"]["due_at"],
            i["invoice"]["state"],
            i["content"]["total_minor"],
            i["content"]["due_minor"],
            [
                (n["charge"], n["first_day"], n["last_day"], n["net_minor"], n["steps"])
                for n in i["content"]["lines"]
            ],
        )
        for i in await shop.invoices()
    ]
    notes = await shop.get("/v1/credit-notes")
    grants = await shop.get("/v1/entitlements")
    return {
        "invoices": invoices,
        "notes": [(n["dated"], n["total"]) for n in notes],
        "entitlements": grants["items"],
    }


async def compare(sandbox, days: int) -> dict[str, Any]:
    """Let one company jump and another walk, and return what both came to."""
    end = BEGIN + timedelta(days=days)
    jumper, walker = await lived(sandbox, "Jumper"), await lived(sandbox, "Walker")
    await jumper.advance(f"{end}T10:00")
    for n in range(1, days + 1):
        await walker.advance(f"{BEGIN + timedelta(days=n)}T10:00")
    jumped, walked = await told(jumper), await told(walker)
    assert jumped == walked
    return jumped


async def test_a_season_in_one_jump_is_a_season_of_single_days(sandbox):
    found = await compare(sandbox, 52)

    assert [due for due, *_ in found["invoices"]] == [
        "2026-05-03T02:00:00Z",
        "2026-05-03T02:00:00Z",
        "2026-06-03T02:00:00Z",
    ]


@pytest.mark.nightly
async def test_five_years_in_one_jump_are_1826_single_days(sandbox):
    found = await compare(sandbox, 1_826)

    # The season's own invoice, the first fee, and sixty renewals.
    assert len(found["invoices"]) == 62
