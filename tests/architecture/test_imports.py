"""The arrows between packages are contracts, and a planted wrong import breaks the build."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("control_plane", "metering", "billing", "provisioner", "inventory_modules", "web")

PLANTED = {
    "billing reaches into the provisioner": ("billing/planted.py", "import provisioner.ports"),
    "metering reaches up to billing": ("metering/planted.py", "import billing.ports"),
    "a module reaches the runtime": (
        "inventory_modules/planted.py",
        "import control_plane.runtime.database",
    ),
    "the kernel does I/O": ("control_plane/kernel/planted.py", "import httpx"),
    "identity reaches up to entitlements": (
        "control_plane/identity/planted.py",
        "import control_plane.entitlements",
    ),
    "a domain knows SQL": ("billing/domain/planted.py", "import sqlalchemy"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_wrong_import_fails_the_build(copy, what):
    place, statement = PLANTED[what]
    (copy / place).write_text(f'"""Planted."""\n\n{statement}\n')

    result = lint(copy)

    assert result.returncode != 0
    assert "planted" in result.stdout


def test_the_untouched_code_keeps_every_contract(copy):
    result = lint(copy)
    assert result.returncode == 0, result.stdout
