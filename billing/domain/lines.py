"""What prices a line: the versions that timelines name."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.kernel.ids import AddonVersionId, PlanVersionId


@dataclass(frozen=True, slots=True)
class Versions:
    """The plan and add-on versions that timelines name."""

    plans: Mapping[PlanVersionId, PlanVersion]
    addons: Mapping[AddonVersionId, AddonVersion]
