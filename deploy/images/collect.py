# ruff: noqa: INP001 - a script beside its Dockerfile, not a package
"""Lays out what a module image contains: Tallyard's own code and the packages it imports.

    python deploy/images/collect.py TARGET

writes ``TARGET/app`` (inventory_modules, control_plane.sdk, control_plane.kernel) and
``TARGET/site`` (third-party packages, as installed here from ``requirements.lock``), compiled to
bytecode, since the containers run on a read-only file system.
"""

import ast
import compileall
import py_compile
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("inventory_modules", "control_plane/sdk", "control_plane/kernel")
ALWAYS = ("tzdata",)  # zoneinfo finds it at run time, so no import names it
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


class NotAsLocked(SystemExit):
    """An installed package is not of the version that ``requirements.lock`` names."""


def imported_names(folder: Path) -> Iterator[str]:
    """Yield the top-level names that the modules under ``folder`` import."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def canonical(name: str) -> str:
    """Return a distribution's name as the packaging specification normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def roots() -> set[str]:
    """Return the distributions that the packages import directly."""
    providers = metadata.packages_distributions()
    names = {name for package in PACKAGES for name in imported_names(ROOT / package)}
    own = {"inventory_modules", "control_plane"}
    foreign = names - own - set(sys.stdlib_module_names)
    return {canonical(providers[name][0]) for name in foreign} | set(ALWAYS)


def with_requirements(names: set[str]) -> set[str]:
    """Return the distributions and all that they need on this platform."""
    # only the builder needs it, and `packaging` is among what it installs
    from packaging.requirements import Requirement  # noqa: PLC0415

    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting |= {canonical(requirement.name)} - found
    return found


def locked_versions() -> dict[str, str]:
    """Return the version of every distribution in ``requirements.lock``."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {canonical(n): v for n, v in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)}


def copy_distribution(name: str, site: Path) -> None:
    """Copy the files of one installed distribution, without scripts and bytecode."""
    for file in metadata.files(name) or ():
        inside = not file.parts[0].startswith("..") and "__pycache__" not in file.parts
        source = Path(str(file.locate()))
        if inside and source.is_file():
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def copy_own(app: Path) -> None:
    """Copy the packages of Tallyard that a module service may import."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, app / package, ignore=LEFT_OUT)
    (app / "control_plane" / "__init__.py").write_bytes(
        (ROOT / "control_plane" / "__init__.py").read_bytes()
    )


def main(target: Path) -> None:
    """Fill ``target`` and compile it."""
    locked = locked_versions()
    for name in sorted(with_requirements(roots())):
        if (here := metadata.version(name)) != locked.get(name):
            raise NotAsLocked(
                f"{name} {here} is installed, requirements.lock has {locked.get(name)}"
            )
        copy_distribution(name, target / "site")
    copy_own(target / "app")
    compileall.compile_dir(
        target, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
