"""Usage over HTTP: by any window, grouped and filtered, and what is refused."""

import pytest

from tests.support.api import open_site
from tests.support.usage import SHIPMENT, cloud_event

SPAN = {"meter": "outbound_lines", "from": "2026-01-09T00:00:00+08:00", "to": "2026-01-11T00:00Z"}


@pytest.fixture
async def bella(settings, clock):
    async with open_site(settings, clock) as site:
        company = await site.company()
        events = [
            cloud_event("a", type=SHIPMENT, data={"lines": 3, "calls": 1, "endpoint": "/a"}),
            cloud_event("b", type=SHIPMENT, data={"lines": 4, "calls": 1, "endpoint": "/b"}),
            cloud_event("c", type=SHIPMENT, data={"lines": 5, "calls": 1, "color": "red"}),
        ]
        answer = await company.client.post("/v1/events", json=events)
        assert [r["status"] for r in answer.json()["results"]] == ["accepted"] * 3
        await site.application.roll_due_usage.run()
        yield company


async def test_usage_is_grouped_filtered_and_cut_into_any_windows(bella):
    month = (await bella.get("/v1/usage", **SPAN, window="month", group_by="endpoint")).json()
    narrow = (await bella.get("/v1/usage", **SPAN, window="minute", filter="color=red")).json()
    colors = (await bella.get("/v1/usage", **SPAN, group_by="color")).json()

    assert (month["quantity"], month["events"], month["zone"]) == ("12", 3, "Asia/Shanghai")
    assert [(g["values"], g["quantity"]) for g in month["groups"]] == [
        ([""], "5"),
        (["/a"], "3"),
        (["/b"], "4"),
    ]
    assert "as_of" in month
    assert [g["values"] for g in colors["groups"]] == [[""], ["red"]]
    assert narrow["code"] == "series_too_long"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"window": "decade"}, "choice_invalid"),
        ({"filter": "endpoint"}, "invalid_usage_filter"),
        ({"group_by": ["a", "b", "c", "d", "e"]}, "too_many_groups"),
        ({"group_by": ["a", "a"]}, "too_many_groups"),
        ({"group_by": "color", "window": "hour", "to": "2026-03-11T00:00Z"}, "grouping_too_wide"),
        ({"group_by": "col\0or"}, None),
    ],
)
async def test_what_cannot_be_answered_is_refused(bella, changes, code):
    answer = await bella.get("/v1/usage", **{**SPAN, **changes})

    assert answer.status_code < 500
    if code is not None:
        assert answer.json()["code"] == code
