"""Writes the conformance kit's vectors: ``python -m tests.support.conformance``.

Most answers are written by hand beside their question, so that the Python client can fail them as
well as any other; an answer left out is the Python client's.
"""

import json
from pathlib import Path
from typing import Any

from control_plane.sdk import conformance
from control_plane.sdk.conformance.client import answer
from tests.support.conformance import (
    decisions,
    envelopes,
    lease_answers,
    lease_statuses,
    leases,
    quotas,
    snapshots,
    states,
    sweeps,
)
from tests.support.conformance.writing import Suite

quotas.QUOTAS.cases += sweeps.quotas()
decisions.DECISIONS.cases += sweeps.decisions()
leases.LEASES.cases += sweeps.plays()

VECTORS = Path(conformance.__file__).parent / "vectors"
SUITES: tuple[Suite, ...] = (
    envelopes.ENVELOPES,
    envelopes.KEYRINGS,
    snapshots.SNAPSHOTS,
    snapshots.HEARTBEATS,
    decisions.DECISIONS,
    quotas.QUOTAS,
    states.STATES,
    lease_answers.LEASE_ANSWERS,
    lease_answers.LEASE_SIZES,
    lease_statuses.LEASE_STATUSES,
    leases.LEASES,
)


def text_of(suite: Suite) -> str:
    """Write a suite as its file holds it."""
    cases = [
        {"name": name, "input": asked, "expected": expected}
        for name, asked, expected in (
            (name, asked, _expected(suite, asked, expected))
            for name, asked, expected in suite.cases
        )
    ]
    head = {"suite": suite.name, "format": 1, "about": suite.about, "shared": suite.shared}
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    return json.dumps(head, ensure_ascii=False)[:-1] + f', "cases": [\n{lines}\n]}}\n'


def _expected(suite: Suite, asked: Any, expected: Any) -> Any:
    if expected is not None:
        return expected
    return answer(suite.name, suite.filled(asked))
