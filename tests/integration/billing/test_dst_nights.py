"""Nights on which the clocks are turned: each hour of usage on one invoice, once."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval
from tests.support.billing_world import World, organisation
from tests.support.late_catalogue import LATE_CATALOGUE

DAILY = """
plans:
  - code: daily
    name: {en: Daily, zh: 每日版}
    modules: [inbound, outbound]
    entitlements: {outbound.orders_per_day: 150}
    prices:
      - currency: CNY
        interval: day
        charges:
          - {code: lines, kind: per_unit, meter: outbound_lines, unit_price: "1.00",
             name: {en: Lines, zh: 行}}
"""


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"])
def server_zone(request, monkeypatch, settings, admin) -> Iterator[str]:
    """The machine and its database keep the time of some zone."""
    name = settings.database_url.rsplit("/", 1)[1]
    admin.execute(f"ALTER DATABASE \"{name}\" SET timezone = '{request.param}'")
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


async def test_usage_at_0130_twice_on_a_dst_night_gives_the_same_invoice_in_any_server_zone(
    server_zone, database, clock, world: World, admin
):
    await ApplyCatalog(database, clock)(LATE_CATALOGUE.replace("\nplans:\n", DAILY, 1))
    shop = organisation(admin, "deli", zone="America/New_York")
    # A day from 01:30 to 01:30. On 1 November 01:30 comes twice, at 05:30 and at 06:30 UTC.
    world.clock.set(datetime(2026, 10, 31, 5, 30, tzinfo=UTC))
    await world.subscribe(shop, "daily", Interval.DAY)
    for hour, minute, lines in ((5, 29, 1), (5, 30, 10), (6, 30, 100), (7, 0, 1000)):
        world.clock.set(datetime(2026, 11, 1, hour, minute, tzinfo=UTC))
        await world.ship(shop, world.clock.now(), lines)
    world.clock.set(datetime(2026, 11, 2, 6, 30, tzinfo=UTC))
    await world.close_due(shop)

    assert [
        (i.content["due_at"], i.summary.dated.isoformat(), i.content["lines"][0]["quantity"])
        for i in await world.invoices(shop)
    ] == [
        ("2026-11-01T05:30:00Z", "2026-11-01", "1"),
        ("2026-11-02T06:30:00Z", "2026-11-02", "1110"),
    ]
    for invoice in await world.invoices(shop):
        verdict = await world.verify(tenant_id=shop, invoice_id=invoice.summary.id)
        assert verdict.differences == ()
