"""No float touches money or usage: none is written, made or named where they are worked out."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = ["control_plane/kernel", "control_plane/catalog", "billing/domain", "metering/domain"]
# Seconds that a process waits are neither money nor usage.
CLOCKS = {"control_plane/kernel/clock.py", "control_plane/kernel/duration.py"}
FILES = sorted(
    str(path.relative_to(ROOT))
    for folder in PURE
    for path in (ROOT / folder).rglob("*.py")
    if str(path.relative_to(ROOT)) not in CLOCKS
)


def floats(source: str) -> list[int]:
    """The lines on which a float is written, made or named."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr in {"total_seconds", "timestamp"})
    ]


@pytest.mark.parametrize("path", FILES)
def test_no_float_is_written_or_made_where_money_and_usage_are_worked_out(path):
    assert floats((ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    "source", ["0.1", "float('1')", "x: float", "1e3", "(b - a).total_seconds()", "at.timestamp()"]
)
def test_a_float_would_be_found(source):
    assert floats(source)
