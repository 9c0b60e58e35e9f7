"""The prices and meters that invoices are computed from, kept at hand once read.

Published versions never change, and a published meter keeps its meaning, so nothing here goes
stale; what is kept is bounded by what was ever published.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.lines import Versions
from control_plane.catalog.domain import AddonVersion, Meter, PlanVersion
from control_plane.catalog.errors import MeterNotFound
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.subscriptions.domain import BookAddon, ChangePlan, Start, Timeline


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one process has read of the catalogue so far."""

    _plans: dict[PlanVersionId, PlanVersion] = field(default_factory=dict)
    _addons: dict[AddonVersionId, AddonVersion] = field(default_factory=dict)
    _meters: dict[str, Meter] = field(default_factory=dict)

    async def versions(self, session: AsyncSession, timelines: Iterable[Timeline]) -> Versions:
        """Return every plan and add-on version that the timelines name."""
        actions = [change.action for timeline in timelines for change in timeline.changes]
        plans = {a.plan_version_id for a in actions if isinstance(a, Start | ChangePlan)}
        addons = {a.addon_version_id for a in actions if isinstance(a, BookAddon)}
        catalog = CatalogRepository(session)
        if unread := plans - self._plans.keys():
            self._plans.update(await catalog.plan_versions(sorted(unread)))
        if unknown := addons - self._addons.keys():
            self._addons.update(await catalog.addon_versions(sorted(unknown)))
        return Versions(
            plans={key: self._plans[key] for key in plans},
            addons={key: self._addons[key] for key in addons},
        )

    async def meter(self, session: AsyncSession, code: str) -> Meter:
        """Return a meter by its code.

        Raises:
            MeterNotFound: the catalogue does not define it.
        """
        if code not in self._meters:
            self._meters.update(await CatalogRepository(session).meters())
        if code not in self._meters:
            raise MeterNotFound(meter_code=code)
        return self._meters[code]


async def load_versions(session: AsyncSession, timelines: Iterable[Timeline]) -> Versions:
    """Read every plan and add-on version that the timelines name, keeping nothing."""
    return await Shelf().versions(session, timelines)
