"""A plan's ladder is read, kept, compared; the mildest of several counts."""

from dataclasses import replace

import pytest

from control_plane.catalog.codec import plan_body, plan_from_body
from control_plane.catalog.domain import Ladder
from control_plane.catalog.errors import CatalogInvalid
from control_plane.catalog.source.reader import read_catalog
from control_plane.sdk.snapshot import Standing
from control_plane.standing.ladders import mildest
from tests.support.catalogue import SMALL

FAULTS = [
    ("{read_only: 14}", "not_days"),
    ("{read_only: P14M}", "not_days"),
    ("{notice: P31D}", "not_days"),
    ("{notice: P0D}", "not_days"),
    ("{purged: P9999W}", "not_days"),
    ("{read_only: P30D}", "ladder_too_steep"),
    ("{read_only: P2D}", "ladder_too_steep"),
    ("{suspended: never, retained: P90D}", "ladder_ended"),
    ("{frozen: P3D}", "unknown_key"),
]


def with_ladder(text: str) -> str:
    return SMALL.replace("  - code: growth\n", f"  - code: growth\n    ladder: {text}\n")


def test_steps_left_out_have_their_usual_day():
    plans = read_catalog(with_ladder("{read_only: P1W, notice: P5D}")).plans

    assert plans["growth"].ladder == Ladder((0, 7, 30, 60, 150), 5)
    assert plans["scale"].ladder is None


def test_never_ends_the_ladder_before_its_step():
    ladder = read_catalog(with_ladder("{retained: never}")).plans["growth"].ladder

    assert ladder.rungs == (Standing.GRACE, Standing.READ_ONLY, Standing.SUSPENDED)
    assert ladder.after(Standing.SUSPENDED) is None
    assert read_catalog(with_ladder("{grace: never}")).plans["growth"].ladder.rungs == ()


@pytest.mark.parametrize(("text", "code"), FAULTS)
def test_a_ladder_that_cannot_be_is_refused(text, code):
    with pytest.raises(CatalogInvalid) as caught:
        read_catalog(with_ladder(text))

    assert {problem.code for problem in caught.value.problems} == {code}


@pytest.mark.parametrize("text", ["{}", "{purged: never}", "{read_only: P20D, notice: P10D}"])
def test_a_ladder_is_kept_as_it_was_read(text):
    plan = read_catalog(with_ladder(text)).plans["growth"]

    assert plan_from_body(plan.id, plan.version, plan_body(plan)).ladder == plan.ladder
    assert "ladder" not in plan_body(read_catalog(SMALL).plans["growth"])


def test_the_mildest_of_several_takes_each_step_on_the_latest_day_of_any():
    plans = read_catalog(SMALL).plans.values()
    first, second, third = plans
    quick, slow = Ladder((0, 5, 10, 20, 30), 3), Ladder((2, 4, 40), 5)

    def held(*ladders):
        return [
            replace(plan, ladder=ladder)
            for plan, ladder in zip((first, second, third), ladders, strict=False)
        ]

    assert mildest(held(quick, slow)) == Ladder((2, 5, 40), 5)
    assert mildest(held(quick, slow, None)) is None
    assert mildest([]) is None
