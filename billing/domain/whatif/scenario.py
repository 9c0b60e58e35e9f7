"""A scenario: everything that invoices are computed from, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from billing.domain.assembling.inputs import Coupon, Credit, TaxTreatment
from billing.domain.lines import Versions
from control_plane.catalog.domain import Catalog, Meter
from control_plane.catalog.policies import Choices
from control_plane.kernel.currency import Currency
from control_plane.subscriptions.domain import Timeline
from metering.domain.events import UsageEvent

MOST_EVENTS = 200_000
"""How many usage events one scenario may come to, written out."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One customer's prices, subscriptions and usage, up to ``until``.

    ``policies`` are the tenant's own choices. ``treatments`` says how each tax category is taxed;
    categories that are not named are not taxed. Every id is derived from the place of what it
    names, so that the same scenario gives the same invoices, byte for byte.
    """

    catalog: Catalog
    currency: Currency
    zone: str
    until: datetime
    timelines: tuple[Timeline, ...]
    usage: tuple[UsageEvent, ...]
    policies: Choices
    treatments: Mapping[str, TaxTreatment]
    coupons: tuple[Coupon, ...]
    credits: tuple[Credit, ...]

    @property
    def versions(self) -> Versions:
        """The plans and add-ons, as the timelines name them."""
        return Versions(
            plans={plan.id: plan for plan in self.catalog.plans.values()},
            addons={addon.id: addon for addon in self.catalog.addons.values()},
        )

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The meters by code."""
        return self.catalog.meters


def id_of(*place: object) -> UUID:
    """Return the id of what stands at a place of the scenario: the same in every run."""
    return uuid5(NAMESPACE_URL, "/".join(("tallyard:scenario", *map(str, place))))
