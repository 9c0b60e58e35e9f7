"""Both tax calculators, over the same rates."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from billing.ports import TaxCalculator
from billing.providers.memory_tax import MemoryTaxCalculator
from billing.repositories.tax import TaxRepository
from billing.tax_desk import TableTaxCalculator
from control_plane.runtime.roles import Role
from tests.support.taxation import RATES


@pytest.fixture(params=["tables", "memory"])
async def calculator(request, database, clock) -> AsyncIterator[TaxCalculator]:
    if request.param == "memory":
        yield MemoryTaxCalculator(RATES)
        return
    async with AsyncSession(database.engine(Role.OWNER)) as session, session.begin():
        repository = TaxRepository(session)
        for rate in RATES:
            await repository.add_rate(rate, clock.now())
        yield TableTaxCalculator(session)
