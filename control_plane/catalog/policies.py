"""The conventions that money follows, each with a name, a default and its alternatives.

Where peers differ, we offer both and write down which one was in force: a plan, a price and a
tenant may each choose, the most specific one wins (default < plan < price < tenant), and every
invoice's manifest holds the result in full.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeAlias

from control_plane.catalog.errors import PolicyUnknown, PolicyValueUnknown
from control_plane.kernel.rounding import Rounding

Choices: TypeAlias = Mapping[str, str | int]
"""Some policies by name, as a plan, a price or a tenant states them; the others stay."""

LONGEST_TERM_DAYS = 365


class RoundingPlace(StrEnum):
    """Where exact amounts become whole minor units.

    Once per line; or once for the sum of all that falls due together, where all of it agrees.
    """

    LINE = "line"
    INVOICE = "invoice"


class TaxRounding(StrEnum):
    """Where tax becomes whole minor units: per (category, rate) group, per line, or in the end."""

    GROUP = "group"
    LINE = "line"
    INVOICE = "invoice"


class SplitTies(StrEnum):
    """Who gets the odd minor unit where remainders are equal."""

    INPUT_ORDER = "input_order"
    KEY = "key"


class ProrationUnit(StrEnum):
    """What a short period is counted in."""

    LOCAL_DAY = "local_day"
    SECOND = "second"


class Denominator(StrEnum):
    """What a short period is compared with."""

    TRUE_LENGTH = "true_length"
    THIRTY_DAYS = "thirty_days"


class TerminationDay(StrEnum):
    """Whether the day on which a subscription ends is billed."""

    NOT_BILLED = "not_billed"
    BILLED = "billed"


class ShortPeriod(StrEnum):
    """Whether fees, minimums, maximums, commitments and included quantities shrink."""

    BY_DAYS = "by_days"
    NONE = "none"


class Split(StrEnum):
    """How a later part of one period is priced."""

    CUMULATIVE = "cumulative"
    EACH_ALONE = "each_alone"


class PlanChangeTiming(StrEnum):
    """When a plan change takes effect."""

    BY_LIMITS_AND_FEE = "by_limits_and_fee"
    BY_RECURRING_PRICE = "by_recurring_price"
    AT_ONCE = "at_once"
    AT_PERIOD_END = "at_period_end"


class UnusedCredit(StrEnum):
    """What is given back for time that was paid and is not used."""

    BILLED = "billed"
    NONE = "none"
    FULL = "full"


class IntervalChange(StrEnum):
    """What a change of interval does to the billing cycle."""

    RESTART = "restart"
    KEEP_ANCHOR = "keep_anchor"


class Pause(StrEnum):
    """What a pause costs."""

    CREDIT_UNUSED = "credit_unused"
    HOLDING_FEE = "holding_fee"


class TierEntryFee(StrEnum):
    """Whether the first tier's flat fee is due without any usage."""

    FIRST_AT_ZERO = "first_at_zero"
    FREE_AT_ZERO = "free_at_zero"


class PackageRounding(StrEnum):
    """Whether a package that was only started is charged."""

    UP = "up"
    DOWN = "down"


class CouponOrder(StrEnum):
    """Whether coupons come off before or after a charge's minimum was applied."""

    AFTER_MINIMUM = "after_minimum"
    BEFORE_MINIMUM = "before_minimum"


class DiscountOrder(StrEnum):
    """Whether a price's own discount comes off before or after minimum and maximum."""

    BEFORE_MAXIMUM = "before_maximum"
    AFTER_MAXIMUM = "after_maximum"


class AddonInvoicing(StrEnum):
    """When a booked window is invoiced."""

    AT_BOOKING = "at_booking"
    AT_START = "at_start"
    DEPOSIT = "deposit"


class AmbiguousTime(StrEnum):
    """Which of two equal local times is meant when clocks go back."""

    FIRST = "first"
    SECOND = "second"


class GapTime(StrEnum):
    """Where a local time goes that clocks skip."""

    FORWARD = "forward"
    BACKWARD = "backward"


class BurnOrder(StrEnum):
    """Which balance is used first."""

    PRIORITY_EXPIRY_AGE = "priority_expiry_age"
    NON_ROLLOVER_FIRST = "non_rollover_first"


@dataclass(frozen=True, slots=True)
class Policies:
    """One choice for every convention; `DEFAULTS` are those of the billing rules."""

    rounding: Rounding = Rounding.HALF_AWAY
    rounding_place: RoundingPlace = RoundingPlace.LINE
    tax_rounding: TaxRounding = TaxRounding.GROUP
    split_ties: SplitTies = SplitTies.INPUT_ORDER
    proration_unit: ProrationUnit = ProrationUnit.LOCAL_DAY
    denominator: Denominator = Denominator.TRUE_LENGTH
    termination_day: TerminationDay = TerminationDay.NOT_BILLED
    short_period: ShortPeriod = ShortPeriod.BY_DAYS
    split: Split = Split.CUMULATIVE
    plan_change_timing: PlanChangeTiming = PlanChangeTiming.BY_LIMITS_AND_FEE
    unused_credit: UnusedCredit = UnusedCredit.BILLED
    interval_change: IntervalChange = IntervalChange.RESTART
    pause: Pause = Pause.CREDIT_UNUSED
    tier_entry_fee: TierEntryFee = TierEntryFee.FIRST_AT_ZERO
    package_rounding: PackageRounding = PackageRounding.UP
    coupons: CouponOrder = CouponOrder.AFTER_MINIMUM
    price_discount: DiscountOrder = DiscountOrder.BEFORE_MAXIMUM
    addon_invoicing: AddonInvoicing = AddonInvoicing.AT_BOOKING
    ambiguous_time: AmbiguousTime = AmbiguousTime.FIRST
    gap_time: GapTime = GapTime.FORWARD
    payment_term_days: int = 14
    """Days from an invoice's date to the date it is payable by: 0 to `LONGEST_TERM_DAYS`."""
    burn_order: BurnOrder = BurnOrder.PRIORITY_EXPIRY_AGE

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Policies":
        """Read what `body` wrote; what is not named takes the default.

        Raises:
            PolicyUnknown: a name is no policy's.
            PolicyValueUnknown: a value is none of that policy's.
        """
        return cls().over(body)

    def body(self) -> dict[str, str | int]:
        """Write every policy, also those at their default, as JSON values."""
        return {name: _plain(getattr(self, name)) for name in POLICY_NAMES}

    def over(self, *choices: Choices) -> "Policies":
        """Return these policies with the choices laid over them, the later ones winning.

        Raises:
            PolicyUnknown: a name is no policy's.
            PolicyValueUnknown: a value is none of that policy's.
        """
        chosen: dict[str, Any] = {}
        for layer in choices:
            chosen.update({name: policy_value(name, value) for name, value in layer.items()})
        return replace(self, **chosen)


DEFAULTS = Policies()

POLICY_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Policies))


def policy_choices(name: str) -> tuple[str, ...]:
    """Return what a policy may be set to; nothing for those that are numbers.

    Raises:
        PolicyUnknown: the name is no policy's.
    """
    if name not in POLICY_NAMES:
        raise PolicyUnknown(policy=name, known=", ".join(POLICY_NAMES), field=name)
    default = getattr(DEFAULTS, name)
    return tuple(type(default)) if isinstance(default, StrEnum) else ()


def policy_value(name: str, value: object) -> StrEnum | int:
    """Read one policy's value.

    Raises:
        PolicyUnknown: the name is no policy's.
        PolicyValueUnknown: the value is none of that policy's.
    """
    known = policy_choices(name)
    if known:
        if value in known:
            chosen: StrEnum = type(getattr(DEFAULTS, name))(value)
            return chosen
        raise PolicyValueUnknown(
            policy=name, value=str(value)[:60], known=", ".join(known), field=name
        )
    if type(value) is int and 0 <= value <= LONGEST_TERM_DAYS:
        return value
    raise PolicyValueUnknown(
        policy=name, value=str(value)[:60], known=f"0 … {LONGEST_TERM_DAYS}", field=name
    )


def _plain(value: StrEnum | int) -> str | int:
    return value.value if isinstance(value, StrEnum) else value
