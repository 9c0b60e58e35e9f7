"""Reads features, each kind with the keys that belong to it."""

from collections.abc import Iterable, Mapping

from control_plane.catalog.domain import (
    LEASED,
    Access,
    Feature,
    FeatureKind,
    Meter,
    Mode,
    Module,
    OnStale,
    Per,
    ValueType,
)
from control_plane.catalog.feature_codec import LIMIT
from control_plane.catalog.source.cursor import Choice, Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.meters import read_texts
from control_plane.catalog.source.words import Codes, read_name, read_reference

LONGEST_ROLLING_SECONDS = 366 * 86_400
LONGEST_AGE_SECONDS = 30 * 86_400
LONGEST_LEASE_SECONDS = 3_600

_ALWAYS = ("code", "kind", "module", "name")
_OPTIONS = ("strict", "max_age_seconds", "access", "on_stale")
_OF_KIND: Mapping[FeatureKind, tuple[str, ...]] = {
    FeatureKind.CONFIGURATION: ("type", "choices"),
    FeatureKind.METERED: ("per", "rolling", "mode", "meter"),
    FeatureKind.SEATS: ("meter",),
}
_KNOWN = (*_OPTIONS, "per", "rolling", "mode", "meter", "type", "choices", "lease_seconds")


def read_features(
    items: Iterable[Cursor], modules: Mapping[str, Module], meters: Mapping[str, Meter]
) -> dict[str, Feature]:
    """Read the features, which belong to these modules and are counted by these meters."""
    codes = Codes()
    features = [_read_feature(item, codes, modules, meters) for item in items]
    return {feature.code: feature for feature in features if feature.code}


def _read_feature(
    item: Cursor, codes: Codes, modules: Mapping[str, Module], meters: Mapping[str, Meter]
) -> Feature:
    fields = item.fields(required=_required(item), optional=_KNOWN)
    kind = _read_kind(fields.get("kind"))
    _check_keys(item, fields, kind)
    value_type, choices = _read_values(item, fields, kind)
    return Feature(
        code=codes.take(fields.get("code")),
        kind=kind,
        module=read_reference(fields.get("module"), modules, Fault.UNKNOWN_MODULE),
        name=read_name(fields.get("name")),
        per=fields["per"].choice(Per, Per.DAY).value if "per" in fields else None,
        strict=fields["strict"].boolean() if "strict" in fields else False,
        rolling_seconds=_seconds(fields.get("rolling"), LONGEST_ROLLING_SECONDS),
        mode=_choice(fields.get("mode"), Mode, Mode.HARD),
        meter=read_reference(fields.get("meter"), meters, Fault.UNKNOWN_METER) or None,
        type=value_type,
        choices=choices,
        max_age_seconds=_seconds(fields.get("max_age_seconds"), LONGEST_AGE_SECONDS),
        lease_seconds=_seconds(fields.get("lease_seconds"), LONGEST_LEASE_SECONDS),
        access=_choice(fields.get("access"), Access, Access.WRITE),
        on_stale=_choice(fields.get("on_stale"), OnStale, OnStale.DENY),
    )


def _required(item: Cursor) -> tuple[str, ...]:
    kind = item.peek("kind")
    if kind == LIMIT:
        return (*_ALWAYS, "per")
    return (*_ALWAYS, "type") if kind == FeatureKind.CONFIGURATION else _ALWAYS


def _read_kind(cursor: Cursor | None) -> FeatureKind:
    if cursor is None:
        return FeatureKind.BOOLEAN
    if cursor.raw == LIMIT:
        return FeatureKind.METERED
    return cursor.choice(FeatureKind, FeatureKind.BOOLEAN)


def _check_keys(item: Cursor, fields: Mapping[str, Cursor], kind: FeatureKind) -> None:
    """Report keys of other kinds, and a metered feature without exactly one window."""
    own = {*_ALWAYS, *_OPTIONS, *_OF_KIND.get(kind, ())}
    if kind in LEASED:
        own.add("lease_seconds")
    for name, cursor in fields.items():
        if name not in own:
            cursor.report(Fault.KEY_OF_OTHER_KIND, value=name, kind=kind.value)
    one_window = ("per" in fields) != ("rolling" in fields)
    if kind is FeatureKind.METERED and not one_window and item.peek("kind") != LIMIT:
        item.report(Fault.ONE_OF, known="per, rolling")


def _read_values(
    item: Cursor, fields: Mapping[str, Cursor], kind: FeatureKind
) -> tuple[ValueType | None, tuple[str, ...]]:
    """Read what values a configuration has: choices exactly where it is one of some."""
    if kind is not FeatureKind.CONFIGURATION or "type" not in fields:
        return None, ()
    value_type = fields["type"].choice(ValueType, ValueType.STRING)
    choices = read_texts(fields.get("choices"))
    if value_type is ValueType.CHOICE and "choices" not in fields:
        item.report(Fault.MISSING_KEY, value="choices")
    elif value_type is not ValueType.CHOICE and "choices" in fields:
        fields["choices"].report(Fault.KEY_OF_OTHER_KIND, value="choices", kind=value_type.value)
    return value_type, choices


def _seconds(cursor: Cursor | None, most: int) -> int | None:
    return None if cursor is None else cursor.whole(1, most)


def _choice(cursor: Cursor | None, choices: type[Choice], default: Choice) -> Choice:
    return default if cursor is None else cursor.choice(choices, default)
