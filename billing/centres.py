"""Asks the usage store whose usage the lines are, by the customer's cost centres."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing.domain.converge import Ask
from billing.domain.groups.centres import CentreTerms, grouping_charge, of_centres
from billing.domain.rating import InvoiceLine
from control_plane.catalog.domain import Meter
from control_plane.kernel.ids import TenantId
from metering.domain.usage import UsageGroup
from metering.ports import UsageStore


@dataclass(frozen=True, slots=True)
class Centres:
    """Sorts lines by the terms of one tenant.

    Usage is read by the very looks that the amounts were made by: again later, it is the same.
    """

    usage: UsageStore
    tenant_id: TenantId
    terms: CentreTerms

    async def sorted(
        self, lines: Iterable[InvoiceLine], asked: Mapping[str, tuple[Ask, Meter]]
    ) -> tuple[InvoiceLine, ...]:
        """Return lines that know whose they are; ``asked`` is what was measured, by item key."""
        return tuple([await self._sorted(line, asked.get(line.item_key)) for line in lines])

    async def _sorted(self, line: InvoiceLine, asked: tuple[Ask, Meter] | None) -> InvoiceLine:
        if not self.terms:
            return line
        used = None if asked is None else await self._used(*asked)
        return of_centres(line, self.terms, used)

    async def _used(self, ask: Ask, meter: Meter) -> tuple[UsageGroup, ...] | None:
        charge, named = ask.item.usage, self.terms.property
        if charge is None or named is None:
            return None
        found = await self.usage.measure(
            self.tenant_id,
            meter,
            ask.period,
            cutoff=ask.cutoff,
            since=ask.since,
            charge=grouping_charge(charge, named),
        )
        return found.groups
