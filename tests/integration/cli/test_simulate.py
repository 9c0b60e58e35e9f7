"""A scenario from the shell: invoices with their reasons, no database needed."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.shell import CHINESE, Shell

GROWTH = Path("tests/support/scenarios/growth.yaml")


@pytest.fixture
def bare(tallyard: Shell) -> Shell:
    """A shell that names no database that answers."""
    nowhere = {"TALLYARD_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    return Shell({**tallyard.environment, **nowhere})


def test_a_scenario_is_told_document_by_document(bare: Shell):
    told = bare("simulate", str(GROWTH))

    assert told.status == 0
    assert any(line.startswith("Invoice SIM-0002  2026-02-10") for line in told.lines)
    assert "      Tier 2, above 5,000: 750 at 0.03 each, 22.5." in told.lines
    assert told.lines[-1].endswith("3,797.60 CNY")


def test_json_is_what_the_api_answers(bare: Shell):
    answer = json.loads(bare("simulate", str(GROWTH), "--json").out)

    assert answer["net"] == "3797.60"
    assert [d["number"] for d in answer["documents"]] == [
        "SIM-0001",
        "SIM-0002",
        "SIM-CN-0001",
        "SIM-0003",
    ]


def test_faults_are_told_by_line_in_the_readers_language(bare: Shell, tmp_path: Path):
    file = tmp_path / "wrong.yaml"
    file.write_text(GROWTH.read_text(encoding="utf-8").replace("plan: growth", "plan: huge"))

    refused = bare("simulate", str(file), LC_ALL=CHINESE)

    assert refused.status == 1
    assert "没有名为“huge”的套餐。" in refused.err
