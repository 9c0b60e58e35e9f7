"""Use case: show legal entities and tax rates."""

from dataclasses import dataclass

from billing.domain.tax.parties import LegalEntity
from billing.domain.tax.rates import TaxRate
from billing.repositories.tax import TaxRepository
from control_plane.runtime.unit_of_work import StaffWork


@dataclass(frozen=True, slots=True)
class TaxTables:
    """Every legal entity, and every rate with all its revisions."""

    entities: tuple[LegalEntity, ...]
    rates: tuple[TaxRate, ...]


@dataclass(frozen=True, slots=True)
class ReadTax:
    """Read what `ApplyTaxSheet` published."""

    staff: StaffWork

    async def __call__(self) -> TaxTables:
        """Return entities by code, and rates by jurisdiction, category and day."""
        async with self.staff() as session:
            repository = TaxRepository(session)
            entities, rates = await repository.entities(), await repository.rates()
        return TaxTables(tuple(entities), tuple(rates))
