"""Simulations over HTTP: a scenario in, documents and reasons out, and nothing kept."""

from pathlib import Path

from web.api.bodies import SCENARIO

GROWTH = Path("tests/support/scenarios/growth.yaml").read_text(encoding="utf-8")
EXAMPLE = SCENARIO["content"]["application/json"]["example"]


async def test_a_scenario_is_answered_with_its_documents(bella):
    answer = await bella.client.post(
        "/v1/simulations", content=GROWTH, headers={"Content-Type": "application/yaml"}
    )

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["net"] == "3797.60"
    assert [d["kind"] for d in said["documents"]].count("credit_note") == 1
    assert said["documents"][0]["lines"][0]["steps"], "every line is explained"


async def test_the_references_example_works_as_json(bella):
    answer = await bella.client.post("/v1/simulations", json=EXAMPLE)

    assert answer.status_code == 200, answer.text
    assert len(answer.json()["documents"]) == 3, "the April invoice falls due at ten o’clock"


async def test_faults_are_a_problem_with_places(bella):
    answer = await bella.client.post(
        "/v1/simulations",
        content=GROWTH.replace("plan: growth", "plan: huge"),
        headers={"Content-Type": "application/yaml", "Accept-Language": "zh"},
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "scenario_invalid"
    assert "没有名为“huge”的套餐。" in answer.text


async def test_a_stranger_simulates_nothing(site):
    async with site.client() as anybody:
        answer = await anybody.post("/v1/simulations", json=EXAMPLE)

    assert answer.status_code == 401


async def test_a_name_that_no_encoding_can_write_is_refused(bella):
    answer = await bella.client.post(
        "/v1/simulations",
        content=rb'{"half a pair \ud800": 1}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
