"""What every UsageStore must say of the money that events carry. Part of the one contract."""

from dataclasses import replace
from decimal import Decimal

from control_plane.catalog.domain import ChargeKind
from metering.ports import UsageStore
from tests.contract.usage_store.aggregations import BELLA, PER_UNIT, SECOND, measured
from tests.support.usage import LINES, NOON, usage_event


class MoneyContract:
    async def test_money_is_added_up_and_listed_in_order_where_a_charge_needs_it(
        self, store: UsageStore
    ):
        await store.ingest(
            BELLA,
            [
                usage_event("2", time=NOON, data={"lines": 1, "fee": "9.555"}),
                usage_event("1", time=NOON, data={"lines": 1, "fee": 8}),
                usage_event("0", time=NOON + SECOND, data={"lines": 1, "fee": "0.10"}),
                usage_event("none", time=NOON, data={"lines": 1}),
            ],
        )
        meter = replace(LINES, amount_property="fee")
        percentage = replace(PER_UNIT, kind=ChargeKind.PERCENTAGE, rate=Decimal(2))

        summed = await measured(store, percentage, meter)
        listed = await measured(store, replace(percentage, free_events=1), meter)
        by_group = await measured(
            store, replace(percentage, free_events=1, group_by=("fee",)), meter
        )

        assert (summed.quantity, summed.amount, summed.amounts) == (4, Decimal("17.655"), None)
        assert listed.amounts == (8, Decimal("9.555"), Decimal("0.1"))
        assert [group.amounts for group in by_group.groups] == [
            (),
            (Decimal("0.1"),),
            (8,),
            (Decimal("9.555"),),
        ]
