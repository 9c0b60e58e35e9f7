"""Small plans and timelines to bill, built by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from billing.domain.lines import Versions
from control_plane.catalog.domain import (
    AddonVersion,
    Aggregation,
    Charge,
    ChargeKind,
    Meter,
    PlanVersion,
    Price,
    Text,
    Tier,
    Timing,
)
from control_plane.kernel.calendar import Anchor, Interval
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Action, Start, Timeline, new_timeline

CNY = CURRENCIES["CNY"]
SHANGHAI = "Asia/Shanghai"
SUBSCRIPTION = SubscriptionId(UUID(int=7 << 76 | 1))
_SPACE = UUID(int=0)


def at(text: str) -> datetime:
    """An instant, in UTC unless the text has an offset."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def text(value: str) -> Text:
    return Text(en=value, zh=f"{value} 中文")


LINES = Meter(
    code="outbound_lines",
    event_type="tallyard.outbound.shipment_posted",
    aggregation=Aggregation.SUM,
    property="lines",
    module="outbound",
    unit=Text(en="lines", zh="行"),
    name=Text(en="Outbound lines", zh="出库行"),
)

USAGE = Charge(
    code="outbound_lines",
    kind=ChargeKind.GRADUATED,
    timing=Timing.ARREARS,
    name=Text(en="Outbound lines", zh="出库行"),
    meter="outbound_lines",
    included=Decimal(2000),
    tiers=(
        Tier(up_to=Decimal(5000), unit_price=Decimal("0.05"), flat_fee=Decimal(0)),
        Tier(up_to=None, unit_price=Decimal("0.03"), flat_fee=Decimal(0)),
    ),
)


def fee(amount: str, code: str = "base", timing: Timing = Timing.ADVANCE) -> Charge:
    return Charge(
        code=code,
        kind=ChargeKind.FLAT,
        timing=timing,
        name=text("Base fee"),
        amount=Money.parse(amount, CNY),
    )


def plan(
    code: str,
    amount: str,
    *charges: Charge,
    orders: int = 150,
    modules: tuple[str, ...] = ("inbound", "outbound", "stock_query"),
) -> PlanVersion:
    """A plan by the month at ``amount``, by the year at ten times that."""
    yearly = Money.parse(amount, CNY).scale(10).decimal_text()
    return PlanVersion(
        id=PlanVersionId(uuid5(_SPACE, code)),
        code=code,
        version=1,
        name=text(code.title()),
        modules=modules,
        entitlements={"outbound.orders_per_day": Decimal(orders)},
        prices=(
            Price(CNY, Interval.MONTH, (fee(amount), *charges)),
            Price(CNY, Interval.YEAR, (fee(yearly), *charges)),
        ),
    )


GROWTH = plan("growth", "1999.00", USAGE)
SCALE = plan("scale", "3999.00", USAGE, orders=200)
TWIN = plan("twin", "1999.00", USAGE)
PEAK = AddonVersion(
    id=AddonVersionId(uuid5(_SPACE, "peak_618")),
    code="peak_618",
    version=1,
    name=Text(en="618 peak", zh="618 大促扩容"),
    season="618",
    requires=("outbound",),
    grants={"outbound.orders_per_day": Decimal(400)},
    prices={"CNY": Money.parse("888.00", CNY)},
)
VERSIONS = Versions(
    plans={p.id: p for p in (GROWTH, SCALE, TWIN)},
    addons={PEAK.id: PEAK},
)


def started(
    start: datetime,
    version: PlanVersion = GROWTH,
    *,
    interval: Interval = Interval.MONTH,
    zone: str = SHANGHAI,
) -> Timeline:
    action = Start(version.id, "CNY", interval, Anchor(at=start, zone=zone, interval=interval))
    change_id = ChangeId(uuid5(_SPACE, "change-1"))
    return new_timeline(SUBSCRIPTION, change_id, action, effective_at=start, known_at=start)


def changed(
    timeline: Timeline, action: Action, effective: datetime, known: datetime | None = None
) -> Timeline:
    change_id = ChangeId(uuid5(_SPACE, f"change-{len(timeline.changes) + 1}"))
    return timeline.with_change(
        change_id, action, effective_at=effective, known_at=known or effective
    )
