"""Use case: publish legal entities and tax rates from a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.tax.parties import LegalEntity
from billing.domain.tax.rates import TaxRate
from billing.errors_tax import EntityInUse
from billing.repositories.tax import TaxRepository
from billing.tax_sheet import TaxSheet, read_tax_sheet
from control_plane.kernel.clock import Clock
from control_plane.kernel.exact import quantity_text
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tax', 0))")
_IN_USE = text("SELECT EXISTS (SELECT 1 FROM invoice_numbers WHERE entity = :entity)")


@dataclass(frozen=True, slots=True)
class TaxChange:
    """One thing a file changes: ``added`` or ``changed``; of ``entity`` or ``rate``."""

    effect: str
    what: str
    label: str


@dataclass(frozen=True, slots=True)
class ApplyTaxSheet:
    """Publish a tax file, as the owner role. Applying the same file again does nothing.

    What a file leaves out stays as it is. A rate is never overwritten: a corrected one is a later
    revision, so invoices made by the earlier one stay explained.
    """

    database: Database
    clock: Clock

    async def __call__(self, source: str, *, dry_run: bool = False) -> Sequence[TaxChange]:
        """Return what changed, or with ``dry_run`` what would.

        Raises:
            TaxFileInvalid: with every problem found; nothing is stored.
            EntityInUse: prefix or kind of an entity that has issued documents.
        """
        sheet = read_tax_sheet(source)
        engine = self.database.engine(Role.OWNER)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            await session.execute(_LOCK)
            return [
                *await self._entities(session, sheet, dry_run=dry_run),
                *await self._rates(session, sheet, dry_run=dry_run),
            ]

    async def _entities(
        self, session: AsyncSession, sheet: TaxSheet, *, dry_run: bool
    ) -> list[TaxChange]:
        repository = TaxRepository(session)
        known = {entity.code: entity for entity in await repository.entities()}
        changes = []
        for entity in sheet.entities:
            before = known.get(entity.code)
            if before == entity:
                continue
            if before is not None:
                await _check_change(session, before, entity)
            changes.append(TaxChange(_effect(before), "entity", entity.code))
            if not dry_run:
                await repository.save_entity(entity, self.clock.now())
        return changes

    async def _rates(
        self, session: AsyncSession, sheet: TaxSheet, *, dry_run: bool
    ) -> list[TaxChange]:
        repository = TaxRepository(session)
        known = {_key(rate): rate for rate in await repository.rates()}
        changes = []
        for rate in sheet.rates:
            before = known.get(_key(rate))
            revised = replace(rate, revision=1 if before is None else before.revision)
            if before == revised:
                continue
            if before is not None:
                revised = replace(rate, revision=before.revision + 1)
            changes.append(TaxChange(_effect(before), "rate", _label(rate)))
            if not dry_run:
                await repository.add_rate(revised, self.clock.now())
        return changes


async def _check_change(session: AsyncSession, before: LegalEntity, after: LegalEntity) -> None:
    """Refuse a change of what documents were numbered and kept apart by."""
    in_use = await session.scalar(_IN_USE, {"entity": before.code})
    if in_use and before.prefix != after.prefix:
        raise EntityInUse(entity=before.code, what="prefix", field="prefix")
    if before.sandbox != after.sandbox:
        raise EntityInUse(entity=before.code, what="kind", field="sandbox")


def _key(rate: TaxRate) -> tuple[str, str, object]:
    return (rate.jurisdiction, rate.category, rate.valid_from)


def _label(rate: TaxRate) -> str:
    percent = f"{rate.code} {quantity_text(rate.rate)} %"
    return f"{rate.jurisdiction} {rate.category} {percent} from {rate.valid_from}"


def _effect(before: object) -> str:
    return "added" if before is None else "changed"
