"""Short lives around one word: that all usage of a holder's earlier processes is metered.

In each a process is granted units and is not heard of again, and another takes its place.
"""

from control_plane.sdk.lease_book import LeaseBook
from tests.support.lease_world import Process, World

LIMIT = 60
HOLDER = "c"


class Replaced:
    """A process that was granted three units, and its successor, which was granted one.

    ``heard``: the answer came before it was cut off. ``killed_after``: it died instead, having
    served so many units.
    """

    def __init__(
        self, *, server=None, heard: bool = True, killed_after: int = 0, waits: bool = True
    ) -> None:
        more = {} if server is None else {"server": server}
        self.world = World(LIMIT, LeaseBook, waits=waits, **more)
        self.earlier = self._start()
        self._need(self.earlier, 3)
        self.world.send(self.earlier)
        self.world.arrive(-1)
        if heard:
            self.hear_late()
        if killed_after:
            self.serve(self.earlier, killed_after)
            self.earlier.alive = False
        else:
            self.world.zombies.append(self.earlier)
        self.successor = self._start()
        self._need(self.successor, 1)
        self.world.exchange(self.successor)

    def hear_late(self) -> None:
        """Bring the earlier process its answer."""
        self.world.hear(0)

    def serve(self, process: Process, units: int) -> None:
        """Spend units of a lease at hand, and do the work."""
        assert isinstance(process.account.spend(units, process.clock()), int)
        self.world.serve(process, units)

    def drain(self) -> None:
        """Bring all usage to the meter; the successor says so if it may."""
        self.world.drain(self.successor)

    def say(self) -> None:
        """Send what the successor has to say, and check that nothing can be spent twice."""
        self._need(self.successor, self.successor.usable() + 1)
        self.world.exchange(self.successor)
        self.world.check()

    def wait(self) -> None:
        """Let every lease be over, and taken for lost."""
        self.world.time += 36
        self.world.server.sweep()
        self.world.check()

    @property
    def successors(self) -> int:
        """How many units the successor's lease has: lost with it, unless it is heard of again."""
        return self.successor.account.lease.cap

    def _start(self) -> Process:
        return self.world.start(HOLDER, 1.0, journals=False)

    def _need(self, process: Process, units: int) -> None:
        process.account.spend(units, process.clock())
