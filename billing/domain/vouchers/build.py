"""From entries to vouchers: pure, balanced, numbered from 1 in each month."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.ledger import Account
from billing.domain.revenue.recognition import month_end
from billing.domain.vouchers.mapping import Dimension, Grouping, LedgerAccount, VoucherMapping
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry with what tells it apart; ``minor`` is positive for debits."""

    booked_on: date
    kind: str
    account: Account
    currency: str
    minor: int
    dimensions: Mapping[Dimension, str]


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One row of a voucher (分录): either ``debit`` or ``credit`` is nothing."""

    kind: str
    account: LedgerAccount
    dimensions: Mapping[Dimension, str]
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher: debits equal credits, in one currency. ``number`` counts within its month."""

    dated: date
    number: int
    currency: str
    lines: tuple[VoucherLine, ...]


def vouchers(entries: Iterable[PostedEntry], mapping: VoucherMapping) -> Iterator[Voucher]:
    """Yield the vouchers over entries of whole months, one for each day or month and currency.

    Entries of one kind of event on one account (and its dimensions) are one line. Events balance,
    so vouchers do; those over nothing are left out.
    """
    groups: defaultdict[tuple[date, str], list[PostedEntry]] = defaultdict(list)
    for entry in entries:
        whole = mapping.grouping is Grouping.MONTH
        dated = month_end(entry.booked_on) if whole else entry.booked_on
        groups[dated, entry.currency].append(entry)
    counted: defaultdict[date, int] = defaultdict(int)
    for (dated, code), found in sorted(groups.items()):
        if lines := _lines(found, mapping):
            counted[month_end(dated)] += 1
            yield Voucher(dated, counted[month_end(dated)], code, lines)


_ORDER = {account: place for place, account in enumerate(Account)}


def _lines(entries: Sequence[PostedEntry], mapping: VoucherMapping) -> tuple[VoucherLine, ...]:
    sums: defaultdict[tuple[str, int, Account, tuple[tuple[Dimension, str], ...]], int]
    sums = defaultdict(int)
    for entry in entries:
        wanted = mapping.accounts[entry.account].dimensions
        told = tuple((d, entry.dimensions.get(d, "")) for d in wanted)
        sums[entry.kind, _ORDER[entry.account], entry.account, told] += entry.minor
    unit = currency(entries[0].currency)
    nothing = Money.zero(unit)
    return tuple(
        VoucherLine(
            kind=kind,
            account=mapping.accounts[account],
            dimensions=dict(told),
            debit=Money(minor, unit) if minor > 0 else nothing,
            credit=Money(-minor, unit) if minor < 0 else nothing,
        )
        for (kind, _, account, told), minor in sorted(sums.items())
        if minor
    )
