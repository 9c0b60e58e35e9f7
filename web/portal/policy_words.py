"""The conventions of billing in words: what each decides, and what it may be set to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, policy_choices
from web.i18n import N_, translate

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "payment_term_days": N_("Payment term in days"),
        "plan_change_timing": N_("A plan change takes effect"),
        "unused_credit": N_("For paid time that is not used"),
        "interval_change": N_("A change of the billing cycle"),
        "pause": N_("A pause"),
        "termination_day": N_("The day on which a subscription ends"),
        "short_period": N_("Fees of a short period"),
        "proration_unit": N_("Short periods are counted in"),
        "denominator": N_("Short periods are compared with"),
        "split": N_("A later part of one period"),
        "addon_invoicing": N_("Peak seasons are invoiced"),
        "coupons": N_("Coupons come off"),
        "price_discount": N_("A price's own discount comes off"),
        "burn_order": N_("Balances are used"),
        "tier_entry_fee": N_("The first tier's flat fee without usage"),
        "package_rounding": N_("A package that was only begun"),
        "rounding": N_("Amounts are rounded"),
        "rounding_place": N_("Where amounts are rounded"),
        "tax_rounding": N_("Where tax is rounded"),
        "split_ties": N_("The odd cent of a split goes to"),
        "ambiguous_time": N_("A local time that comes twice means"),
        "gap_time": N_("A local time that is skipped moves"),
    }
)
"""In the order in which finance reads them: what customers notice first."""

_VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plan_change_timing.by_limits_and_fee": N_("at once if a limit or the fee rises"),
        "plan_change_timing.by_recurring_price": N_("at once if the recurring price rises"),
        "plan_change_timing.at_once": N_("always at once"),
        "plan_change_timing.at_period_end": N_("always at the end of the period"),
        "unused_credit.billed": N_("what was billed for it is credited"),
        "unused_credit.none": N_("nothing is credited"),
        "unused_credit.full": N_("the whole period is credited"),
        "interval_change.restart": N_("begins a new cycle"),
        "interval_change.keep_anchor": N_("keeps the billing day"),
        "pause.credit_unused": N_("credits the unused days"),
        "pause.holding_fee": N_("goes on charging the fee"),
        "termination_day.not_billed": N_("is not billed"),
        "termination_day.billed": N_("is billed whole"),
        "short_period.by_days": N_("are charged in proportion"),
        "short_period.none": N_("are charged in full"),
        "proration_unit.local_day": N_("days"),
        "proration_unit.second": N_("seconds"),
        "denominator.true_length": N_("the period's true length"),
        "denominator.thirty_days": N_("30 days"),
        "split.cumulative": N_("goes on in the same tiers"),
        "split.each_alone": N_("is priced by itself"),
        "addon_invoicing.at_booking": N_("when they are booked"),
        "addon_invoicing.at_start": N_("when they start"),
        "addon_invoicing.deposit": N_("with a deposit first, the rest at the start"),
        "coupons.after_minimum": N_("after the minimum"),
        "coupons.before_minimum": N_("before the minimum"),
        "price_discount.before_maximum": N_("before the maximum"),
        "price_discount.after_maximum": N_("after the maximum"),
        "burn_order.priority_expiry_age": N_("by priority, expiry and age"),
        "burn_order.non_rollover_first": N_("first what does not roll over"),
        "tier_entry_fee.first_at_zero": N_("is charged"),
        "tier_entry_fee.free_at_zero": N_("is not charged"),
        "package_rounding.up": N_("is charged"),
        "package_rounding.down": N_("is not charged"),
        "rounding.half_away": N_("half away from zero"),
        "rounding.half_even": N_("half to even"),
        "rounding.up": N_("up"),
        "rounding.down": N_("down"),
        "rounding_place.line": N_("on each line"),
        "rounding_place.invoice": N_("on the whole invoice"),
        "tax_rounding.group": N_("once for each rate"),
        "tax_rounding.line": N_("on each line"),
        "tax_rounding.invoice": N_("on the whole invoice"),
        "split_ties.input_order": N_("whoever comes first"),
        "split_ties.key": N_("the smallest key"),
        "ambiguous_time.first": N_("the first one"),
        "ambiguous_time.second": N_("the second one"),
        "gap_time.forward": N_("forward"),
        "gap_time.backward": N_("backward"),
    }
)


def policy_title(name: str, language: str) -> str:
    """Say what a policy decides."""
    return translate(language, TITLES.get(name, name))


def policy_words(name: str, value: str | int, language: str) -> str:
    """Say what a policy's value means."""
    return translate(language, _VALUES.get(f"{name}.{value}", str(value)))


def choices_of(name: str) -> tuple[str, ...]:
    """Return what a policy may be set to, everybody's own choice first; none of a number."""
    usual = DEFAULTS.body()[name]
    return tuple(sorted(policy_choices(name), key=lambda value: value != usual))


def ordered_names() -> tuple[str, ...]:
    """Return every policy that leaves a choice, in reading order."""
    known = [name for name in (*TITLES, *POLICY_NAMES) if name in POLICY_NAMES]
    return tuple(name for name in dict.fromkeys(known) if len(policy_choices(name)) != 1)
