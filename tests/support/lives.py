"""Plans sold in every interval, and random lives of a subscription on them."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid5

from billing.domain.lines import Versions
from control_plane.catalog.domain import (
    AddonVersion,
    Charge,
    ChargeKind,
    Commitment,
    EarlyBird,
    PlanVersion,
    Price,
    Refund,
    Text,
    Tier,
    Timing,
)
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.kernel.money import Money
from tests.support.billing import CNY, text

_SPACE = UUID(int=5)

INTERVALS = (
    (Interval.MONTH, 1),
    (Interval.MONTH, 2),
    (Interval.QUARTER, 1),
    (Interval.HALF_YEAR, 1),
    (Interval.YEAR, 1),
    (Interval.WEEK, 1),
    (Interval.DAY, 1),
)
_SIZE = {"month": 30, "quarter": 90, "half_year": 180, "year": 360, "week": 7, "day": 1}


def flat(
    code: str,
    amount: str,
    timing: Timing,
    quantity: str | None = None,
    holding: str | None = None,
) -> Charge:
    return Charge(
        code=code,
        kind=ChargeKind.FLAT,
        timing=timing,
        name=text(code),
        amount=Money.parse(amount, CNY),
        quantity=quantity,
        holding=None if holding is None else Money.parse(holding, CNY),
    )


def lines(included: int, interval: Interval | None, allowance: Interval | None) -> Charge:
    return Charge(
        code="lines",
        kind=ChargeKind.GRADUATED,
        timing=Timing.ARREARS,
        name=text("lines"),
        meter="outbound_lines",
        included=Decimal(included),
        tiers=(
            Tier(Decimal(500), Decimal("0.07"), Decimal(0)),
            Tier(None, Decimal("0.03"), Decimal(10)),
        ),
        interval=interval,
        allowance_interval=allowance,
        maximum=Money.parse("45.00", CNY) if allowance is Interval.QUARTER else None,
    )


def parcels(unit_price: str) -> Charge:
    return Charge(
        code="parcels",
        kind=ChargeKind.PER_UNIT,
        timing=Timing.ARREARS,
        name=text("parcels"),
        meter="outbound_lines",
        unit_price=Decimal(unit_price),
        minimum=Money.parse("50.00", CNY),
        maximum=Money.parse("80.00", CNY),
    )


def priced(daily: int, interval: Interval, count: int, *, rich: bool) -> Price:
    """A price of about ``daily`` a day, odd enough that shares of it never come out even."""
    days = _SIZE[interval.value] * count
    pooled = interval in {Interval.YEAR, Interval.QUARTER} and count == 1
    held = f"{days * 9}.05" if rich else None
    by_month = pooled or (interval is Interval.MONTH and count > 1)
    charges = [
        flat("base", f"{daily * days}.01", Timing.ADVANCE, holding=held),
        flat("seat", f"{days}.07", Timing.ADVANCE, "seats"),
        lines(
            days if interval is Interval.QUARTER else days * 10,
            Interval.MONTH if by_month else None,
            interval if pooled else None,
        ),
    ]
    if rich:
        charges.append(flat("handling", f"{days * 3}.10", Timing.ARREARS, "warehouses", "0.00"))
        charges.append(parcels("0.011"))
    committed = rich and interval is Interval.MONTH and count == 1
    return Price(
        currency=CNY,
        interval=interval,
        count=count,
        charges=tuple(charges),
        commitment=Commitment(Money.parse("3500.00", CNY)) if committed else None,
    )


def sold(code: str, daily: int, *, rich: bool = False) -> PlanVersion:
    return PlanVersion(
        id=PlanVersionId(uuid5(_SPACE, code)),
        code=code,
        version=1,
        name=text(code),
        modules=("outbound",),
        entitlements={},
        prices=tuple(priced(daily, interval, count, rich=rich) for interval, count in INTERVALS),
    )


BASIC, PRO = sold("basic", 66), sold("pro", 101, rich=True)
BASIC_NEXT = replace(BASIC, id=PlanVersionId(uuid5(_SPACE, "basic@2")), version=2)
PLANS = (BASIC, PRO, BASIC_NEXT)
PEAK = AddonVersion(
    id=AddonVersionId(uuid5(_SPACE, "peak")),
    code="peak",
    version=1,
    name=Text("Peak", "高峰"),
    season="618",
    requires=("outbound",),
    grants={},
    prices={"CNY": Money.parse("888.01", CNY)},
    early_bird=(EarlyBird(30, {"CNY": Money.parse("666.01", CNY)}),),
    cancellation=(Refund(30, Decimal(100)), Refund(7, Decimal("33.3"))),
    deposit=Decimal(30),
)
VERSIONS = Versions({p.id: p for p in PLANS}, {PEAK.id: PEAK})
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
)
