# ruff: noqa: INP001 - a script beside what it builds from, not a package
"""Builds the wheel of the SDK from the packages of this repository, without a network.

    python deploy/sdk/build.py [TARGET]

writes ``tallyard_sdk-VERSION-py3-none-any.whl`` into ``TARGET``, ``dist`` unless said, and prints
where. Clients in other languages stay out of it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PACKAGES = ("control_plane/sdk", "control_plane/kernel")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "javascript")


def stage(folder: Path) -> None:
    """Lay out what the wheel is built from."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=LEFT_OUT)
    shutil.copyfile(ROOT / "control_plane/__init__.py", folder / "control_plane/__init__.py")
    for file in (HERE / "pyproject.toml", HERE / "README.md", ROOT / "LICENSE"):
        shutil.copyfile(file, folder / file.name)


def main(target: Path) -> None:
    """Build into ``target``."""
    build = [sys.executable, "-m", "uv", "build", "--offline", "--no-config", "--wheel", "--quiet"]
    with tempfile.TemporaryDirectory() as staged:
        stage(Path(staged))
        subprocess.run(
            [*build, "--python", sys.executable, "--out-dir", str(target.resolve()), staged],
            check=True,
        )
    sys.stdout.writelines(f"{wheel}\n" for wheel in sorted(target.glob("tallyard_sdk-*.whl")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
