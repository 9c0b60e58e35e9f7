"""What a quote promises is read back exactly as it was frozen."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from billing.domain.life.orders import Order, order_body, order_from_body
from billing.domain.life.requests import Alignment, BookingWanted, StartWanted
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, new_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms

AT = datetime(2026, 5, 1, tzinfo=UTC)


def test_an_order_survives_being_frozen():
    order = Order(
        StartWanted(
            plan_code="growth",
            interval=Interval.QUARTER,
            count=2,
            currency_code="CNY",
            starts_at=AT,
            trial=False,
            trial_end=AT,
            alignment=Alignment.CALENDAR,
            quantities={"seats": 3},
            terms=Terms(charges={"base": ChargeTerms(discount=Decimal("12.5"))}, reason="loyal"),
            plan_version=PlanVersionId(new_id()),
        ),
        (
            BookingWanted(
                addon_code="peak_618",
                starts_at=AT,
                ends_at=AT,
                quantity=2,
                addon_version=AddonVersionId(new_id()),
                price=Money(88_800, currency("CNY")),
            ),
        ),
    )
    assert order_from_body(json.loads(json.dumps(order_body(order)))) == order


def test_a_bare_order_survives_too():
    order = Order(StartWanted("growth"))
    assert order_from_body(json.loads(json.dumps(order_body(order)))) == order
