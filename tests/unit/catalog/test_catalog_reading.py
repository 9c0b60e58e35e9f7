"""What a correct file says is what the catalogue holds."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import web.demo
from control_plane.catalog.codec import addon_body, addon_from_body, plan_body, plan_from_body
from control_plane.catalog.definitions import (
    definitions_body,
    definitions_from_body,
    definitions_of,
)
from control_plane.catalog.domain import ChargeKind, Property, PropertyType, Timing
from control_plane.catalog.errors import (
    AddonNotFound,
    MeterNotFound,
    PlanNotFound,
    PriceNotFound,
    SeasonNotFound,
)
from control_plane.catalog.source.reader import read_catalog
from control_plane.kernel.calendar import Interval
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.seasons import next_window
from inventory_modules.registry import MODULES
from tests.support.catalogue import SMALL, spoiled
from web.portal.offers import plain_fee

DEMO = Path(web.demo.__path__[0]) / "catalogue.yaml"


@pytest.fixture(scope="module")
def demo():
    return read_catalog(DEMO.read_text(encoding="utf-8"))


def test_a_plan_holds_its_modules_limits_and_prices():
    growth = read_catalog(SMALL).plan("growth")

    price = growth.price(CURRENCIES["CNY"], Interval.MONTH)
    fee, lines = price.charges
    assert growth.grants == {
        "inbound": True,
        "outbound": True,
        "outbound.orders_per_day": Decimal(150),
    }
    assert fee.amount.minor == 199_900
    assert (fee.timing, lines.timing) == (Timing.ADVANCE, Timing.ARREARS)
    assert (lines.code, lines.kind) == ("outbound_lines", ChargeKind.GRADUATED)
    assert lines.name.zh == "出库明细行"
    assert lines.included == 2000
    assert [t.up_to for t in lines.tiers] == [Decimal(5000), None]
    assert [t.flat_fee for t in lines.tiers] == [Decimal("1.50"), Decimal(0)]


def test_a_meter_says_what_its_events_hold_and_what_usage_is_grouped_by():
    schema = """\
    property: lines
    properties:
      region: {type: string, values: [north, south], required: true}
      zone: {type: number, values: [1.50, -2]}
      cold: {type: boolean}
    dimensions: [region, api_key]
"""
    catalog = read_catalog(spoiled("    property: lines\n", schema))

    meter = catalog.meter("outbound_lines")
    assert meter.properties == (
        Property("region", PropertyType.STRING, ("north", "south"), required=True),
        Property("zone", PropertyType.NUMBER, ("1.5", "-2")),
        Property("cold", PropertyType.BOOLEAN),
    )
    assert meter.dimensions == ("region", "api_key")
    assert definitions_from_body(definitions_body(catalog)).meters["outbound_lines"] == meter
    plain = read_catalog(SMALL).meter("outbound_lines")
    assert (plain.properties, plain.dimensions) == ((), ())


def test_a_season_of_its_own_has_windows_in_its_zone():
    season = read_catalog(SMALL).season("anniversary")

    window = next_window(season, datetime(2026, 1, 1, tzinfo=UTC))

    assert window.start == datetime(2026, 8, 31, 16, tzinfo=UTC)
    assert window.end == datetime(2026, 9, 7, 16, tzinfo=UTC)


def test_a_fee_may_be_asked_for_in_arrears():
    catalog = read_catalog(spoiled('"299.00",', '"299.00", timing: arrears,'))

    assert catalog.plan("receiving").prices[0].charges[0].timing is Timing.ARREARS


def test_what_is_not_on_sale_is_refused_by_name():
    catalog = read_catalog(SMALL)

    with pytest.raises(PlanNotFound, match="gold"):
        catalog.plan("gold")
    with pytest.raises(AddonNotFound, match="peak_619"):
        catalog.addon("peak_619")
    with pytest.raises(MeterNotFound, match="clicks"):
        catalog.meter("clicks")
    with pytest.raises(SeasonNotFound, match="easter"):
        catalog.season("easter")
    with pytest.raises(PriceNotFound, match=r"growth.*USD.*month"):
        catalog.plan("growth").price(CURRENCIES["USD"], Interval.MONTH)
    with pytest.raises(PriceNotFound, match=r"peak_618.*USD"):
        catalog.addon("peak_618").price(CURRENCIES["USD"])


def test_meters_are_found_by_their_event():
    catalog = read_catalog(SMALL)

    assert [m.code for m in catalog.meters_of_event("tallyard.outbound.shipment_posted")] == [
        "outbound_lines"
    ]
    assert catalog.meters_of_event("someone.else") == ()


@pytest.mark.parametrize("source", [SMALL, DEMO.read_text(encoding="utf-8")], ids=["small", "demo"])
def test_what_is_written_to_the_database_reads_back_the_same(source):
    catalog = read_catalog(source)

    for plan in catalog.plans.values():
        body = plan_body(plan)
        canonical_json(body)
        assert plan_from_body(plan.id, plan.version, body) == plan
    for addon in catalog.addons.values():
        body = addon_body(addon)
        canonical_json(body)
        assert addon_from_body(addon.id, addon.version, body) == addon
    assert definitions_from_body(definitions_body(catalog)) == definitions_of(catalog)


def test_the_demo_sells_the_modules_that_have_a_service_together_and_one_by_one(demo):
    modules = set(MODULES) - {"ledger"}

    assert set(demo.modules) == modules
    assert {p.modules for p in demo.plans.values()} >= {(module,) for module in modules}
    assert set(demo.plans) >= {"starter", "growth", "scale"}


def test_every_demo_plan_is_sold_by_month_and_year_in_both_currencies(demo):
    for plan in demo.plans.values():
        for code in ("CNY", "USD"):
            monthly = plan.price(CURRENCIES[code], Interval.MONTH)
            yearly = plan.price(CURRENCIES[code], Interval.YEAR)
            assert plain_fee(yearly) == plain_fee(monthly).scale(10)
            assert [c.code for c in yearly.charges] == [c.code for c in monthly.charges]


def test_the_demo_numbers_are_those_of_the_story(demo):
    growth, scale = demo.plan("growth"), demo.plan("scale")
    cny = CURRENCIES["CNY"]

    assert growth.price(cny, Interval.MONTH).charges[0].amount.minor == 199_900
    assert scale.price(cny, Interval.MONTH).charges[0].amount.minor == 399_900
    assert growth.entitlements["outbound.orders_per_day"] == 150
    assert scale.entitlements["outbound.orders_per_day"] == 200
    assert demo.addon("peak_618").price(cny).minor == 88_800
    assert demo.addon("peak_double11").price(cny).minor == 128_800
    for code in ("peak_618", "peak_double11"):
        assert demo.addon(code).grants == {"outbound.orders_per_day": Decimal(400)}
