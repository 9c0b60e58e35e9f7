"""Reads plans and add-ons."""

from uuid import UUID

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import STANDARD, AddonVersion, FeatureKind, PlanVersion
from control_plane.catalog.source.addons import (
    MOST_AT_A_TIME,
    read_cancellation,
    read_early_bird,
)
from control_plane.catalog.source.amounts import read_amounts
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.grants import read_grants
from control_plane.catalog.source.ladder import read_ladder
from control_plane.catalog.source.policies import read_policies
from control_plane.catalog.source.prices import read_prices
from control_plane.catalog.source.words import Codes, read_name, read_references
from control_plane.kernel.ids import AddonVersionId, PlanVersionId

LONGEST_TRIAL_DAYS = 3_650

_DRAFT = UUID(int=0)
_EXTRAS = (
    "early_bird",
    "cancellation",
    "deposit",
    "tax_category",
    "tax_inclusive",
    "max_quantity",
    "policies",
)


def read_plans(cursor: Cursor, definitions: Definitions) -> dict[str, PlanVersion]:
    """Read the plans as drafts: without an id of their own, as version 0."""
    codes = Codes()
    plans = [_read_plan(item, codes, definitions) for item in cursor.items(empty=False)]
    return {plan.code: plan for plan in plans if plan.code}


def read_addons(cursor: Cursor, definitions: Definitions) -> dict[str, AddonVersion]:
    """Read the add-ons as drafts: without an id of their own, as version 0."""
    codes = Codes()
    addons = [_read_addon(item, codes, definitions) for item in cursor.items()]
    return {addon.code: addon for addon in addons if addon.code}


def _read_plan(item: Cursor, codes: Codes, definitions: Definitions) -> PlanVersion:
    fields = item.fields(
        required=("code", "name", "modules", "prices"),
        optional=("entitlements", "trial_days", "policies", "ladder"),
    )
    modules = read_references(fields.get("modules"), definitions.modules, Fault.UNKNOWN_MODULE)
    grants = read_grants(fields.get("entitlements"), definitions, modules)
    place = fields.get("entitlements", item)
    for feature in definitions.features.values():
        sold = feature.module in modules and feature.kind is FeatureKind.METERED
        if sold and feature.code not in grants:
            place.report(Fault.LIMIT_MISSING, value=feature.code, module=feature.module)
    return PlanVersion(
        id=PlanVersionId(_DRAFT),
        code=codes.take(fields.get("code")),
        version=0,
        name=read_name(fields.get("name")),
        modules=modules,
        entitlements=grants,
        prices=read_prices(fields.get("prices"), definitions, modules),
        trial_days=(
            fields["trial_days"].whole(0, LONGEST_TRIAL_DAYS) if "trial_days" in fields else 0
        ),
        policies=read_policies(fields.get("policies")),
        ladder=read_ladder(fields.get("ladder")),
    )


def _read_addon(item: Cursor, codes: Codes, definitions: Definitions) -> AddonVersion:
    fields = item.fields(
        required=("code", "name", "season", "requires", "grants", "prices"), optional=_EXTRAS
    )
    modules = read_references(fields.get("requires"), definitions.modules, Fault.UNKNOWN_MODULE)
    prices = read_amounts(fields.get("prices"))
    return AddonVersion(
        id=AddonVersionId(_DRAFT),
        code=codes.take(fields.get("code")),
        version=0,
        name=read_name(fields.get("name")),
        season=_read_season(fields.get("season"), definitions),
        requires=modules,
        grants=read_grants(fields.get("grants"), definitions, modules),
        prices=prices,
        early_bird=read_early_bird(fields.get("early_bird"), prices),
        cancellation=read_cancellation(fields.get("cancellation")),
        deposit=fields["deposit"].percentage() if "deposit" in fields else None,
        tax_category=fields["tax_category"].code() if "tax_category" in fields else STANDARD,
        tax_inclusive=fields["tax_inclusive"].boolean() if "tax_inclusive" in fields else False,
        max_quantity=(
            fields["max_quantity"].whole(1, MOST_AT_A_TIME) if "max_quantity" in fields else None
        ),
        policies=read_policies(fields.get("policies")),
    )


def _read_season(cursor: Cursor | None, definitions: Definitions) -> str:
    if cursor is None:
        return ""
    if cursor.raw not in definitions.seasons:
        known = ", ".join(definitions.seasons)
        cursor.report(Fault.UNKNOWN_SEASON, value=cursor.raw, known=known)
    return cursor.raw
