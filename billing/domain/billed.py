"""What stands billed of each item: its lines on issued invoices less those on credit notes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from control_plane.kernel.ids import InvoiceId, SubscriptionId
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class BilledLine:
    """One invoiced line of an item; ``left`` is what no credit note has taken back of it."""

    line_key: str
    invoice_id: InvoiceId
    left: Money


@dataclass(frozen=True, slots=True)
class Billed:
    """What stands billed of one item.

    ``lines`` are those that can still be credited, the newest first; ``amount`` is their sum.
    ``revision`` is the last one used, of voided invoices too. ``cutoff`` and ``since`` are those
    by which its usage was last measured. ``voided`` says that every invoice of it was.
    """

    subscription_id: SubscriptionId
    service_end: datetime
    amount: Money
    revision: int
    cutoff: str | None = None
    since: str | None = None
    lines: tuple[BilledLine, ...] = ()
    voided: bool = False


class BilledView(Protocol):
    """What billing asks of the past. Keys never change their meaning."""

    def of(self, item_key: str) -> Billed | None:
        """Return what stands billed of an item, None when nothing ever was."""

    def later_than(self, subscription_id: SubscriptionId, reach: datetime) -> Iterable[str]:
        """Return the items of a subscription billed for a service that ends after ``reach``."""

    def cutoff_at(self, due_at: datetime) -> str | None:
        """Return the look at the usage by which an instant was closed, if any usage was."""


@dataclass(frozen=True, slots=True)
class MemoryBilledView:
    """A view that holds what it was given; what the database knows is read into one."""

    items: Mapping[str, Billed] = field(default_factory=dict)
    cutoffs: Mapping[datetime, str] = field(default_factory=dict)

    def of(self, item_key: str) -> Billed | None:
        """Return what stands billed of an item, None when nothing ever was."""
        return self.items.get(item_key)

    def later_than(self, subscription_id: SubscriptionId, reach: datetime) -> Iterable[str]:
        """Return the items of a subscription billed for a service that ends after ``reach``."""
        return [
            key
            for key, billed in self.items.items()
            if billed.subscription_id == subscription_id and billed.service_end > reach
        ]

    def cutoff_at(self, due_at: datetime) -> str | None:
        """Return the look at the usage by which an instant was closed, if any usage was."""
        return self.cutoffs.get(due_at)

    def over(self, other: "MemoryBilledView") -> "MemoryBilledView":
        """Return what both know; where they differ, this view is the later one."""
        return MemoryBilledView({**other.items, **self.items}, {**other.cutoffs, **self.cutoffs})


NOTHING_BILLED = MemoryBilledView()


@dataclass(frozen=True, slots=True)
class Booking:
    """One invoiced line as a view remembers it."""

    item_key: str
    line_key: str
    subscription_id: SubscriptionId
    service_end: datetime
    revision: int
    amount: Money
    cutoff: str | None = None
    since: str | None = None


def with_lines(
    view: MemoryBilledView, lines: Iterable[Booking], invoice_id: InvoiceId
) -> MemoryBilledView:
    """Return the view after one more invoice."""
    items = dict(view.items)
    for line in lines:
        before = items.get(line.item_key)
        standing = BilledLine(line.line_key, invoice_id, line.amount)
        nothing = Money.zero(line.amount.currency)
        items[line.item_key] = Billed(
            subscription_id=line.subscription_id,
            service_end=max(line.service_end, before.service_end) if before else line.service_end,
            amount=(before.amount if before else nothing) + line.amount,
            revision=line.revision,
            cutoff=line.cutoff,
            since=line.since,
            lines=(standing, *(before.lines if before else ())),
        )
    return MemoryBilledView(items, view.cutoffs)


def without(
    view: MemoryBilledView, cuts: Iterable[tuple[str, str, int, Money]]
) -> MemoryBilledView:
    """Return the view after credit notes: (item key, line key, revision, amount) of each cut."""
    items = dict(view.items)
    for item_key, line_key, revision, amount in cuts:
        before = items[item_key]
        items[item_key] = replace(
            before,
            amount=before.amount - amount,
            revision=revision,
            lines=tuple(
                replace(line, left=line.left - amount) if line.line_key == line_key else line
                for line in before.lines
            ),
        )
    return MemoryBilledView(items, view.cutoffs)
