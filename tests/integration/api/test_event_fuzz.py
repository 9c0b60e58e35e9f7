"""Bodies spoiled at random, in every form and encoding: never a fault, never a partial effect."""

import gzip
import json
import random
from collections import Counter

import pytest
import zstandard

from tests.integration.api.test_event_bodies import shipment
from tests.support.api import open_site
from web.problems import PROBLEM_JSON

KINDS = {
    "application/cloudevents+json": lambda events: json.dumps(events[0]),
    "application/cloudevents-batch+json": json.dumps,
    "application/json": json.dumps,
    "application/x-ndjson": lambda events: "\n".join(json.dumps(e) for e in events),
}
PACKS = {
    None: bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
ODD = [
    b"\x00",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"NaN",
    b"1e999",
    b"9" * 400,
    b"[" * 2_000,
    b"{" * 2_000,
    b'{"a":' * 500,
    b"\n",
    b",",
    b'"',
    b"null",
    b"\xef\xbb\xbf",
]
CHANGES = [
    {},
    {},
    {},
    {"type": "tallyard.naps.taken"},
    {"time": "noon"},
    {"time": "9999-12-31T23:59:59.999999999Z"},
    {"time": "0001-01-01T00:00:00+14:00"},
    {"data": {"lines": "many"}},
    {"data": {"lines": -1}},
    {"data": []},
    {"data": {"lines": 1, "deep": [[[[[[[[[[1]]]]]]]]]]}},
    {"id": ""},
    {"id": "é" * 256},
    {"retracts": "r1"},
    {"corrects": "r1", "retracts": "r2"},
    {"retracts": 5},
    {"specversion": "0.3"},
    {"datacontenttype": "text/xml"},
    {"subject": None},
]
ROUNDS = 260


def spoiled(chance: random.Random, body: bytes) -> bytes:
    """Leave it, or cut, repeat or replace some of it."""
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        at = chance.randrange(len(body) + 1)
        body = chance.choice(
            [
                lambda b, at=at: b[:at],
                lambda b, at=at: b[:at] + chance.choice(ODD) + b[at:],
                lambda b, at=at: b[:at] + b[at + chance.randrange(9) :],
                lambda b, at=at: b[:at] + bytes([chance.randrange(256)]) + b[at + 1 :],
                lambda b, at=at: b + b[at:],
            ]
        )(body)
    return body


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(2, 10))]
)
async def test_whatever_comes_is_answered_and_each_event_s_effect_is_its_result(
    settings, clock, admin, seed
):
    chance = random.Random(seed)
    answered: Counter[int] = Counter()
    results = []
    async with open_site(settings, clock) as site:
        company = await site.company(sandbox=True)
        for _ in range(ROUNDS):
            kind, form = chance.choice(list(KINDS.items()))
            encoding, pack = chance.choice(list(PACKS.items()))
            number = chance.choice([1, 1, 2, 6, 110])
            events = [
                {**shipment(f"e{chance.randrange(400)}"), **chance.choice(CHANGES)}
                for _ in range(number)
            ]
            body = spoiled(chance, pack(spoiled(chance, form(events).encode())))
            headers = {"content-type": kind, **({"content-encoding": encoding} if encoding else {})}
            if chance.random() < 0.1:
                headers |= {"ce-specversion": "1.0", "ce-id": chance.choice(["b1", "%ff", ""])}
                headers |= {"ce-source": "/s", "ce-time": "2026-01-10T01:00:00Z"}

            answer = await company.client.post("/v1/events", content=body, headers=headers)

            answered[answer.status_code] += 1
            if answer.status_code == 200:
                results += answer.json()["results"]
                assert "\x00" not in answer.text
            else:
                assert 400 <= answer.status_code < 500, (seed, answer.text)
                assert answer.headers["content-type"] == PROBLEM_JSON

    assert answered.keys() <= {200, 400, 413, 415}
    assert min(answered[200], answered[400]) > ROUNDS // 6
    identities = "SELECT source, id FROM "
    counted = set(admin.execute(f"{identities} usage_identities").fetchall())
    apart = set(admin.execute(f"{identities} usage_quarantine").fetchall())
    by_status: dict[str, list[tuple[str, str]]] = {}
    for result in results:
        by_status.setdefault(result["status"], []).append((result["source"], result["id"]))
    accepted = by_status["accepted"]
    assert len(accepted) == len(set(accepted)), "accepted twice"
    assert set(accepted) == counted
    assert set(by_status["quarantined"]) == apart
    stored = set(admin.execute(f"{identities} usage_events").fetchall())
    assert stored <= counted
    retractions = admin.execute("SELECT source, by_id FROM usage_retractions").fetchall()
    assert stored | set(retractions) == counted
