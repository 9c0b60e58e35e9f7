"""What is for sale: modules, features, meters, plans and add-ons, as values.

A catalogue is data: nothing here reads a clock or a database. Plan and add-on
versions are immutable; a changed plan is a new version with a new id, so that
what was sold stays what it was.
"""

from control_plane.catalog.domain.catalog import Catalog
from control_plane.catalog.domain.charges import (
    STANDARD,
    Charge,
    ChargeKind,
    Commitment,
    Conversion,
    ConversionRounding,
    Matrix,
    MatrixCell,
    Tier,
    Timing,
)
from control_plane.catalog.domain.features import (
    COUNTED,
    LEASED,
    Access,
    Feature,
    FeatureKind,
    Mode,
    Module,
    OnStale,
    Per,
    ValueType,
)
from control_plane.catalog.domain.ladder import RUNGS, Ladder
from control_plane.catalog.domain.meters import (
    Aggregation,
    Filter,
    LatePolicy,
    Meter,
    Property,
    PropertyType,
)
from control_plane.catalog.domain.offers import AddonVersion, EarlyBird, PlanVersion, Price, Refund
from control_plane.catalog.domain.values import fits_feature
from control_plane.catalog.domain.words import Grant, Rate, Text

__all__ = [
    "COUNTED",
    "LEASED",
    "RUNGS",
    "STANDARD",
    "Access",
    "AddonVersion",
    "Aggregation",
    "Catalog",
    "Charge",
    "ChargeKind",
    "Commitment",
    "Conversion",
    "ConversionRounding",
    "EarlyBird",
    "Feature",
    "FeatureKind",
    "Filter",
    "Grant",
    "Ladder",
    "LatePolicy",
    "Matrix",
    "MatrixCell",
    "Meter",
    "Mode",
    "Module",
    "OnStale",
    "Per",
    "PlanVersion",
    "Price",
    "Property",
    "PropertyType",
    "Rate",
    "Refund",
    "Text",
    "Tier",
    "Timing",
    "ValueType",
    "fits_feature",
]
