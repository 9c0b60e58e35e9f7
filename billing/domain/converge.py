"""Convergence: what is owed, less what stands billed, is what is issued.

Pure, and in two phases, because usage has to be measured in between: `asks` says what to measure,
`settle` takes the answers. At an instant, `owing` gives every item that is newly due and, as far
back as a ``reach`` says, every earlier one. The difference of each against what stands billed of it
is a line when it is positive, and cuts of invoiced lines, the newest first, when it is negative.
An item that was billed and is owed no more is cut to nothing.

What is owed depends on the timeline alone, so every path to it ends at the same amounts: late runs,
crashes, changes of the past, progressive invoices and late usage are all just another difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.billed import (
    Billed,
    BilledView,
    Booking,
    MemoryBilledView,
    with_lines,
    without,
)
from billing.domain.items import Item, PolicyBook, owed_items
from billing.domain.lines import Versions
from billing.domain.rating import InvoiceLine, Measured, Rated, difference, rate_items
from billing.domain.together import Members, neighbours_since, rounds_together
from control_plane.catalog.domain import LatePolicy
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import InvoiceId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Timeline


@dataclass(frozen=True, slots=True)
class Instant:
    """What converges: the instant, what was closed before it, and how far to look back.

    ``reach`` names, by subscription, the time from which on everything is looked at again.
    ``cutoff`` is the look at the usage for what is measured now, ``previous`` that of the close
    before. ``anew`` names items whose usage was taken back after a period was closed: everything
    that they follow within the reach is measured by the look of now, like they are.
    """

    at: datetime
    after: datetime
    cutoff: str
    previous: str | None
    reach: Mapping[SubscriptionId, datetime]
    anew: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ask:
    """What to measure for an item: by which look, and since which one for what came late."""

    item: Item
    cutoff: str
    since: str | None

    @property
    def period(self) -> Period:
        """The time whose events count."""
        return self.item.measure or self.item.service


@dataclass(frozen=True, slots=True)
class Cut:
    """What is taken back of one invoiced line; ``amount`` is positive."""

    line_key: str
    invoice_id: InvoiceId
    item_key: str
    revision: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Settled:
    """The difference: lines to invoice, none negative, and cuts of lines invoiced before."""

    lines: tuple[InvoiceLine, ...]
    cuts: tuple[Cut, ...]
    rated: tuple[Rated, ...]


def owing(
    timelines: Iterable[Timeline], versions: Versions, policies: PolicyBook, instant: Instant
) -> tuple[Item, ...]:
    """Return the items to look at, those of the oldest subscription first.

    Where lines are rounded together, a change in one subscription reaches what is due with it in
    all of them.
    """
    after = instant.after
    if instant.reach and rounds_together(versions, policies):
        after = min(after, neighbours_since(versions, min(instant.reach.values())))
    return tuple(
        item
        for timeline in sorted(timelines, key=lambda t: t.subscription_id)
        for item in owed_items(
            timeline,
            versions,
            policies,
            at=instant.at,
            after=after,
            reach=instant.reach.get(timeline.subscription_id),
        )
    )


def measurable(
    items: Sequence[Item], view: BilledView, kept_from: datetime | None
) -> tuple[Item, ...]:
    """Leave out items whose usage was dropped: what stands billed of them stays as it is.

    One that was never billed or is voided stays: measuring it says that its events are gone.
    """
    if kept_from is None:
        return tuple(items)
    gone = {i.key for i in items if i.usage and (i.measure or i.service).start < kept_from}
    standing = {key for key in gone if (billed := view.of(key)) and not billed.voided}
    return tuple(item for item in items if item.key not in standing)


def asks(
    items: Sequence[Item],
    view: BilledView,
    instant: Instant,
    *,
    late: Mapping[str, LatePolicy],
    ended: Mapping[SubscriptionId, datetime | None],
) -> tuple[Ask, ...]:
    """Return what has to be measured.

    What falls due now is measured as it is now. What was closed before is measured again by the
    look of that close, so that usage which came later is not in it; unless its meter corrects, or
    nothing follows that could bill it, or usage of it was taken back since.

    Args:
        items: what `owing` gave.
        view: what stands billed of them, and of the items they follow.
        instant: what converges.
        late: each meter's policy for late usage, by code.
        ended: when subscriptions ended, by id.
    """
    found = []
    anew = _followed(items, instant.anew)
    for item in items:
        if item.usage is None:
            continue
        if item.key in anew and item.follows in anew:
            # What came late for the items before is in them by the same look.
            found.append(Ask(item, instant.cutoff, instant.cutoff))
            continue
        policy = late.get(item.usage.meter or "", LatePolicy.CURRENT_PERIOD)
        corrects = policy is not LatePolicy.CURRENT_PERIOD
        last = ended.get(item.subscription_id) == item.service.end
        frozen = item.due_at < instant.at and not (corrects or last or item.key in anew)
        billed = view.of(item.key)
        found.append(
            Ask(
                item=item,
                cutoff=_frozen_cutoff(item, billed, view, instant) if frozen else instant.cutoff,
                since=None if corrects else _since(item, billed, view, instant),
            )
        )
    return tuple(found)


def _followed(items: Sequence[Item], keys: Iterable[str]) -> set[str]:
    """Return the keys of items and of all those among ``items`` that they follow."""
    follows = {item.key: item.follows for item in items}
    found: set[str] = set()
    for key in keys:
        at: str | None = key
        while at in follows and at not in found:
            found.add(at)
            at = follows[at]
    return found


def _frozen_cutoff(item: Item, billed: Billed | None, view: BilledView, instant: Instant) -> str:
    known = billed.cutoff if billed is not None else None
    return known or view.cutoff_at(item.due_at) or instant.cutoff


def _since(item: Item, billed: Billed | None, view: BilledView, instant: Instant) -> str | None:
    """Return the look that what an item follows was closed by: later events are this item's."""
    if billed is not None and billed.cutoff is not None:
        return billed.since
    if item.follows is None:
        return None
    before = view.of(item.follows)
    known = before.cutoff if before is not None else None
    return known or view.cutoff_at(item.service.start) or instant.previous


def settle(
    items: Sequence[Item],
    view: BilledView,
    measured: Mapping[str, Measured],
    instant: Instant,
    *,
    known: Iterable[str] = (),
    sums: Iterable[Members] | None = None,
) -> Settled:
    """Return the difference between what is owed and what stands billed.

    Args:
        items: what `owing` gave.
        view: what stands billed, also of whatever ends after the reach.
        measured: the answers to `asks`, by item key.
        instant: what converges.
        known: keys that are owed or under way though they are not among ``items``: out of reach
            by now, or closed by a change that was taken back. Read only where it matters.
        sums: what is rounded together; see `rate_items`.
    """
    rated = rate_items(items, measured, lambda key: _amount(view.of(key)), sums)
    lines: list[InvoiceLine] = []
    cuts: list[Cut] = []
    for found in rated:
        billed = view.of(found.item.key)
        before = Money.zero(found.owed.currency) if billed is None else billed.amount
        revision = 1 if billed is None else billed.revision + 1
        line = difference(found, before, revision)
        if line is not None and line.amount.minor >= 0:
            lines.append(line)
        elif line is not None and billed is not None:
            cuts.extend(cut(found.item.key, billed, -line.amount))
    cuts.extend(_no_longer_owed(view, instant, {item.key for item in items}, known))
    return Settled(tuple(lines), tuple(cuts), rated)


def _amount(billed: Billed | None) -> Money | None:
    return None if billed is None else billed.amount


def _no_longer_owed(
    view: BilledView, instant: Instant, looked_at: set[str], known: Iterable[str]
) -> list[Cut]:
    """Take back what is billed for a time after the reach, and is owed by no item."""
    later = [
        key
        for subscription_id, reach in sorted(instant.reach.items())
        for key in sorted(set(view.later_than(subscription_id, reach)) - looked_at)
    ]
    standing = [
        (key, billed) for key in later if (billed := view.of(key)) and billed.amount.minor > 0
    ]
    if not standing:
        return []
    owed = set(known)
    return [
        taken
        for key, billed in standing
        if key not in owed
        for taken in cut(key, billed, billed.amount)
    ]


def cut(item_key: str, billed: Billed, amount: Money) -> list[Cut]:
    """Take an amount off an item's lines, the newest first.

    What the vendor gave back beyond what was owed is not taken back twice: nothing is taken of a
    line that is not left of it.
    """
    cuts: list[Cut] = []
    still, revision = amount, billed.revision
    for line in billed.lines:
        taken = min(still, line.left)
        if taken.minor > 0:
            revision += 1
            cuts.append(Cut(line.line_key, line.invoice_id, item_key, revision, taken))
            still -= taken
    return cuts


def booked(
    view: MemoryBilledView, settled: Settled, wanted: Iterable[Ask], invoice_id: InvoiceId
) -> MemoryBilledView:
    """Return a view as it stands once a difference is issued, for engines without a database."""
    looks = {ask.item.key: ask for ask in wanted}
    lines = [
        Booking(
            item_key=line.item_key,
            line_key=line.key,
            subscription_id=line.subscription_id,
            service_end=line.service.end,
            revision=line.revision,
            amount=line.amount,
            cutoff=looks[line.item_key].cutoff if line.item_key in looks else None,
            since=looks[line.item_key].since if line.item_key in looks else None,
        )
        for line in settled.lines
    ]
    cuts = ((c.item_key, c.line_key, c.revision, c.amount) for c in settled.cuts)
    return without(with_lines(view, lines, invoice_id), cuts)
