"""Processes that hold leases, with clocks of their own, stores that survive them, and a network."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from math import inf

from control_plane.sdk.features import FeatureGrant, FeatureKind
from control_plane.sdk.lease_account import Lease, LeasedAccount, Reservation
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseRequest, LeaseResult
from control_plane.sdk.leases import LEASE_SECONDS
from control_plane.sdk.quota import quota_period
from tests.support.lease_model import ModelServer

FEATURE = "orders"
GRANT = FeatureGrant(FeatureKind.METERED, (), per="day")
PERIOD = quota_period(GRANT, "Asia/Shanghai", datetime(2026, 11, 11, tzinfo=UTC))


class Overshoot(AssertionError):
    """A unit could be spent twice."""


@dataclass
class Document:
    """Work that was admitted and is, or is not yet, settled; on disk."""

    lease: str
    units: int
    state: str = "pending"


@dataclass
class Store:
    """What a holder has on disk: its leases, its documents, and usage that is not sent yet."""

    leases: dict[str, int] = field(default_factory=dict)
    documents: dict[int, Document] = field(default_factory=dict)
    spool: int = 0

    def of(self, lease: str, *states: str) -> dict[int, Document]:
        return {
            number: document
            for number, document in self.documents.items()
            if document.lease == lease and document.state in states
        }


class Process:
    """One run of a holder. Its clock starts anywhere and goes a little wrong."""

    def __init__(
        self, world: "World", holder: str, store: Store, rate: float, *, journals: bool
    ) -> None:
        self.holder, self.store, self.journals = holder, store, journals
        self.alive = True
        self.asked, self.asked_at = "", -inf
        self._world, self._rate, self._began = world, rate, world.time
        self.book: LeaseBook = world.book_class(holder, self.clock, spare=2)
        self.held: dict[int, Reservation] = {}
        if journals:
            for lease in list(store.leases):
                self._restore(lease)
        self.account: LeasedAccount = self.book.account(FEATURE, GRANT, PERIOD, Decimal(0))

    def clock(self) -> float:
        return 1000 * self._rate + (self._world.time - self._began) * self._rate

    def usable(self) -> int:
        lease = self.account.lease
        return lease.left if self.alive and self.clock() < lease.until else 0

    def forget_closed(self) -> None:
        for lease in self.book.closed:
            self.store.leases.pop(lease, None)
        self.book.closed.clear()

    def _restore(self, lease_id: str) -> None:
        store = self.store
        spent = sum(one.units for one in store.of(lease_id, "posted").values())
        pending = store.of(lease_id, "pending")
        lease = Lease(id=lease_id, fence=store.leases[lease_id], cap=spent)
        units = [one.units for one in pending.values()]
        held = self.book.restore(FEATURE, PERIOD.key, lease, units)
        self.held |= dict(zip(pending, held, strict=True))


class World:
    """True time, the server, the processes, and every message that was ever sent.

    ``waits``: that all usage is metered is said only once nobody earlier can spend any more.
    """

    def __init__(
        self,
        limit: int,
        book_class: type[LeaseBook],
        server=ModelServer,
        *,
        waits: bool = True,
        **switches,
    ) -> None:
        self.time = 0.0
        self.book_class = book_class
        self.server = server(limit, lambda: self.time, **switches)
        self.processes: dict[str, Process] = {}
        self.zombies: list[Process] = []
        self._waits = waits
        self.requests: list[tuple[Process, LeaseRequest]] = []
        self.answers: list[tuple[Process, str, tuple[LeaseResult, ...]]] = []
        self.served = 0
        self.wasted = 0

    def start(self, holder: str, rate: float, *, journals: bool) -> Process:
        earlier = self.processes.get(holder)
        store = earlier.store if earlier else Store()
        process = Process(self, holder, store, rate, journals=journals)
        self.processes[holder] = process
        return process

    def send(self, process: Process) -> LeaseRequest | None:
        request = process.book.begin() if process.alive else None
        if request is None:
            return None
        if request.request_id != process.asked:
            process.asked, process.asked_at = request.request_id, self.time
        self.requests.append((process, request))
        return request

    def arrive(self, index: int) -> None:
        process, request = self.requests[index]
        self.answers.append((process, request.request_id, self.server.handle(request)))

    def hear(self, index: int) -> None:
        process, request_id, results = self.answers[index]
        if process.alive and process.book.finish(request_id, results):
            process.forget_closed()

    def exchange(self, process: Process) -> bool:
        if self.send(process) is None:
            return False
        self.arrive(-1)
        self.hear(-1)
        return True

    def serve(self, process: Process, units: int) -> None:
        """Do the work and note its usage, in one write."""
        process.store.spool += units
        self.served += units

    def drain(self, process: Process) -> None:
        """Bring all usage to the meter; then say so, if nothing is under way any more.

        `LeaseBook.recover` asks that no earlier process may spend: see `over_at`.
        """
        self.server.metered[process.holder] += process.store.spool
        process.store.spool = 0
        under_way = any(one.state == "pending" for one in process.store.documents.values())
        if not under_way and self.time >= self.over_at(process.holder):
            process.book.recover()

    def over_at(self, holder: str) -> float:
        """Return when no process of a holder's that was cut off can spend any more.

        What it last asked for, and may still get an answer to, it counts from the sending; the
        server's margin is for slow clocks.
        """
        if not self._waits:
            return -inf
        asked = [one.asked_at for one in self.zombies if one.holder == holder]
        return max(asked, default=-inf) + LEASE_SECONDS + self.server.margin

    def check(self) -> None:
        """Nobody may spend what is another's, what was spent, or what the server calls free."""
        self.server.check()
        everyone = [*self.processes.values(), *self.zombies]
        pending = sum(
            document.units
            for process in self.processes.values()
            for document in process.store.documents.values()
            if document.state == "pending"
        )
        usable = sum(process.usable() for process in everyone)
        if self.served + usable + pending + self.server.free > self.server.limit:
            raise Overshoot(
                f"served {self.served}, usable {usable}, under way {pending},"
                f" free at the server {self.server.free}, limit {self.server.limit}"
            )
        for process in everyone:
            for _, lease in process.book.leases():
                assert lease.left >= 0
                assert lease.reserved >= 0
