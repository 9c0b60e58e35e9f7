"""Reads what a plan or add-on grants of each feature, by the feature's kind."""

from collections.abc import Mapping
from decimal import Decimal

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import COUNTED, Feature, FeatureKind, Grant, Rate, ValueType
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.words import read_reference


def read_grants(
    cursor: Cursor | None, definitions: Definitions, modules: tuple[str, ...]
) -> Mapping[str, Grant]:
    """Read a mapping of features, each of one of these modules, to what is granted of them."""
    grants: dict[str, Grant] = {}
    for key, value in cursor.entries() if cursor else ():
        code = read_reference(key, definitions.features, Fault.UNKNOWN_FEATURE)
        if code:
            _check_sold(key, code, definitions, modules)
            grants[code] = _read_grant(value, definitions.features[code])
    return grants


def _check_sold(key: Cursor, code: str, definitions: Definitions, modules: tuple[str, ...]) -> None:
    feature = definitions.features[code]
    if code in definitions.modules:
        key.report(Fault.MODULE_FEATURE_IMPLIED, value=code)
    elif feature.module and modules and feature.module not in modules:
        key.report(Fault.FEATURE_NOT_SOLD, value=code, module=feature.module)


def _read_grant(value: Cursor, feature: Feature) -> Grant:
    if feature.kind in COUNTED:
        return _read_whole(value)
    if feature.kind is FeatureKind.RATE:
        return _read_rate(value)
    if feature.kind is FeatureKind.CONFIGURATION:
        return _read_value(value, feature)
    if value.raw != "true":
        value.report(Fault.GRANT_NOT_TRUE, value=feature.code)
    return True


def _read_whole(value: Cursor) -> Decimal:
    number = value.decimal()
    if number != number.to_integral_value():
        value.report(Fault.NOT_WHOLE_UNITS, value=value.raw)
    return number


def _read_rate(value: Cursor) -> Rate:
    """Read a rate; one without a burst lets through what a second's rate lets through."""
    fields = value.fields(required=("per_second",), optional=("burst",))
    per_second = fields["per_second"].above_zero() if "per_second" in fields else Decimal(1)
    whole = max(Decimal(1), per_second.to_integral_value())
    burst = _read_whole(fields["burst"]) if "burst" in fields else whole
    if burst < 1:
        fields["burst"].report(Fault.NOT_ABOVE_ZERO, value=fields["burst"].raw)
    return Rate(per_second, burst)


def _read_value(value: Cursor, feature: Feature) -> Grant:
    if feature.type is ValueType.INTEGER:
        return _read_whole(value)
    if feature.type is ValueType.DECIMAL:
        return value.decimal()
    if feature.choices and value.raw not in feature.choices:
        value.report(Fault.UNKNOWN_CHOICE, value=value.raw, known=", ".join(feature.choices))
    return value.raw if feature.type is ValueType.CHOICE else value.text()
