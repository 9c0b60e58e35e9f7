"""A tax calculator over rates in memory: the twin of the built-in one, for tests and what-ifs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.domain.assembling import TaxTreatment
from billing.domain.tax.rates import TaxRate
from billing.domain.tax.sale import Sale
from billing.domain.tax.treat import jurisdiction_of, treat


@dataclass(frozen=True, slots=True)
class MemoryTaxCalculator:
    """Answers by the rates it was given."""

    rates: Sequence[TaxRate]

    async def treatments(self, sale: Sale, categories: Sequence[str]) -> Mapping[str, TaxTreatment]:
        """Return how each category is taxed; see `TaxCalculator`."""
        at = jurisdiction_of(sale)
        rates = [rate for rate in self.rates if rate.jurisdiction == at]
        return {category: treat(sale, category, rates) for category in categories}
