"""Reads plans and add-ons."""

from collections.abc import Mapping
from uuid import UUID

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import STANDARD, AddonVersion, FeatureKind, Grant, PlanVersion
from control_plane.catalog.source.addons import (
    MOST_AT_A_TIME,
    read_cancellation,
    read_early_bird,
)
from control_plane.catalog.source.amounts import read_amounts
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.policies import read_policies
from control_plane.catalog.source.prices import read_prices
from control_plane.catalog.source.words import Codes, read_name, read_reference, read_references
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
        optional=("entitlements", "trial_days", "policies"),
    )
    modules = read_references(fields.get("modules"), definitions.modules, Fault.UNKNOWN_MODULE)
    grants = _read_grants(fields.get("entitlements"), definitions, modules)
    place = fields.get("entitlements", item)
    for feature in definitions.features.values():
        sold = feature.module in modules and feature.kind is FeatureKind.LIMIT
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
        grants=_read_grants(fields.get("grants"), definitions, modules),
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


def _read_grants(
    cursor: Cursor | None, definitions: Definitions, modules: tuple[str, ...]
) -> Mapping[str, Grant]:
    grants: dict[str, Grant] = {}
    for key, value in cursor.entries() if cursor else ():
        code = read_reference(key, definitions.features, Fault.UNKNOWN_FEATURE)
        if code:
            _check_sold(key, code, definitions, modules)
            grants[code] = _read_grant(value, code, definitions)
    return grants


def _check_sold(key: Cursor, code: str, definitions: Definitions, modules: tuple[str, ...]) -> None:
    feature = definitions.features[code]
    if code in definitions.modules:
        key.report(Fault.MODULE_FEATURE_IMPLIED, value=code)
    elif feature.module and modules and feature.module not in modules:
        key.report(Fault.FEATURE_NOT_SOLD, value=code, module=feature.module)


def _read_grant(value: Cursor, code: str, definitions: Definitions) -> Grant:
    if definitions.features[code].kind is FeatureKind.LIMIT:
        return value.decimal()
    if value.raw != "true":
        value.report(Fault.GRANT_NOT_TRUE, value=code)
    return True
