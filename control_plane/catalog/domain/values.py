"""Whether a value can be granted of a feature."""

from decimal import Decimal

from control_plane.catalog.domain.features import COUNTED, Feature, FeatureKind, ValueType
from control_plane.catalog.domain.words import Grant, Rate


def fits_feature(grant: Grant, feature: Feature) -> bool:
    """Tell whether a grant is of the feature's kind: a yes, whole units, a rate or a value.

    Numbers are not negative, and a rate and its burst are above zero.
    """
    if feature.kind is FeatureKind.BOOLEAN:
        return grant is True
    if feature.kind in COUNTED:
        return _is_whole(grant)
    if feature.kind is FeatureKind.RATE:
        return isinstance(grant, Rate) and grant.per_second > 0 and grant.burst >= 1
    if feature.type is ValueType.INTEGER:
        return _is_whole(grant)
    if feature.type is ValueType.DECIMAL:
        return isinstance(grant, Decimal) and grant >= 0
    choices = feature.choices if feature.type is ValueType.CHOICE else (grant,)
    return isinstance(grant, str) and grant in choices


def _is_whole(grant: Grant) -> bool:
    return isinstance(grant, Decimal) and grant >= 0 and grant == grant.to_integral_value()
