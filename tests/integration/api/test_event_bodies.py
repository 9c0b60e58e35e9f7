"""Usage is taken in every documented form, and what is no such form is a problem, never a fault."""

import gzip
import json
from itertools import count

import pytest
import zstandard

from tests.support.api import open_site

PACK = {
    "gzip": gzip.compress,
    "zstd": lambda body: zstandard.ZstdCompressor().compress(body),
    "identity": lambda body: body,
}
LINES = "application/x-ndjson"
NUMBERS = count()
REFUSED = [
    ("text/plain", None, b"[]", 415, "media_type_unsupported"),
    ("application/json; charset=latin-1", None, b"[]", 415, "media_type_unsupported"),
    ("\xff;;=", None, b"[]", 415, "media_type_unsupported"),
    ("application/json", "br", b"[]", 415, "content_encoding_unsupported"),
    ("application/json", "gzip, zstd", b"[]", 415, "content_encoding_unsupported"),
    ("application/json", "gzip", b"[]", 400, "content_encoding_invalid"),
    (LINES, "zstd", b"[]", 400, "content_encoding_invalid"),
    ("application/json", "gzip", gzip.compress(bytes(20_000_000)), 413, "body_too_large"),
    ("application/json", None, bytes(16_000_001), 413, "too_large"),
    ("application/json", None, b"{", 400, "events_unreadable"),
    (LINES, None, b"{}\n" * 10_001, 400, "batch_too_large"),
]


@pytest.fixture
async def company(settings, clock):
    async with open_site(settings, clock) as site:
        yield await site.company(sandbox=True)


def shipment(event_id=None, **changes):
    return {
        "specversion": "1.0",
        "id": event_id or f"evt-{next(NUMBERS)}",
        "source": "/warehouses/north",
        "type": "tallyard.outbound.shipment_posted",
        "time": "2026-01-10T01:00:00Z",
        "data": {"lines": 3},
        **changes,
    }


async def send(company, body, kind, encoding=None, **headers):
    named = {"content-type": kind, **({"content-encoding": encoding} if encoding else {})}
    return await company.client.post("/v1/events", content=body, headers={**named, **headers})


async def test_every_form_in_every_encoding_is_counted_once(company):
    forms = {
        "application/cloudevents+json": json.dumps,
        "application/cloudevents-batch+json": lambda e: json.dumps([e]),
        "application/json": lambda e: json.dumps([e]),
        "Application/JSON; charset=UTF-8": json.dumps,
        LINES: lambda e: json.dumps(e) + "\n",
    }
    for kind, form in forms.items():
        for encoding, pack in PACK.items():
            event = shipment()
            body = pack(form(event).encode())

            first = await send(company, body, kind, encoding)
            again = await send(company, form(event).encode(), kind)

            told = [a.json()["results"][0]["status"] for a in (first, again)]
            assert told == ["accepted", "duplicate"], (kind, encoding, first.text)


async def test_an_event_may_be_sent_with_its_attributes_as_headers(company):
    event = shipment("été 1", subject="出库")
    ascii_ = {"ce-id": "%C3%A9t%C3%A9%201", "ce-subject": "%E5%87%BA%E5%BA%93"}
    headers = {f"ce-{k}": v for k, v in event.items() if k not in {"id", "subject", "data"}}

    first = await send(company, b'{"lines": 3}', "application/json", **headers, **ascii_)
    again = await send(company, json.dumps(event), "application/cloudevents+json")
    spoiled = await send(
        company, b'{"lines": 3}, "id": "x"', "application/json", **headers, **ascii_
    )

    assert first.json()["results"][0]["status"] == "accepted", first.text
    assert again.json()["results"][0]["status"] == "duplicate"
    assert (spoiled.status_code, spoiled.json()["code"]) == (400, "events_unreadable")


async def test_a_bad_line_is_rejected_under_its_number(company):
    lines = [
        json.dumps(shipment("a")),
        "",
        "{",
        json.dumps(shipment("b", time="noon")),
        json.dumps(shipment("c")),
    ]

    answer = await send(company, "\n".join(lines), LINES, **{"accept-language": "zh"})

    results = answer.json()["results"]
    told = [(r["line"], r["id"], r["reason"] or r["status"]) for r in results]
    assert told == [
        (1, "a", "accepted"),
        (3, None, "event_unreadable"),
        (4, "b", "time_invalid"),
        (5, "c", "accepted"),
    ]
    assert "“noon”" in results[2]["detail"]
    assert any("一" <= letter <= "鿿" for letter in results[2]["detail"])


async def test_what_is_not_read_is_a_problem_with_a_code_of_its_own(company):
    for kind, encoding, body, status, code in REFUSED:
        answer = await send(company, body, kind.encode("latin-1"), encoding)

        assert (answer.status_code, answer.json()["code"]) == (status, code), kind
        assert answer.json()["remedy"]
