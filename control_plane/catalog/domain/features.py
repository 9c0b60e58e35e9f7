"""Modules, and the features that they ask about."""

from dataclasses import dataclass
from enum import StrEnum

from control_plane.catalog.domain.words import Text


@dataclass(frozen=True, slots=True)
class Module:
    """An inventory module that can be subscribed to."""

    code: str
    name: Text


class FeatureKind(StrEnum):
    """How a feature is decided: yes or no, or so many a window."""

    BOOLEAN = "boolean"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a module asks about before it goes ahead.

    ``per`` is the window that a limit counts in (``day``), None for boolean
    features. A ``strict`` feature is denied once its snapshot is 30 s old.
    """

    code: str
    kind: FeatureKind
    module: str
    name: Text
    per: str | None = None
    strict: bool = False
