"""What would have been, or will be."""

from functools import cached_property

from billing.services.whatif.backtest import RunBacktest
from billing.services.whatif.compare_plans import ComparePlans
from billing.services.whatif.simulate import Simulate
from web.parts.groups import GroupsPart


class WhatIfPart(GroupsPart):
    """Use cases: what would have been, or will be."""

    @cached_property
    def simulate(self) -> Simulate:
        return Simulate()

    @cached_property
    def run_backtest(self) -> RunBacktest:
        return RunBacktest(self.staff, self.work, self.usage_store)

    @cached_property
    def compare_plans(self) -> ComparePlans:
        return ComparePlans(self.work, self.tenant_clock, self.usage_store)
