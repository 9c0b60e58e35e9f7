"""When a plan change takes effect: four policies, as a table of their own."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class ChangeTiming(StrEnum):
    """When a change takes effect."""

    AT_ONCE = "at_once"
    AT_PERIOD_END = "at_period_end"
    ON_DATE = "on_date"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two plans side by side, all amounts exact and in major units.

    ``daily_*`` are the recurring fees per local day; ``projected_*`` the totals expected per
    period, usage included, None where nothing was projected.
    """

    limit_rises: bool
    limit_falls: bool
    daily_before: Fraction
    daily_after: Fraction
    projected_before: Fraction | None = None
    projected_after: Fraction | None = None

    @property
    def projection_rises(self) -> bool:
        """Whether more is expected to be paid per period."""
        if self.projected_before is None or self.projected_after is None:
            return False
        return self.projected_after > self.projected_before


def plan_change_timing(policy: str, found: Comparison) -> ChangeTiming:
    """Answer when a plan change takes effect, by the policy ``plan_change_timing``.

    ``by_limits_and_fee`` (the default): at once if any limit or the daily fee rises, else at the
    period's end. ``by_recurring_price``: at once if the daily fee rises. Where the daily fees are
    equal and no limit moves, the projected totals decide: what will cost more is an upgrade.
    """
    if policy in {"at_once", "at_period_end"}:
        return ChangeTiming(policy)
    rises = found.daily_after > found.daily_before
    tied = found.daily_after == found.daily_before
    if policy == "by_limits_and_fee":
        rises = rises or found.limit_rises
        tied = tied and not found.limit_rises and not found.limit_falls
    if rises or (tied and found.projection_rises):
        return ChangeTiming.AT_ONCE
    return ChangeTiming.AT_PERIOD_END
