"""How far three ways to keep a limit overshoot: ``python -m tests.support.overshoot_simulation``.

Events in simulated time, from a seed. Leases run the code that services run, against the model of
the server that the random lives use; the other two are written here in a few lines.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from control_plane.sdk.decision import Reason
from control_plane.sdk.lease_account import LeasedAccount
from control_plane.sdk.lease_book import LeaseBook
from tests.support.lease_model import ModelServer
from tests.support.lease_world import FEATURE, GRANT, PERIOD

INSTANCES = (4, 16, 64, 256)
LIMIT = 20_000
RATE = 50  # calls a second and instance
TTL_SECONDS = 5.0
USAGE_DELAY_SECONDS = 1.0
SYNC_SECONDS = 0.1
NETWORK_SECONDS = (0.002, 0.02)
LOST_MESSAGES = 0.01
LOOK_SECONDS = 0.25
SECONDS_BEYOND = 10.0  # the load goes on for so long after the limit could be reached


@dataclass
class Outcome:
    """What came of one run."""

    admitted: int = 0
    calls: int = 0

    def beyond(self, limit: int) -> int:
        return max(self.admitted - limit, 0)

    def unused(self, limit: int) -> float:
        return max(limit - self.admitted, 0) / limit


class Simulation:
    """A clock, a heap of what happens next, and calls that come at random.

    Every fourth instance crashes once, at some time while the limit lasts.
    """

    crashes = True

    def __init__(self, instances: int, limit: int, seed: int) -> None:
        self.instances, self.limit = instances, limit
        self.dice = random.Random(f"{seed}/{instances}/{type(self).__name__}")
        self.now = 0.0
        self.outcome = Outcome()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.end = limit / (instances * RATE) + SECONDS_BEYOND

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (when, next(self._order), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at(self.now + seconds, what)

    def over_network(self, what: Callable[[], None]) -> None:
        if self.dice.random() >= LOST_MESSAGES:
            self.after(self.dice.uniform(*NETWORK_SECONDS), what)

    def run(self) -> Outcome:
        lasts = self.end - SECONDS_BEYOND
        for number in range(self.instances):
            self.start(number)
            self._next_call(number)
            if self.crashes and number % 4 == 0:
                self.at(self.dice.uniform(0, lasts), lambda n=number: self.crash(n))
        while self._heap and self._heap[0][0] <= self.end:
            self.now, _, what = heapq.heappop(self._heap)
            what()
        return self.outcome

    def _next_call(self, number: int) -> None:
        def call() -> None:
            self.call(number)
            self._next_call(number)

        self.after(self.dice.expovariate(RATE), call)

    def start(self, number: int) -> None:
        raise NotImplementedError

    def call(self, number: int) -> None:
        raise NotImplementedError

    def crash(self, number: int) -> None:
        """Lose what is in memory, and begin again at once."""
        self.start(number)


class TtlCache(Simulation):
    """Ask what is left, believe it for five seconds, report each call as it ends."""

    def __init__(self, instances: int, limit: int, seed: int) -> None:
        super().__init__(instances, limit, seed)
        self.used = 0
        self._known: dict[int, tuple[float, int]] = {}

    def start(self, number: int) -> None:
        self._known.pop(number, None)

    def call(self, number: int) -> None:
        until, used = self._known.get(number, (0.0, 0))
        if self.now >= until:
            self.outcome.calls += 1
            until, used = self.now + TTL_SECONDS, self.used
            self._known[number] = until, used
        if used < self.limit:
            self.outcome.admitted += 1
            self.outcome.calls += 1
            self.after(USAGE_DELAY_SECONDS, self._count)

    def _count(self) -> None:
        self.used += 1


class AsyncCounting(Simulation):
    """Decide by a local count; ten times a second send it to an owner, who tells everybody."""

    def __init__(self, instances: int, limit: int, seed: int) -> None:
        super().__init__(instances, limit, seed)
        self.used = 0
        self._known: dict[int, int] = {}
        self._own: dict[int, int] = {}
        for number in range(instances):
            self.at(self.dice.uniform(0, SYNC_SECONDS), lambda n=number: self._sync(n))
        self.at(SYNC_SECONDS, self._tell)

    def start(self, number: int) -> None:
        self._own[number] = 0
        self._known.setdefault(number, 0)

    def call(self, number: int) -> None:
        if self._known[number] + self._own[number] < self.limit:
            self.outcome.admitted += 1
            self._own[number] += 1

    def _sync(self, number: int) -> None:
        if sent := self._own[number]:
            self.outcome.calls += 1
            self._own[number] = 0
            self._known[number] += sent
            self.over_network(lambda: self._add(sent))
        self.after(SYNC_SECONDS, lambda: self._sync(number))

    def _add(self, units: int) -> None:
        self.used += units

    def _tell(self) -> None:
        for number in range(self.instances):
            self.outcome.calls += 1
            self.over_network(lambda n=number, used=self.used: self._hear(n, used))
        self.after(SYNC_SECONDS, self._tell)

    def _hear(self, number: int, used: int) -> None:
        self._known[number] = max(self._known[number], used)


class Leases(Simulation):
    """Spend from a lease; ask for more before it runs dry. A call waits for units if it must."""

    def __init__(self, instances: int, limit: int, seed: int) -> None:
        super().__init__(instances, limit, seed)
        self.server = ModelServer(limit, lambda: self.now)
        self._books: dict[int, LeaseBook] = {}
        self._accounts: dict[int, LeasedAccount] = {}
        self._waiting: dict[int, int] = {}
        self._asking: set[LeaseBook] = set()

    def start(self, number: int) -> None:
        book = LeaseBook(f"ins_{number}", lambda: self.now)
        self._books[number] = book
        self._accounts[number] = book.account(FEATURE, GRANT, PERIOD, Decimal(self.limit))
        self._waiting[number] = 0
        self._look(number, book)

    def call(self, number: int) -> None:
        answer = self._accounts[number].spend(1, self.now)
        if isinstance(answer, int):
            self.outcome.admitted += 1
        elif answer is Reason.NO_LEASE:
            self._waiting[number] += 1
        self._ask(number, self._books[number])

    def _look(self, number: int, book: LeaseBook) -> None:
        if self._books[number] is book:
            self._ask(number, book)
            self.after(LOOK_SECONDS, lambda: self._look(number, book))

    def _ask(self, number: int, book: LeaseBook) -> None:
        if book in self._asking:
            return
        request = book.begin()
        if request is None:
            return
        self._asking.add(book)
        self.outcome.calls += 1

        def arrive() -> None:
            results = self.server.handle(request)
            self.server.check()
            self.over_network(lambda: hear(results))

        def hear(results) -> None:
            if book.finish(request.request_id, results) and self._books[number] is book:
                waiting, self._waiting[number] = self._waiting[number], 0
                for _ in range(waiting):
                    self.call(number)

        def let_go() -> None:
            self._asking.discard(book)

        self.over_network(arrive)
        self.after(2 * NETWORK_SECONDS[1] + 0.01, let_go)  # then the same request goes again


class UncrashedLeases(Leases):
    """The same while nobody crashes: what is left unused is what leases strand by themselves."""

    crashes = False


KINDS: dict[str, type[Simulation]] = {
    "TTL cache, 5 s": TtlCache,
    "asynchronous counting, 100 ms": AsyncCounting,
    "leases": Leases,
    "leases, nobody crashes": UncrashedLeases,
}


def table(limit: int = LIMIT, instances: tuple[int, ...] = INSTANCES, seed: int = 618) -> str:
    """Return the table of the documentation."""
    lines = [
        "| instances | way | beyond the limit | | left unused | calls to the control plane |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for number in instances:
        for name, kind in KINDS.items():
            outcome = kind(number, limit, seed).run()
            beyond = outcome.beyond(limit)
            lines.append(
                f"| {number} | {name} | {beyond:,} | {100 * beyond / limit:.1f} % |"
                f" {100 * outcome.unused(limit):.2f} % | {outcome.calls:,} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
