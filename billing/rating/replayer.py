"""What every rating version can do: compute an invoice anew from its manifest."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, TenantId
from control_plane.subscriptions.domain import Timeline


class Measurement(Protocol):
    """What a meter measured for one line."""

    @property
    def quantity(self) -> Decimal:
        """The meter's quantity."""

    @property
    def events(self) -> int:
        """How many events were counted."""

    @property
    def digest(self) -> str:
        """The digest of the events."""


class Replayer(Protocol):
    """Computes the canonical bytes of an invoice under one rating version.

    ``timelines`` may hold later entries than the invoice knew; ``plans`` and ``addons`` hold every
    version they name; ``measured`` holds one measurement per line in the manifest's ``usage``,
    taken at its cut-off (and ``since``), by line key.

    Raises:
        LookupError: a line is no longer owed, or a measurement is missing.
    """

    def __call__(
        self,
        *,
        tenant_id: TenantId,
        timelines: Sequence[Timeline],
        plans: Mapping[PlanVersionId, PlanVersion],
        addons: Mapping[AddonVersionId, AddonVersion],
        manifest: Mapping[str, Any],
        measured: Mapping[str, Any],
    ) -> bytes:
        """Return the bytes."""
