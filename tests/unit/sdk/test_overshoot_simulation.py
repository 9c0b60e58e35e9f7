"""Leases overshoot nothing where a cache and a delayed count do."""

from pathlib import Path

import pytest

from tests.support.overshoot_simulation import (
    AsyncCounting,
    Leases,
    TtlCache,
    UncrashedLeases,
    table,
)

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "entitlements" / "overshoot.md"


def test_leases_alone_stay_within_the_limit():
    outcomes = {
        kind: kind(16, 2000, seed=1).run()
        for kind in (TtlCache, AsyncCounting, Leases, UncrashedLeases)
    }

    beyond = {kind: outcome.beyond(2000) for kind, outcome in outcomes.items()}
    assert beyond[TtlCache] > beyond[AsyncCounting] > 0
    assert beyond[Leases] == beyond[UncrashedLeases] == 0
    assert outcomes[UncrashedLeases].admitted == 2000
    assert outcomes[Leases].calls < outcomes[AsyncCounting].calls


@pytest.mark.nightly
def test_the_document_shows_what_the_simulation_prints():
    assert table() in DOCUMENT.read_text()
