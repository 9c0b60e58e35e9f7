"""Simulate: from a scenario's text to the documents it comes to."""

import asyncio
from dataclasses import dataclass

from billing.whatif.reading import read_scenario
from billing.whatif.running import Simulation, simulate


@dataclass(frozen=True, slots=True)
class Simulate:
    """Run a scenario through billing's own engine. Nothing is read from a database, or kept."""

    async def __call__(self, text: str) -> Simulation:
        """Return the documents. The work is done beside the event loop, which goes on meanwhile.

        Raises:
            ScenarioInvalid: with every problem found, by line and column.
            MatrixPriceMissing: a matrix has no price for some of the usage.
        """
        return await asyncio.to_thread(_run, text)


def _run(text: str) -> Simulation:
    return asyncio.run(simulate(read_scenario(text)))
