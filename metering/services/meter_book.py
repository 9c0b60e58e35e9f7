"""The catalogue's meters by event type, remembered from one revision to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Meter
from control_plane.catalog.errors import MeterNotFound
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.clock import Clock
from metering.stores.horizon_sql import kept_from

_LOOK_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class MeterBook:
    """Knows which meters an event type feeds, nearly always without asking.

    A revision published elsewhere is seen within a second, and at once where an
    event's type is not known yet.
    """

    clock: Clock
    _revision: int = -1
    _looked_at: float = float("-inf")
    kept_from: datetime | None = None
    """The time before which events were dropped, as last looked at; None: none ever were."""
    _by_type: Mapping[str, tuple[Meter, ...]] = field(default_factory=dict)
    _by_code: Mapping[str, Meter] = field(default_factory=dict)

    async def meters(
        self, session: AsyncSession, event_types: Iterable[str]
    ) -> Mapping[str, tuple[Meter, ...]]:
        """Return the meters of every event type that has any."""
        if self.known(event_types) is None:
            await self._look(session)
        return self._by_type

    def known(self, event_types: Iterable[str]) -> Mapping[str, tuple[Meter, ...]] | None:
        """Return the meters where nobody has to be asked for them; None where somebody has."""
        old = self.clock.monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS
        return None if old or not self._by_type.keys() >= set(event_types) else self._by_type

    async def meter(self, session: AsyncSession, code: str) -> Meter:
        """Return a meter by its code.

        Raises:
            MeterNotFound: the catalogue has no such meter.
        """
        old = self.clock.monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS
        if old or code not in self._by_code:
            await self._look(session)
        if code not in self._by_code:
            raise MeterNotFound(meter_code=code, field="meter")
        return self._by_code[code]

    async def _look(self, session: AsyncSession) -> None:
        before, self._looked_at = self._looked_at, self.clock.monotonic()
        try:
            await self._read(session)
        except BaseException:
            self._looked_at = before  # nothing was seen
            raise

    async def _read(self, session: AsyncSession) -> None:
        catalog = CatalogRepository(session)
        revision = await catalog.revision()
        self.kept_from = await kept_from(session)
        if revision == self._revision:
            return
        by_type: dict[str, tuple[Meter, ...]] = {}
        by_code = await catalog.meters()
        for meter in by_code.values():
            by_type[meter.event_type] = (*by_type.get(meter.event_type, ()), meter)
        self._by_type, self._by_code, self._revision = by_type, by_code, revision
