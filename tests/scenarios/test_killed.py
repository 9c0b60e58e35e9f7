"""SIGKILL at random moments of a year changes no total, and two runs give the same ones."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scenarios.demo_run import DemoRun, demo_run
from tests.support.ports import free_port

SCALE = 0.01  # the days that are always in a sample: both peaks and the rush
SEED = 618
COMPANIES = 2
EACH = [2, pytest.param(6, marks=pytest.mark.nightly)]
"""How often web, and how often the worker, is killed: in a test run, and in a night."""


def let_be(run: DemoRun) -> None:
    run.process.wait()


class Killer:
    """Kills web and worker at random moments of the year, and two services amid their work.

    A process that was killed is left alone until it is back: what is tested is that work goes on
    after a kill, not how often nothing can be done.
    """

    def __init__(self, each: int) -> None:
        self.each = each
        self.random = random.Random(SEED)
        # The year's 720 shipments are posted on three days: a number is a moment amid one of them.
        self.modules = {"outbound": 60, "ledger": self.random.randrange(300, 460)}
        self.killed: list[str] = []

    def __call__(self, run: DemoRun) -> None:
        # A sign-up has no key to repeat it under: the year begins when both companies are in.
        while run.said.count("its services are ready") < COMPANIES and not run.is_over:
            time.sleep(0.1)
        victims = ["web", "worker"] * self.each
        self.random.shuffle(victims)
        while victims and not run.is_over:
            self._watch(run, self.random.uniform(0.5, 4))
            self._kill(run, victims.pop())
        while not run.is_over:
            self._watch(run, 1)

    def _kill(self, run: DemoRun, victim: str) -> None:
        starts = run.starts(victim)
        if run.kill(victim):
            self.killed.append(victim)
        while not run.is_over and run.starts(victim) == starts:
            self._watch(run, 0.1)

    def _watch(self, run: DemoRun, seconds: float) -> None:
        """Wait, and kill a service when its moment has come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not run.is_over:
            time.sleep(0.1)
            posted = run.shipments() if self.modules else 0
            for module, moment in tuple(self.modules.items()):
                if posted >= moment and run.kill_module(module):
                    self.killed.append(module)
                    del self.modules[module]


def live(folder: Path, port: int, meanwhile) -> tuple[int, str, list[int]]:
    with demo_run(folder, port, SCALE) as run:
        meanwhile(run)
        return run.process.returncode, run.totals, run.processes()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("each", EACH)
def test_a_year_of_kills_ends_with_the_totals_of_a_quiet_one(tmp_path, each):
    killer = Killer(each)
    ports = free_port(), free_port()

    with ThreadPoolExecutor(2) as both:
        quiet = both.submit(live, tmp_path / "quiet" / "demo", ports[0], let_be)
        killed = both.submit(live, tmp_path / "killed" / "demo", ports[1], killer)

    status, totals, left = quiet.result()
    assert (status, left) == (0, []), totals
    assert killed.result() == (0, totals, []), killer.killed
    assert sorted(killer.killed) == ["ledger", "outbound", *["web"] * each, *["worker"] * each]
