"""The code's own shape: small files and functions, nothing left for later, no machine named."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("control_plane", "metering", "billing", "provisioner", "inventory_modules", "web")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
TOP_LEVEL = {*PACKAGES, "tests", "docs", "deploy", "changelog.d"}


def tracked() -> list[Path]:
    """The files of the repository, whoever owns the checkout."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in PACKAGES]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def too_long_files(paths: list[Path], most: int) -> list[str]:
    return [relative(p) for p in paths if len(p.read_text().splitlines()) > most]


def too_long_functions(source: str, most: int) -> list[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > most]


def test_no_file_is_longer_than_300_lines():
    assert too_long_files(sources(), MAX_FILE_LINES) == []


def test_no_function_is_longer_than_50_lines():
    found = {relative(p): too_long_functions(p.read_text(), MAX_FUNCTION_LINES) for p in sources()}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_ratchet_itself_can_fail():
    assert too_long_functions("def f():\n" + "    x = 1\n" * 60, MAX_FUNCTION_LINES) == ["f"]
    assert too_long_files([Path(__file__).resolve()], 10) == [relative(Path(__file__).resolve())]


def test_top_level_folders_are_the_ones_agreed_on():
    folders = {
        p.relative_to(ROOT).parts[0] for p in tracked() if len(p.relative_to(ROOT).parts) > 1
    }
    assert {f for f in folders if not f.startswith(".")} <= TOP_LEVEL


UNWANTED = {
    "a machine path": re.compile(r"(^|[\s\"'(=])/(root|work|farm|home)/[a-z]"),
    "a registry host": re.compile(
        "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.", "deb" + r"\.debian"])
    ),
    "something left for later": re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK"]) + r")\b"
    ),
}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_names(what):
    found = []
    for path in tracked():
        if path.suffix in {".woff2", ".png", ".pdf", ".ico"} or path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [relative(path)] if UNWANTED[what].search(text) else []
    assert found == []


def test_lock_files_hold_hashes_and_no_addresses():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
