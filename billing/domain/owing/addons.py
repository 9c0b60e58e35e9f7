"""Add-ons: one item per booking, and one for its deposit where it has one.

The price is fixed at booking, and so is what a day of the window costs: a window that is extended
or shortened, or that was booked late, costs its days. What is kept of a booking that is given up
follows from the add-on's ladder of lead times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.domain.owing.item import FeePart, Item, LineKind
from billing.domain.owing.shares import Share, days_between
from billing.domain.owing.states import Billable
from billing.domain.pricing import Step
from control_plane.catalog.domain import AddonVersion
from control_plane.catalog.policies import AddonInvoicing, Policies
from control_plane.kernel.calendar import Period
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import AddonBooking

_PERCENT = 100
_INSTANT = timedelta(microseconds=1)


def addons(about: Billable, since: datetime) -> Iterator[Item]:
    """Yield what bookings that are not over by ``since`` owe, now or when their windows open."""
    for booking in about.bookings:
        if _until(booking) <= since:
            continue
        addon = about.versions.addons[booking.addon_version_id]
        yield from _Booking(about, booking, addon, about.policies.of_addon(addon)).items()


def _until(booking: AddonBooking) -> datetime:
    """Return until when a change may make a difference to a booking; it is due by then."""
    return max(booking.window.end, booking.booked.end, booking.booked_at + _INSTANT)


@dataclass(frozen=True, slots=True)
class _Booking:
    about: Billable
    booking: AddonBooking
    addon: AddonVersion
    policies: Policies

    def items(self) -> Iterator[Item]:
        booking = self.booking
        total, kept = self._rounded(self._whole() * self._share().fraction), self._kept()
        amount = total if kept is None else total.scale(kept / _PERCENT, self.policies.rounding)
        deposit = self._deposit()
        if deposit is not None:
            held = min(deposit, amount)
            if held.minor or kept is None:
                yield self._item(LineKind.DEPOSIT, booking.booked_at, held, "deposit")
            amount -= held
        if amount.minor or kept is None:
            yield self._item(self._kind(), self._due_at(), amount, "addon")

    def _whole(self) -> Fraction:
        """Return what the window costs as it was booked, in major units."""
        booking = self.booking
        lead = self._days(booking.booked_at, booking.booked.start)
        price = booking.price or self.addon.price(self.about.currency, lead)
        return price.major * booking.quantity

    def _share(self) -> Share:
        """Return the days of the window, less those before it was booked, by those first booked."""
        booking = self.booking
        window = booking.window
        start = booking.booked_at if window.contains(booking.booked_at) else window.start
        booked = self._days(booking.booked.start, booking.booked.end)
        if booked == 0:  # within one day: it is there, or it is not
            return Share(1, 1)
        return Share(self._days(start, window.end), booked)

    def _kept(self) -> Fraction | None:
        """Return the percentage kept of a booking given up, None of one that stands."""
        booking = self.booking
        if booking.cancelled_at is None:
            return None
        lead = self._days(booking.cancelled_at, booking.window.start)
        ahead = booking.cancelled_at < booking.window.start
        return _PERCENT - Fraction(self.addon.refund_percent(lead)) if ahead else Fraction(_PERCENT)

    def _deposit(self) -> Money | None:
        """Return the part that is due at booking, None where all is due at once."""
        booking, percent = self.booking, self.addon.deposit
        by_deposit = self.policies.addon_invoicing is AddonInvoicing.DEPOSIT
        if not by_deposit or percent is None or booking.booked.contains(booking.booked_at):
            return None
        return self._rounded(self._whole() * Fraction(percent) / _PERCENT)

    def _kind(self) -> LineKind:
        """A booking given up before anything of it was due owes a cancellation fee."""
        due = self._regular_due_at()
        given_up = self.booking.cancelled_at
        return LineKind.CANCELLATION if given_up is not None and given_up < due else LineKind.ADDON

    def _due_at(self) -> datetime:
        due, given_up = self._regular_due_at(), self.booking.cancelled_at
        return due if given_up is None else min(due, max(given_up, self.booking.booked_at))

    def _regular_due_at(self) -> datetime:
        booking, invoicing = self.booking, self.policies.addon_invoicing
        ahead = invoicing is AddonInvoicing.AT_START or self._deposit() is not None
        return max(booking.booked_at, booking.window.start) if ahead else booking.booked_at

    def _item(self, kind: LineKind, due_at: datetime, amount: Money, word: str) -> Item:
        about, booking, addon = self.about, self.booking, self.addon
        window, share = booking.window, self._share()
        start = max(window.start, min(booking.booked_at, window.end))
        quantity = Decimal(booking.quantity)
        return Item(
            key=about.key(str(booking.change_id), word),
            kind=kind,
            due_at=due_at,
            until=_until(booking),
            subscription_id=about.subscription_id,
            version_id=addon.id,
            item=addon.label,
            item_name=addon.name,
            charge_code=addon.code,
            name=addon.name,
            currency=about.currency,
            zone=about.zone,
            period=window,
            service=Period(start, window.end),
            share=share,
            fee_parts=(FeePart(window, share, quantity, self._whole(), self._steps()),),
            fixed=amount,
            tax_category=addon.tax_category,
            tax_inclusive=addon.tax_inclusive,
            policies=self.policies,
        )

    def _steps(self) -> tuple[Step, ...]:
        booking = self.booking
        steps: list[Step] = []
        if booking.quantity != 1:
            price = self._rounded(self._whole() / booking.quantity)
            steps.append(
                {
                    "step": "booked",
                    "quantity": str(booking.quantity),
                    "unit_price": price.decimal_text(),
                }
            )
        kept = self._kept()
        if kept is not None:
            steps.append({"step": "cancelled", "kept": quantity_text(kept)})
        return tuple(steps)

    def _rounded(self, major: Fraction) -> Money:
        return Money.rounded(major, self.about.currency, self.policies.rounding)

    def _days(self, start: datetime, end: datetime) -> int:
        return days_between(start, end, self.about.zone)
