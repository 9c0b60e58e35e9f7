"""What an ``apply`` would change, worked out without doing it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any, TypeVar

from control_plane.catalog.codec import addon_body, plan_body
from control_plane.catalog.definitions import definitions_body
from control_plane.catalog.domain import AddonVersion, Catalog, PlanVersion
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, new_id


class Effect(StrEnum):
    """What happens to one thing of the catalogue."""

    NEW = "new"
    CHANGED = "changed"
    RETURNS = "returns"
    """It had been withdrawn, and is on sale again as it was."""
    WITHDRAWN = "withdrawn"
    """No longer on sale; what was sold of it stays."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs; None on the side where it is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would change. ``version`` is the one on sale afterwards, if it has any."""

    section: str
    code: str
    effect: Effect
    version: int | None = None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """A catalogue ready to be put on sale, every version with its id and number.

    ``differences`` is empty when nothing would change. Of ``catalog``, only
    ``new_plans`` and ``new_addons`` have not been published before.
    """

    catalog: Catalog
    new_plans: tuple[PlanVersion, ...]
    new_addons: tuple[AddonVersion, ...]
    differences: tuple[Difference, ...]


def prepare_publication(
    draft: Catalog,
    current: Catalog,
    latest_plans: Mapping[str, PlanVersion],
    latest_addons: Mapping[str, AddonVersion],
) -> Publication:
    """Give each draft the version it equals, or the next one.

    Args:
        draft: what the file says.
        current: what is on sale.
        latest_plans: the newest version of each plan, withdrawn ones included.
        latest_addons: the same of add-ons.
    """
    plans = {c: _plan_version(plan, latest_plans.get(c)) for c, plan in draft.plans.items()}
    addons = {c: _addon_version(addon, latest_addons.get(c)) for c, addon in draft.addons.items()}
    catalog = replace(draft, plans=plans, addons=addons)
    differences = chain(
        _definition_differences(current, catalog),
        _differences("plans", current.plans, plans, latest_plans, plan_body),
        _differences("addons", current.addons, addons, latest_addons, addon_body),
    )
    known = {plan.id for plan in latest_plans.values()}
    known_addons = {addon.id for addon in latest_addons.values()}
    return Publication(
        catalog=catalog,
        new_plans=tuple(plan for plan in plans.values() if plan.id not in known),
        new_addons=tuple(addon for addon in addons.values() if addon.id not in known_addons),
        differences=tuple(differences),
    )


def _plan_version(draft: PlanVersion, latest: PlanVersion | None) -> PlanVersion:
    if latest is not None and plan_body(latest) == plan_body(draft):
        return latest
    version = latest.version + 1 if latest else 1
    return replace(draft, id=PlanVersionId(new_id()), version=version)


def _addon_version(draft: AddonVersion, latest: AddonVersion | None) -> AddonVersion:
    if latest is not None and addon_body(latest) == addon_body(draft):
        return latest
    version = latest.version + 1 if latest else 1
    return replace(draft, id=AddonVersionId(new_id()), version=version)


Version = TypeVar("Version", PlanVersion, AddonVersion)


def _differences(
    section: str,
    current: Mapping[str, Version],
    after: Mapping[str, Version],
    latest: Mapping[str, Version],
    body: Callable[[Version], dict[str, Any]],
) -> Iterator[Difference]:
    for code, version in after.items():
        if code in current and current[code].id == version.id:
            continue
        before = latest.get(code)
        if before is None:
            yield Difference(section, code, Effect.NEW, version.version)
        elif before.id == version.id:
            yield Difference(section, code, Effect.RETURNS, version.version)
        else:
            fields = tuple(field_changes(body(before), body(version)))
            yield Difference(section, code, Effect.CHANGED, version.version, fields)
    for code, version in current.items():
        if code not in after:
            yield Difference(section, code, Effect.WITHDRAWN, version.version)


def _definition_differences(current: Catalog, after: Catalog) -> Iterator[Difference]:
    before_body, after_body = definitions_body(current), definitions_body(after)
    for section in before_body:
        before = {entry["code"]: entry for entry in before_body[section]}
        now = {entry["code"]: entry for entry in after_body[section]}
        for code, entry in now.items():
            fields = tuple(field_changes(before[code], entry)) if code in before else ()
            if code not in before:
                yield Difference(section, code, Effect.NEW)
            elif fields:
                yield Difference(section, code, Effect.CHANGED, fields=fields)
        for code in before.keys() - now.keys():
            yield Difference(section, code, Effect.WITHDRAWN)


def field_changes(before: Any, after: Any) -> Iterator[FieldChange]:
    """Yield the leaves that differ between two JSON values, in order of their paths."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    for path in {**old, **new}:
        if old.get(path) != new.get(path):
            yield FieldChange(path, old.get(path), new.get(path))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{_label(item, number)}]")
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _label(item: Any, number: int) -> str:
    """Name a list's item by what identifies it, so that an inserted one shifts no other."""
    if not isinstance(item, dict):
        return str(number)
    if "currency" in item and "interval" in item:
        count = f"{item['count']}-" if "count" in item else ""
        return f"{item['currency']}/{count}{item['interval']}"
    return str(item.get("code", number))
