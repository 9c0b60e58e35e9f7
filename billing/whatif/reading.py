"""From the text of a scenario, YAML or JSON, to its parts, or to everything wrong with it."""

from collections.abc import Mapping
from dataclasses import replace

from billing.domain.items import PolicyBook
from billing.domain.whatif.errors import ScenarioInvalid
from billing.domain.whatif.scenario import Scenario, id_of
from billing.whatif.discounts import read_coupons, read_credits, read_treatments
from billing.whatif.places import Places
from billing.whatif.subscriptions import SubscriptionReader
from billing.whatif.usage import UsageReader
from control_plane.catalog.domain import Catalog
from control_plane.catalog.policies import Choices, Policies
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault, Problem
from control_plane.catalog.source.parse import parse
from control_plane.catalog.source.prices import read_currency
from control_plane.catalog.source.reader import catalog_at
from control_plane.kernel.calendar import UnknownZone, load_zone
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.subscriptions.domain import Timeline
from metering.domain.events import UsageEvent

_REQUIRED = ("currency", "zone", "until", "catalog", "subscriptions")
_OPTIONAL = ("usage", "events", "policies", "tax", "coupons", "credits")
_PLACEHOLDER_ZONE = "UTC"


def read_scenario(text: str) -> Scenario:
    """Read a scenario. JSON is read as the YAML it is, so both have lines and columns.

    Raises:
        ScenarioInvalid: with every problem found, each with its line and column.
    """
    problems: list[Problem] = []
    root = parse(text, problems)
    scenario = None if root is None else _read(root)
    if scenario is None or problems:
        raise ScenarioInvalid(problems)
    return scenario


def _read(root: Cursor) -> Scenario | None:
    fields = root.fields(required=_REQUIRED, optional=_OPTIONAL)
    if any(name not in fields for name in _REQUIRED):
        return None
    places = Places(_zone(fields["zone"]))
    currency = read_currency(fields["currency"]) or CURRENCIES["CNY"]
    catalog = _numbered(catalog_at(fields["catalog"]))
    until = places.instant(fields["until"])
    policies = _policies(fields.get("policies"))
    reader = SubscriptionReader(places, catalog, currency, 1, PolicyBook(policies))
    timelines = _timelines(fields["subscriptions"], reader)
    usage = _usage(fields, places, catalog)
    treatments = read_treatments(fields.get("tax"))
    coupons = read_coupons(fields.get("coupons"), currency)
    grants = read_credits(fields.get("credits"), currency)
    if root.problems or until is None:
        return None
    return Scenario(
        catalog=catalog,
        currency=currency,
        zone=places.zone,
        until=until,
        timelines=timelines,
        usage=usage,
        policies=policies,
        treatments=treatments,
        coupons=coupons,
        credits=grants,
    )


def _zone(cursor: Cursor) -> str:
    try:
        load_zone(cursor.raw)
    except UnknownZone:
        cursor.report(Fault.UNKNOWN_ZONE, value=cursor.raw)
        return _PLACEHOLDER_ZONE
    return cursor.raw


def _numbered(catalog: Catalog) -> Catalog:
    """Give drafts the ids and version numbers that timelines need."""
    return replace(
        catalog,
        plans={
            code: replace(plan, id=PlanVersionId(id_of("plan", code)), version=1)
            for code, plan in catalog.plans.items()
        },
        addons={
            code: replace(addon, id=AddonVersionId(id_of("addon", code)), version=1)
            for code, addon in catalog.addons.items()
        },
    )


def _timelines(cursor: Cursor, reader: SubscriptionReader) -> tuple[Timeline, ...]:
    read = (
        replace(reader, number=number).read(item)
        for number, item in enumerate(cursor.items(empty=False), start=1)
    )
    return tuple(timeline for timeline in read if timeline is not None)


def _usage(
    fields: Mapping[str, Cursor], places: Places, catalog: Catalog
) -> tuple[UsageEvent, ...]:
    reader = UsageReader(places, catalog.meters)
    if "usage" in fields:
        reader.quantities(fields["usage"])
    if "events" in fields:
        reader.sent(fields["events"])
    return tuple(reader.events)


def _policies(cursor: Cursor | None) -> Choices:
    choices: dict[str, str | int] = {}
    for key, value in cursor.entries() if cursor else ():
        chosen: str | int = int(value.raw) if value.raw.isdecimal() else value.raw
        try:
            Policies().over({key.raw: chosen})
        except TallyardError as error:
            value.report(Fault.REFUSED, reason=str(error))
        else:
            choices[key.raw] = chosen
    return choices
