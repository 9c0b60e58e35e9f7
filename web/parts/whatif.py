"""What would have been, or will be."""

from functools import cached_property

from billing.services.whatif.simulate import Simulate
from web.parts.groups import GroupsPart


class WhatIfPart(GroupsPart):
    """Use cases: what would have been, or will be."""

    @cached_property
    def simulate(self) -> Simulate:
        return Simulate()
