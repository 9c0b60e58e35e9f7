"""Every stable error code: what it means, its status, and what to do about it."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Final

from control_plane.kernel.errors import TallyardError, concrete_errors
from web.i18n import N_, translate
from web.problems import FRAMEWORK_PROBLEMS, STATUS_BY_KIND

INVALID_INPUT: Final = N_("A field is missing, unknown, or of another type; 'errors' names it.")
PACKAGES: Final = ("control_plane", "metering", "billing", "provisioner", "web")
# Never part of a web process: imports nothing can answer for, and heavy ones.
_APART: Final = ("web.commands", "web.demo", "control_plane.runtime.migrations")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One way a code comes about; what varies is written ``{name}``."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """A code, which is also its anchor on the page, and everything it may mean."""

    code: str
    status: int
    meanings: tuple[Meaning, ...]


def problem_entries(language: str) -> tuple[ProblemEntry, ...]:
    """List every code in the reader's language, by code."""
    found: dict[str, tuple[int, dict[Meaning, None]]] = {}
    for code, status, message, remedy in _templates():
        meaning = Meaning(_open(translate(language, message)), _open(translate(language, remedy)))
        found.setdefault(code, (status, {}))[1][meaning] = None
    return tuple(
        ProblemEntry(code, status, tuple(meanings))
        for code, (status, meanings) in sorted(found.items())
    )


def error_classes() -> tuple[type[TallyardError], ...]:
    """Give every error that can be raised, of all packages that serve requests."""
    _import_all()
    return tuple(error for error in concrete_errors() if error.__module__.split(".")[0] in PACKAGES)


def _templates() -> Iterator[tuple[str, int, str, str]]:
    for error in error_classes():
        yield error.code, STATUS_BY_KIND[error.kind], error.message, error.remedy
    for status, (code, message, remedy) in FRAMEWORK_PROBLEMS.items():
        yield code, status, message, remedy
    yield "invalid_input", 400, INVALID_INPUT, FRAMEWORK_PROBLEMS[400][2]


@cache
def _import_all() -> None:
    """Load every module once: an error class exists when its module was imported."""
    for package in PACKAGES:
        _import_below(package)


def _import_below(name: str) -> None:
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        below = f"{name}.{found.name}"
        if below not in _APART and found.name != "__main__":
            _import_below(below)


def _open(template: str) -> str:
    """Show what varies by its name alone: ``{value!r}`` becomes ``{value}``."""
    return "".join(
        text + (f"{{{name}}}" if name is not None else "")
        for text, name, _, _ in Formatter().parse(template)
    )
