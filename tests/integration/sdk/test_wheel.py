"""The SDK as others install it: a wheel of its own, in an environment that has nothing else."""

import ast
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("cryptography", "cffi", "pycparser", "tzdata")
OPTIONAL = {"msgspec", "nacl"}
SERVICE = """
import importlib, pkgutil, sys
import control_plane.sdk
from control_plane.sdk.call_spool import CallSpool
from control_plane.sdk.guard import Guard
from control_plane.sdk.testing import FakeEntitlements
from pathlib import Path

for module in pkgutil.iter_modules(control_plane.sdk.__path__):
    importlib.import_module(f"control_plane.sdk.{module.name}")

fake = FakeEntitlements()
fake.limit("orders", 2)
spool = CallSpool(Path(sys.argv[1]), source="/instances/ins_1", subject="orders")
ship = Guard(fake, spool).requires("orders", event="order")(lambda: "shipped")
print(ship(), ship(), fake.check("orders").reason, spool.pending)
print("msgspec" in sys.modules, control_plane.sdk.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    target = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "deploy/sdk/build.py", target], check=True)
    [wheel] = target.glob("*.whl")
    return wheel


def link_needed(site: Path) -> None:
    """Let an environment have, of all that is installed here, only what the SDK needs."""
    for name in NEEDED:
        for top in {file.parts[0] for file in metadata.files(name) or ()}:
            source = Path(str(metadata.distribution(name).locate_file(top)))
            if top.endswith(".dist-info"):  # the installer follows no links
                shutil.copytree(source, site / top)
            elif top not in {"..", "__pycache__"} and source.exists():
                (site / top).symlink_to(source)


def test_a_service_elsewhere_installs_the_wheel_and_checks(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin/python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    link_needed(site)
    install = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-config", "--quiet"]
    subprocess.run([*install, "--python", python, wheel], check=True)

    answer = subprocess.run(
        [python, "-I", "-c", SERVICE, tmp_path / "calls"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    said, where = answer.stdout.splitlines()
    assert said == "shipped shipped limit_reached 2"
    assert where == f"False {site / 'control_plane/sdk/__init__.py'}"


def test_the_wheel_holds_the_sdk_and_the_kernel_typed_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        [about] = [name for name in names if name.endswith("METADATA")]
        words = archive.read(about).decode()

    folders = {"/".join(name.split("/")[:2]) for name in names if "dist-info" not in name}
    assert folders == {
        "control_plane/__init__.py",
        "control_plane/sdk",
        "control_plane/kernel",
    }
    assert {"control_plane/sdk/py.typed", "control_plane/kernel/py.typed"} <= set(names)
    assert not [name for name in names if name.endswith(".js")]
    required = [line for line in words.splitlines() if line.startswith("Requires-Dist")]
    assert [line.split()[1].split(">")[0] for line in required if "extra" not in line] == [
        "cryptography",
        "tzdata",
    ]


def test_its_version_and_its_needs_are_those_of_the_repository():
    own = tomllib.loads((ROOT / "deploy/sdk/pyproject.toml").read_text())["project"]
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert own["version"] == whole["version"]
    assert own["requires-python"] == whole["requires-python"]
    wanted = [*own["dependencies"], *own["optional-dependencies"]["fast"]]
    assert set(wanted) <= set(whole["dependencies"])


def test_the_sdk_imports_nothing_that_its_wheel_does_not_ask_for():
    allowed = set(sys.stdlib_module_names) | {"control_plane", "cryptography"} | OPTIONAL
    foreign = {
        (path.name, name)
        for folder in ("sdk", "kernel")
        for path in (ROOT / "control_plane" / folder).rglob("*.py")
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] not in allowed
        or (name.startswith("control_plane.") and name.split(".")[1] not in {"sdk", "kernel"})
    }

    assert foreign == set()


def imported(tree: ast.Module) -> set[str]:
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    members = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in named for alias in node.names} | {m for m in members if m}
