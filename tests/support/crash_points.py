"""The life of one account, message by message, and a crash of anybody at one point of it.

The server is the real one. A holder counts what it uses on its disk before it tells anybody: what
is in ``Life.served`` was used, however a process ends.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.entitlements.services.reserve_units import ReserveUnits, SettleReservation
from control_plane.entitlements.services.take_usage import TakeUsage
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import new_id
from control_plane.runtime.reads import fetch
from control_plane.sdk.decision import Reason
from control_plane.sdk.lease_account import Lease, LeasedAccount, Reservation
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseOp, LeaseRequest
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import FeatureKind
from tests.support.leasing import ZONE, Leasing, granted

LIMIT = 60
FEATURE, HOLDER, CUSTOMER = "orders", "ins_a", "a customer's program"
GRANT = granted(FeatureKind.METERED, LIMIT, per="day", meter=FEATURE)
BEFORE_MIDNIGHT = datetime(2026, 11, 10, 15, 59, 55, tzinfo=UTC)

T = TypeVar("T")


class Point(StrEnum):
    """Where the way of one message ends."""

    UNSENT = "the holder dies before it is sent"
    UNREAD = "the holder dies after the commit, before the answer is read"
    UNKEPT = "the holder dies after the answer is read, before anything is kept"
    KILLED = "the server's backend is killed within the operation"
    UNHEARD = "the answer is lost, and the same message goes again"


class Crashed(Exception):
    """The process is gone; its disk is not."""


@dataclass
class Document:
    """Work that was admitted under a lease and is, or is not yet, done."""

    lease: str
    period: str
    units: int
    done: bool = False


@dataclass
class Disk:
    """What outlives a process. ``reserved``: units set aside at the server by id, None: unused."""

    leases: dict[str, tuple[int, str]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    reserved: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)


@dataclass
class Life:
    """One holder on one account; at ``crash``, a message and a point, something dies, once.

    ``journals``: the holder writes its leases down and closes those of a dead process by what was
    done under each. Without, what it metered settles them.
    """

    leasing: Leasing
    usage: TakeUsage
    audit: AuditLeases
    admin: "psycopg.Connection[tuple[object, ...]]"
    clock: FakeClock
    journals: bool
    crash: tuple[str, Point] | None = None
    disk: Disk = field(default_factory=Disk)
    served: Counter[str] = field(default_factory=Counter)
    metered: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: list[str] = field(default_factory=list)
    requests: dict[str, LeaseRequest] = field(default_factory=dict)
    held: list[tuple[Document, Reservation]] = field(default_factory=list)
    alive: bool = False

    # The process

    @property
    def period(self) -> str:
        return quota_period(GRANT, ZONE, self.clock.now()).key

    def start(self) -> None:
        self.book = LeaseBook(HOLDER, self.clock.monotonic)
        self.held, self.alive = [], True
        if self.journals:
            for lease in self.disk.leases:
                self._restore(lease)
        self.disk.documents = [one for one in self.disk.documents if one.done or self.journals]
        self.turn()

    def turn(self) -> None:
        """Count in the present period from now on."""
        period = quota_period(GRANT, ZONE, self.clock.now())
        self.account: LeasedAccount = self.book.account(FEATURE, GRANT, period, Decimal(LIMIT))

    def need(self, units: int) -> None:
        assert not isinstance(self.account.spend(units, self.clock.monotonic()), int)

    def admit(self, units: int) -> bool:
        """Set units aside, and write down the work that they are for."""
        held = self.account.hold(units, self.clock.monotonic())
        if isinstance(held, Reason):
            return False
        self._local("admit", Point.UNSENT)
        document = Document(held.lease.id, self.account.period, units)
        self.disk.documents.append(document)
        if self.journals:
            self.disk.leases.setdefault(held.lease.id, (held.lease.fence, document.period))
        self.held.append((document, held))
        return True

    def finish(self, used: int | None = None) -> None:
        """Do the oldest work that waits, all of it or a part; on disk first, then counted."""
        document, held = self.held.pop(0)
        self._local("finish", Point.UNSENT)
        document.units = document.units if used is None else used
        document.done = True
        self._use(document.period, document.units)
        self._local("finish", Point.UNKEPT)
        held.confirm(document.units)

    async def exchange(self, name: str = "") -> tuple[LeaseOp, ...]:
        """Send what is due under a name, and read what is answered."""
        request = self.book.begin()
        if request is None:
            return ()
        self.requests[name] = request
        await self.message(
            name,
            lambda: self.ask(request),
            lambda results: self.book.finish(request.request_id, tuple(results)),
        )
        return tuple(operation.op for operation in request.operations)

    async def spend_all(self) -> None:
        """Use every unit that is to be had."""
        while self.admit(1) or (await self.exchange() and self.admit(1)):
            self.finish()

    def deliver(self) -> None:
        """Bring all events to the meter."""
        for period, units in self.disk.events.items():
            self.metered[HOLDER, period] += units
        self.disk.events.clear()

    # The messages

    async def message(
        self, name: str, send: Callable[[], Awaitable[T]], read: Callable[[T], object]
    ) -> None:
        self.sent.append(name)
        point = self._point(name)
        if point is Point.UNSENT:
            raise Crashed(name)
        if point is Point.KILLED:
            await self._killed(send)
        if point is Point.UNHEARD:
            await send()
            await self.check()
        answer = await send()
        if point is Point.UNREAD:
            raise Crashed(name)
        read(answer)
        if point is Point.UNKEPT:
            raise Crashed(name)
        self._keep()
        await self.check()

    async def ask(self, request: LeaseRequest):
        return self.leasing.read(await self.leasing.use(self.leasing.tenant_id, request), request)

    async def again(self, name: str, earlier: str, **changes: str) -> list[str]:
        """Bring a message of before again, as it was or under another id."""
        request = replace(self.requests[earlier], **changes)
        said: list[str] = []
        await self.message(
            name,
            lambda: self.ask(request),
            lambda results: said.extend(one.status.value for one in results),
        )
        return said

    async def reserve(self, name: str, units: int) -> None:
        reserve = ReserveUnits(self.leasing.work, self.leasing.accounts)

        def kept(made) -> None:
            self.disk.reserved[made.id] = (units, None)

        await self.message(
            name,
            lambda: reserve(self.leasing.tenant_id, FEATURE, units, 60, holder=CUSTOMER),
            kept,
        )

    async def settle(self, name: str, used: int) -> None:
        """Do ``used`` units of work under the one reservation there is, and say so."""
        [(reservation, (units, before))] = self.disk.reserved.items()
        if before is None:
            self.disk.reserved[reservation] = (units, used)
            self.served[self.period] += used
            self.metered[CUSTOMER, self.period] += used
        settle = SettleReservation(self.leasing.work, self.leasing.accounts)
        await self.message(
            name,
            lambda: settle(self.leasing.tenant_id, reservation, used),
            lambda _: self.disk.reserved.pop(reservation),
        )

    # The server

    async def sweep(self) -> None:
        """Take back what ran out, and settle by events what was lost."""
        leasing = self.leasing
        values = {"tenant_id": leasing.tenant_id, "now": self.clock.now()}
        async with leasing.work(leasing.tenant_id) as session:
            await fetch(session, text("SELECT lease_sweep(:tenant_id, :now)"), values)
        await self.check()
        for read in (self.usage.wanted, self.usage.lost):
            wanted = await read(leasing.tenant_id)
            used = [(one, self._counted(one.period, one.lost)) for one in wanted.accounts]
            await self.usage.record(leasing.tenant_id, wanted.as_of, used)
        await self.check()

    async def check(self) -> None:
        """Granted = spent + held + free + expired, and nobody can use more than there is."""
        assert await self.audit() == ()
        rows = self.admin.execute(
            "SELECT period, limit_units, spent, held, lost, metered, granted - returned - forgotten"
            " FROM lease_accounts WHERE feature = %s",
            [FEATURE],
        ).fetchall()
        for period, limit, spent, held, lost, metered, out in rows:
            assert out == spent + held + lost
            free = limit - max(spent + held + lost, metered)
            assert free >= 0
            assert self.served[period] + self._usable(period) + free <= LIMIT, (
                f"{self.served[period]} used, {self._usable(period)} may still be, {free} free"
            )

    def _usable(self, period: str) -> int:
        """What may still be used of a period: leases at hand, and work that goes on."""
        waiting = [one for one in self.disk.documents if not one.done and one.period == period]
        usable = sum(one.units for one in waiting) if self.journals or self.alive else 0
        if period == self.period:
            usable += sum(units for units, used in self.disk.reserved.values() if used is None)
        if self.alive and self.account.period == period:
            lease = self.account.lease
            usable += lease.left if self.clock.monotonic() < lease.until else 0
        return usable

    def _counted(self, period: str, lost) -> int:
        if lost is not None:
            return self.metered[lost.holder, period]
        return sum(units for (_, counted), units in self.metered.items() if counted == period)

    async def _killed(self, send: Callable[[], Awaitable[T]]) -> None:
        """Send while the backend that does it dies in the middle; nothing of it may last."""
        with dying_backend(self.admin), pytest.raises(DBAPIError):
            await send()
        await self.check()

    # The disk

    def _use(self, period: str, units: int) -> None:
        self.served[period] += units
        self.disk.events[period] += units

    def _keep(self) -> None:
        if self.journals:
            for account, lease in self.book.leases():
                self.disk.leases.setdefault(lease.id, (lease.fence, account.period))
            for lease_id in self.book.closed:
                self.disk.leases.pop(lease_id, None)
        self.book.closed.clear()

    def _restore(self, lease_id: str) -> None:
        fence, period = self.disk.leases[lease_id]
        under = [one for one in self.disk.documents if one.lease == lease_id]
        done = sum(one.units for one in under if one.done)
        waiting = [one for one in under if not one.done]
        lease = Lease(id=lease_id, fence=fence, cap=done)
        held = self.book.restore(FEATURE, period, lease, [one.units for one in waiting])
        self.held += zip(waiting, held, strict=True)

    def _local(self, name: str, point: Point) -> None:
        if self.crash == (name, point):
            self.crash = None
            raise Crashed(name)

    def _point(self, name: str) -> Point | None:
        if self.crash is None or self.crash[0] != name:
            return None
        point, self.crash = self.crash[1], None
        return point


@contextmanager
def dying_backend(admin: "psycopg.Connection[tuple[object, ...]]") -> Iterator[None]:
    """Whoever writes an account or an answer meanwhile is killed before he can go on."""
    tables = ("lease_accounts", "lease_requests")
    admin.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL;"
        " END $$"
    )
    try:
        for table in tables:
            admin.execute(
                f"CREATE TRIGGER die AFTER INSERT OR UPDATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION die()"
            )
        yield
    finally:
        admin.execute("DROP FUNCTION die() CASCADE")


async def live(life: Life) -> None:
    """The first process' life, to its sudden end: every kind of message once."""
    life.start()
    life.need(4)
    await life.exchange("acquire")
    life.admit(2)
    life.finish()
    life.clock.advance(seconds=10)  # midnight is over
    life.turn()
    life.need(10)
    assert await life.exchange("turn") == (LeaseOp.CLOSE, LeaseOp.ACQUIRE)
    life.admit(6)
    life.finish()
    life.need(20)
    assert await life.exchange("renew") == (LeaseOp.RENEW,)
    life.admit(5)
    life.clock.advance(seconds=16)
    before = life.account.lease.cap
    assert await life.exchange("give back") == (LeaseOp.RENEW,)
    assert life.account.lease.cap < before
    assert await life.again("repeat", "renew") == ["ok"]
    assert await life.again("late", "renew", request_id=str(new_id())) == ["fenced"]
    await life.reserve("reserve", 8)
    await life.settle("confirm", 3)
    await life.reserve("reserve again", 4)
    await life.settle("release", 0)
    life.finish(3)
    life.book.retire_all()
    assert await life.exchange("close") == (LeaseOp.CLOSE,)
    life.turn()
    life.need(5)
    assert await life.exchange("acquire again") == (LeaseOp.ACQUIRE,)
    life.admit(2)
    life.finish()
    life.admit(1)
    raise Crashed("the end")


async def succeed(life: Life) -> None:
    """The next process: it takes over, has settled what is in doubt, and uses all there is."""
    life.start()
    while life.held:
        life.finish()
    for _, used in list(life.disk.reserved.values()):
        await life.settle("settle what was reserved", used or 0)
    life.need(1)
    asked = await life.exchange("restart")
    assert asked[-1] is LeaseOp.ACQUIRE
    life.deliver()
    life.book.recover()
    assert LeaseOp.RECOVER in await life.exchange("recover")
    await life.spend_all()
    life.clock.advance(seconds=70)  # leases and reservations that nobody knows of run out
    life.turn()
    await life.sweep()
    await life.spend_all()
    life.book.retire_all()
    while await life.exchange():
        pass
    life.deliver()
    await life.sweep()


MESSAGES = (
    "acquire",
    "turn",
    "renew",
    "give back",
    "repeat",
    "late",
    "reserve",
    "confirm",
    "reserve again",
    "release",
    "close",
    "acquire again",
    "restart",
    "recover",
)
LOCAL = (
    ("admit", Point.UNSENT),
    ("finish", Point.UNSENT),
    ("finish", Point.UNKEPT),
)
CRASHES = (
    *(
        (name, point)
        for name in MESSAGES
        for point in Point
        if (name, point) != ("repeat", Point.KILLED)  # answered as it was: nothing is written
    ),
    *LOCAL,
)


@asynccontextmanager
async def whole_life(life: Life) -> AsyncIterator[Life]:
    """Live it through, whoever dies on the way: as many processes as it takes."""
    with pytest.raises(Crashed):
        await live(life)
    while True:
        life.alive = False
        try:
            await succeed(life)
            break
        except Crashed:
            continue
    yield life
