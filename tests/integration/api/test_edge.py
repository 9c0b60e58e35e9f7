"""What the edge promises for every route: who asks, once per key, clear refusals."""

import asyncio
import uuid

import pytest


async def test_sign_up_gives_a_key_that_works(bella):
    answer = await bella.get("/v1/tenant")
    assert answer.status_code == 200
    assert answer.json()["name"] == "Bella Pizza"


async def test_a_request_without_a_credential_is_refused_with_a_problem(site):
    async with site.client() as anybody:
        answer = await anybody.get("/v1/tenant")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"
    assert answer.json()["remedy"]


async def test_problems_speak_chinese_when_asked_to(site):
    async with site.client(**{"accept-language": "zh-CN"}) as anybody:
        answer = await anybody.get("/v1/tenant")
    assert "API" in answer.json()["detail"]
    assert any("一" <= letter <= "鿿" for letter in answer.json()["detail"])


async def test_a_write_without_a_key_is_refused_and_changes_nothing(bella):
    answer = await bella.client.patch("/v1/tenant", json={"name": "Other"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert (await bella.get("/v1/tenant")).json()["name"] == "Bella Pizza"


async def test_a_repeated_write_gets_the_first_answer_and_happens_once(bella):
    key = str(uuid.uuid4())
    body = {"name": "ERP", "scopes": ["read"]}

    first = await bella.post("/v1/api-keys", body, key)
    second = await bella.post("/v1/api-keys", body, key)

    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["secret"].startswith("tyk_")
    assert second.json()["secret"] is None, "a secret is shown once and stored nowhere"
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await bella.get("/v1/api-keys")).json()) == 2


async def test_concurrent_repeats_happen_once(bella):
    key = str(uuid.uuid4())
    body = {"name": "ERP", "scopes": ["read"]}

    answers = await asyncio.gather(*(bella.post("/v1/api-keys", body, key) for _ in range(8)))

    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    assert len((await bella.get("/v1/api-keys")).json()) == 2


async def test_a_key_used_for_another_request_is_refused(bella):
    key = str(uuid.uuid4())
    await bella.post("/v1/api-keys", {"name": "ERP", "scopes": ["read"]}, key)

    answer = await bella.post("/v1/api-keys", {"name": "Other", "scopes": ["read"]}, key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_reused"


async def test_another_caller_is_not_given_the_answer_of_the_first(site, bella):
    key, body = str(uuid.uuid4()), {"name": "ERP", "scopes": ["read"]}
    reader = (await bella.post("/v1/api-keys", body, key)).json()["secret"]

    async with site.client(authorization=f"Bearer {reader}") as client:
        answer = await client.post("/v1/api-keys", json=body, headers={"Idempotency-Key": key})

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_reused"


async def test_a_refused_write_may_be_repeated_under_its_key(bella):
    key = str(uuid.uuid4())
    refused = await bella.post("/v1/api-keys", {"name": "ERP", "scopes": ["fly"]}, key)
    assert refused.status_code == 400

    repaired = await bella.post("/v1/api-keys", {"name": "ERP", "scopes": ["read"]}, key)
    assert repaired.status_code == 201


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"name": 3, "scopes": []}', b'{"nam": "x"}', b"\xff"]
)
async def test_bad_json_is_refused_with_a_problem(bella, body):
    answer = await bella.client.post(
        "/v1/api-keys",
        content=body,
        headers={"Idempotency-Key": "k1", "content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid_input", "invalid_request"}
    assert len((await bella.get("/v1/api-keys")).json()) == 1


async def test_a_session_cannot_write_without_the_token_of_its_page(site, bella):
    signed_in = await site.application.sign_in(email=bella.email, password="correct horse battery")
    async with site.client(cookie=f"tallyard_session={signed_in.secret}") as browser:
        assert (await browser.get("/v1/tenant")).status_code == 200
        forged = await browser.patch(
            "/v1/tenant", json={"name": "Stolen"}, headers={"Idempotency-Key": "k"}
        )
    assert forged.status_code == 403
    assert forged.json()["code"] == "csrf_refused"


async def test_every_answer_carries_security_headers_and_its_request_id(site):
    async with site.client(**{"x-request-id": "abc-12345678"}) as anybody:
        answer = await anybody.get("/health/live")
    assert answer.headers["x-request-id"] == "abc-12345678"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_metrics_count_requests_by_route_and_not_by_address(site, bella):
    await bella.client.delete("/v1/api-keys/key_0", headers={"Idempotency-Key": "k"})
    async with site.client() as anybody:
        text = (await anybody.get("/metrics")).text
    assert 'route="/v1/api-keys/{key_id}"' in text
    assert "key_0" not in text


async def test_an_unknown_address_is_a_problem_document(site):
    async with site.client() as anybody:
        answer = await anybody.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
