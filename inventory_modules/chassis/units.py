"""Units of limits, from leases: set aside before a document is stored, spent or given back after.

The module's database says which document took its unit from which lease. So a process that was
killed leaves nothing in doubt: the next one closes its leases with what was posted under them.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Decision, Reason
from control_plane.sdk.lease_account import Lease, Reservation
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_thread import LeaseThread
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import EntitlementStale
from inventory_modules.chassis.standing import REFUSALS

SCHEMA = (
    """
    CREATE TABLE leases (
        id TEXT PRIMARY KEY,
        fence INTEGER NOT NULL,
        feature TEXT NOT NULL,
        period TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
SPARE_UNITS = 32
"""How many units an instance has at hand, if the limit allows: it works on while the control plane
is away."""

_UNCONFIRMED = {Reason.STALE, Reason.NO_SNAPSHOT}
_PATIENCE = 4  # times two seconds without an answer, from a control plane that is only slow
_ATTEMPTS = 20  # answers that were waited for while others took what came


class UnitsUnconfirmed(TallyardError):
    """No leased units are at hand, and the control plane does not give any now."""

    code = "units_unconfirmed"
    kind = ErrorKind.UNAVAILABLE
    message = "Whether {feature} has anything left cannot be confirmed now."
    remedy = "Try again in a few seconds; nothing was counted."
    retry_after = 1


class UnitsUsedUp(Exception):
    """Everything that the tenant may use in this period is used."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(str(decision.reason))
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Work:
    """Work that was admitted under a lease: how much is done, and what still waits, by its id."""

    done: int = 0
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitDesk:
    """Hands out units of leases that this instance holds."""

    state: EntitlementState
    book: LeaseBook
    thread: LeaseThread
    database: Database
    _held: dict[str, Reservation] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)

    async def set_aside(self, feature: str) -> Reservation | None:
        """Set one unit aside, waiting for a lease if need be; None where nothing sets a limit.

        Raises:
            UnitsUsedUp: nothing is left in this period.
            UnitsUnconfirmed: nothing is at hand, and the control plane gives nothing now.
            EntitlementStale: the limit itself could not be confirmed for too long.
            ReadOnly, Suspended, ServiceEnded: an invoice is overdue.
        """
        patience = _PATIENCE
        for _ in range(_ATTEMPTS):
            decision, hold = self.state.hold(feature)
            if decision.allowed:
                return hold if isinstance(hold, Reservation) else None
            if decision.reason is not Reason.NO_LEASE:
                self._refuse(decision, feature)
                return None
            heard = await self.thread.more(feature, 1)
            patience -= not heard
            if self.thread.last_error is not None or not patience:
                break
        raise UnitsUnconfirmed(feature=feature)

    def note(self, connection: sqlite3.Connection, held: Reservation) -> str:
        """Write the lease of a unit beside what is stored for it; return the lease's id."""
        account, lease = held.account, held.lease
        connection.execute(
            "INSERT OR IGNORE INTO leases (id, fence, feature, period) VALUES (?, ?, ?, ?)",
            (lease.id, lease.fence, account.feature, account.period),
        )
        return lease.id

    def admitted(self, work_id: str, held: Reservation) -> None:
        """Remember whose unit it is, once the work is stored for good."""
        self._held[work_id] = held

    def spend(self, work_id: str) -> None:
        """Count the unit: the work is done, and that is on disk."""
        held = self._held.pop(work_id, None)
        if held is not None:
            held.confirm()

    def give_back(self, work_id: str) -> None:
        """Count nothing: the work was refused, and that is on disk."""
        held = self._held.pop(work_id, None)
        if held is not None:
            held.release()

    def restore(self, under_way: Mapping[str, Work]) -> None:
        """Take over what an earlier process left: its leases by id, with the work under each."""
        rows = self.database.reader.execute("SELECT id, fence, feature, period FROM leases")
        for lease_id, fence, feature, period in rows.fetchall():
            work = under_way.get(lease_id, Work())
            lease = Lease(id=lease_id, fence=fence, cap=work.done)
            held = self.book.restore(feature, period, lease, [1] * len(work.waiting))
            self._held.update(zip(work.waiting, held, strict=True))
            self._written.add(lease_id)

    async def keep(self) -> bool:
        """Write down which leases are held, and forget those that are settled."""
        closed = [self.book.closed.pop() for _ in range(len(self.book.closed))]
        new = [
            (lease.id, lease.fence, account.feature, account.period)
            for account, lease in self.book.leases()
            if lease.id not in self._written
        ]
        if new or closed:
            await self.database.write(lambda connection: _write(connection, new, closed))
            self._written.update(row[0] for row in new)
            self._written.difference_update(closed)
        return True

    async def close(self) -> None:
        """Give the leases back, as far as the control plane is there."""
        await asyncio.to_thread(self.thread.stop)
        await self.keep()

    def _refuse(self, decision: Decision, feature: str) -> None:
        """Raise what a refusal means; a feature that nothing bought limits refuses nothing."""
        if decision.reason is Reason.LIMIT_REACHED:
            raise UnitsUsedUp(decision)
        if decision.reason in _UNCONFIRMED:
            raise EntitlementStale(feature=feature)
        if decision.reason in REFUSALS:
            raise REFUSALS[decision.reason](feature=feature)


def _write(
    connection: sqlite3.Connection,
    new: Iterable[tuple[str, int, str, str]],
    closed: Iterable[str],
) -> None:
    connection.executemany("INSERT OR IGNORE INTO leases VALUES (?, ?, ?, ?)", new)
    connection.executemany("DELETE FROM leases WHERE id = ?", [(lease,) for lease in closed])
