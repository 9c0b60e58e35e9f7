"""The catalogue as a whole: everything on sale, found by its code."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.catalog.domain.features import Feature, Module
from control_plane.catalog.domain.meters import Meter
from control_plane.catalog.domain.offers import AddonVersion, PlanVersion
from control_plane.catalog.errors import (
    AddonNotFound,
    MeterNotFound,
    PlanNotFound,
    SeasonNotFound,
)
from control_plane.kernel.seasons import AnySeason


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything on sale now, keyed by code, in the file's order.

    ``plans`` and ``addons`` hold the current versions only; superseded ones are
    found by their id in the repository. ``seasons`` includes the built-in ones.
    """

    modules: Mapping[str, Module]
    features: Mapping[str, Feature]
    meters: Mapping[str, Meter]
    seasons: Mapping[str, AnySeason]
    plans: Mapping[str, PlanVersion]
    addons: Mapping[str, AddonVersion]

    def plan(self, code: str) -> PlanVersion:
        """Return the plan's version on sale, or raise PlanNotFound."""
        if code not in self.plans:
            raise PlanNotFound(plan_code=code, field="plan_code")
        return self.plans[code]

    def addon(self, code: str) -> AddonVersion:
        """Return the add-on's version on sale, or raise AddonNotFound."""
        if code not in self.addons:
            raise AddonNotFound(addon_code=code, field="addon_code")
        return self.addons[code]

    def meter(self, code: str) -> Meter:
        """Return a meter, or raise MeterNotFound."""
        if code not in self.meters:
            raise MeterNotFound(meter_code=code)
        return self.meters[code]

    def season(self, code: str) -> AnySeason:
        """Return a season, built in or the catalogue's own, or raise SeasonNotFound."""
        if code not in self.seasons:
            raise SeasonNotFound(season_code=code)
        return self.seasons[code]

    def meters_of_event(self, event_type: str) -> tuple[Meter, ...]:
        """Return the meters fed by an event type: none when it is unknown."""
        return tuple(m for m in self.meters.values() if m.event_type == event_type)
