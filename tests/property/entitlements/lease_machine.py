"""Random lives of leases: skewed clocks, a bad network, and crashes between any two writes."""

import random
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from control_plane.sdk.lease_book import LeaseBook
from tests.support.lease_world import Document, Process, World

LIMIT = 60
JOURNALLING, PLAIN = ("a", "b"), ("c", "d")
HOLDERS = (*JOURNALLING, *PLAIN)

holders = st.sampled_from(HOLDERS)
# Thirty seconds of the slowest are under the thirty-five after which the server takes back.
rates = st.sampled_from([0.87, 1.0, 1.15])
units = st.integers(1, 4)
picks = st.integers(0, 1000)


class LeaseMachine(RuleBasedStateMachine):
    """Every step may fail half-way; what must hold is checked after each."""

    book_class: ClassVar[type[LeaseBook]] = LeaseBook
    switches: ClassVar[dict[str, object]] = {}

    @initialize(first=st.tuples(*[rates] * len(HOLDERS)))
    def begin(self, first: tuple[float, ...]) -> None:
        self.world = World(LIMIT, self.book_class, **self.switches)
        self.documents = 0
        for holder, rate in zip(HOLDERS, first, strict=True):
            self.world.start(holder, rate, journals=holder in JOURNALLING)

    @rule(seconds=st.sampled_from([0.5, 4, 14, 31, 36]))
    def time_passes(self, seconds: float) -> None:
        self.world.time += seconds

    @rule(holder=st.sampled_from(PLAIN), n=units, crash=picks, zombie=st.booleans())
    def spend(self, holder: str, n: int, crash: int, zombie: bool) -> None:
        process = self._process(holder)
        for partitioned in self.world.zombies:
            if zombie and partitioned.holder == holder:
                process = partitioned
        if not process.alive or not isinstance(process.account.spend(n, process.clock()), int):
            return
        if crash % 8 == 0 and not zombie:
            process.alive = False
            self.world.wasted += n
        else:
            self.world.serve(process, n)

    @rule(holder=st.sampled_from(JOURNALLING), n=units, crash=picks)
    def admit(self, holder: str, n: int, crash: int) -> None:
        process = self._process(holder)
        if not process.alive:
            return
        held = process.account.hold(n, process.clock())
        if isinstance(held, str):
            return
        if crash % 8 == 0:
            process.alive = False
            return
        self.documents += 1
        process.store.leases[held.lease.id] = held.lease.fence
        process.store.documents[self.documents] = Document(held.lease.id, n)
        process.held[self.documents] = held

    @rule(holder=st.sampled_from(JOURNALLING), pick=picks, share=st.integers(0, 4), crash=picks)
    def settle(self, holder: str, pick: int, share: int, crash: int) -> None:
        """Post all or a part of a document, or refuse it; the writing and the counting may part."""
        process = self._process(holder)
        if not process.alive or not process.held:
            return
        number = sorted(process.held)[pick % len(process.held)]
        held = process.held.pop(number)
        document = process.store.documents[number]
        used = min(share, held.units)
        document.state, document.units = ("posted", used) if used else ("refused", 0)
        self.world.serve(process, used)
        if crash % 4 == 0:
            process.alive = False
            return
        for _ in range(1 + crash % 2):  # once or twice: the second changes nothing
            held.confirm(used) if used else held.release()

    @rule(holder=holders)
    def send(self, holder: str) -> None:
        self.world.send(self._process(holder))

    @rule(pick=picks)
    def a_request_arrives(self, pick: int) -> None:
        """Any that was ever sent: late, again, out of order, or never."""
        if self.world.requests:
            self.world.arrive(-1 - pick % min(len(self.world.requests), 12))

    @rule(pick=picks)
    def an_answer_arrives(self, pick: int) -> None:
        if self.world.answers:
            self.world.hear(-1 - pick % min(len(self.world.answers), 6))

    @rule(holder=holders, n=units)
    def ask_and_hear(self, holder: str, n: int) -> None:
        """The usual case: what is needed is asked for, and the answer comes."""
        process = self._process(holder)
        process.account.spend(n + process.usable(), process.clock())
        self.world.exchange(process)

    @rule(holder=holders, n=units, seconds=st.sampled_from([4, 14, 31]))
    def hear_late(self, holder: str, n: int, seconds: float) -> None:
        """An answer takes its time."""
        process = self._process(holder)
        process.account.spend(n + process.usable(), process.clock())
        if self.world.send(process) is not None:
            self.world.arrive(-1)
            self.world.time += seconds
            self.world.hear(-1)

    @rule(holder=st.sampled_from(PLAIN), rate=rates)
    def take_over(self, holder: str, rate: float) -> None:
        """A process takes another's place, and says so as soon as the other's leases are over."""
        self.part(holder, rate)
        self.world.time = max(self.world.time, self.world.over_at(holder))
        self.the_server_sweeps()
        self.ask_and_hear(holder, 1)
        self.drain(holder)
        self.world.exchange(self._process(holder))

    @rule()
    def the_server_sweeps(self) -> None:
        self.world.server.sweep()

    @rule()
    def the_server_forgets_its_answers(self) -> None:
        self.world.server.answers.clear()

    @rule(holder=holders)
    def crash(self, holder: str) -> None:
        self._process(holder).alive = False

    @rule(holder=holders, rate=rates)
    def start(self, holder: str, rate: float) -> None:
        if not self._process(holder).alive:
            self.world.start(holder, rate, journals=holder in JOURNALLING)

    @rule(holder=st.sampled_from(PLAIN), rate=rates)
    def part(self, holder: str, rate: float) -> None:
        """Another process takes the place of one that is cut off and goes on serving."""
        process = self._process(holder)
        if process.alive:
            self.world.zombies.append(process)
            self.world.start(holder, rate, journals=False)

    @rule(holder=holders)
    def drain(self, holder: str) -> None:
        process = self._process(holder)
        if process.alive:
            self.world.drain(process)

    @invariant()
    def nothing_is_spent_twice_and_the_sums_agree(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        """Let everybody come back and finish: nothing stays lost, and the books agree."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.zombies.clear()
        for holder in HOLDERS:
            if not self._process(holder).alive:
                world.start(holder, 1.0, journals=holder in JOURNALLING)
            self._finish(self._process(holder))
        world.time += 40
        world.server.sweep()
        for holder in HOLDERS:  # what a process asked for twice comes back through its successor
            self._recover(world.start(holder, 1.0, journals=holder in JOURNALLING))
        world.check()
        server = world.server
        assert (server.held, server.lost) == (0, 0)
        assert world.served <= server.spent  # what cannot be told apart counts as spent

    def _finish(self, process: Process) -> None:
        """Settle all work and give everything back."""
        for number, held in process.held.items():
            process.store.documents[number].state = "refused"
            held.release()
        process.book.retire_all()
        while self.world.exchange(process):
            process.book.retire_all()

    def _recover(self, process: Process) -> None:
        """Ask once, report all usage, and say so."""
        process.account.spend(LIMIT, process.clock())
        self.world.exchange(process)
        self.world.drain(process)
        self._finish(process)

    def _process(self, holder: str) -> Process:
        return self.world.processes[holder]


def wander(kind: type[LeaseMachine], seed: int, steps: int) -> LeaseMachine:
    """Take the machine's steps by weighted dice: many more a second, and the same each time."""
    dice = random.Random(seed)
    machine = kind()
    machine.begin(tuple(dice.choice([0.87, 1.0, 1.15]) for _ in HOLDERS))
    moves = _moves(machine, dice)
    # Every life has habits of its own: much of one thing and little of another finds more.
    habits = [often * dice.choice([0.2, 1, 1, 4]) for _, often in moves]
    for move in dice.choices([move for move, _ in moves], habits, k=steps):
        move()
        machine.nothing_is_spent_twice_and_the_sums_agree()
    return machine


def _moves(machine: LeaseMachine, dice: random.Random) -> list[tuple[Callable[[], None], int]]:
    few = dice.choice([1, 2, 2])  # of each kind: alone, a holder lives through more

    def who(*kinds: tuple[str, ...]) -> str:
        return dice.choice([name for kind in kinds or (JOURNALLING, PLAIN) for name in kind[:few]])

    def n(most: int = 4) -> int:
        return dice.randint(1, most)

    def pick() -> int:
        return dice.randrange(1000)

    def rate() -> float:
        return dice.choice([0.87, 1.0, 1.15])

    return [
        (lambda: machine.ask_and_hear(who(), n()), 20),
        (lambda: machine.spend(who(PLAIN), n(), pick(), dice.random() < 0.5), 20),
        (lambda: machine.admit(who(JOURNALLING), n(), pick()), 15),
        (lambda: machine.settle(who(JOURNALLING), pick(), n(5) - 1, pick()), 15),
        (lambda: machine.time_passes(dice.choice([0.5, 4, 14, 31, 36])), 8),
        (lambda: machine.send(who()), 8),
        (lambda: machine.a_request_arrives(pick()), 10),
        (lambda: machine.an_answer_arrives(pick()), 10),
        (lambda: machine.hear_late(who(), n(), dice.choice([4, 14, 31])), 4),
        (lambda: machine.take_over(who(PLAIN), rate()), 2),
        (machine.the_server_sweeps, 5),
        (machine.the_server_forgets_its_answers, 1),
        (lambda: machine.crash(who()), 1),
        (lambda: machine.start(who(), rate()), 8),
        (lambda: machine.part(who(PLAIN), rate()), 3),
        (lambda: machine.drain(who()), 6),
    ]
