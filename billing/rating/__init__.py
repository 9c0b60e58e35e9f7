"""Every rating version ever used to issue an invoice, each able to compute it again."""

from collections.abc import Mapping
from types import MappingProxyType

from billing.rating import v2026_1
from billing.rating.replayer import Measurement, Replayer

__all__ = ["Measurement", "Replayer", "replayers"]

replayers: Mapping[str, Replayer] = MappingProxyType({"2026.1": v2026_1.replay})
"""By the ``rating_version`` that manifests name; the version in use adds its own entry."""
