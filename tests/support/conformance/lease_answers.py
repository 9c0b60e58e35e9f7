"""Answers to lease requests: for one tenant, holder and request; sizes of leases."""

from tests.support.conformance.writing import (
    HOLDER,
    NOW,
    OTHER_TENANT,
    RING,
    STRANGER,
    TENANT,
    Suite,
    refused,
    signed,
)

WRONG = refused("snapshot_invalid")
REQUEST = "5f0c-1"


def result(**changes):
    body = {
        "op": "acquire",
        "status": "ok",
        "reason": "",
        "lease": "lea_01h455vb4pex5vsknk084sn02q",
        "feature": "orders",
        "period": "day:2026-01-10",
        "fence": 7,
        "units": 100,
        "spent": 0,
        "expires_in_seconds": 30,
        "remaining": 400,
        "over": 0,
        "limit": 500,
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def answer(*results, **changes):
    body = {
        "kind": "leases",
        "format": 1,
        "tenant": TENANT,
        "holder": HOLDER,
        "request_id": REQUEST,
        "issued_at": NOW,
        "results": list(results),
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def asked(envelope, *operations):
    return {
        "keys": RING,
        "tenant": TENANT,
        "holder": HOLDER,
        "request_id": REQUEST,
        "asked": list(operations),
        "envelope": envelope,
    }


def taken(name, *results):
    operations = [one["op"] for one in results]
    return (
        name,
        asked(signed(answer(*results)), *operations),
        {"issued_at": NOW, "results": list(results)},
    )


def wrong(name, body, *operations):
    return name, asked(signed(body), *(operations or ("acquire",))), WRONG


FIRST = result()
RENEWED = result(op="renew", units=180, spent=40, fence=8)
NOTHING = result(op="acquire", status="exhausted", lease="", units=0, remaining=0)
SOFT = result(remaining=0, over=25)
GONE = result(op="close", status="closed", fence=9, units=0, limit=...)

LEASE_ANSWERS = Suite(
    "lease_answers",
    "Verify and read the answer to one request of one holder, or say what it is refused for.",
    [
        taken("a lease", FIRST),
        taken("several operations, in order", GONE, RENEWED, FIRST),
        taken("nothing left", NOTHING),
        taken("a soft limit exceeded", SOFT),
        taken("refused, and why", result(status="refused", reason="read_only", units=0)),
        taken("the largest numbers", result(units=10**15, remaining=10**15, limit=10**15)),
        wrong("another tenant's", answer(FIRST, tenant=OTHER_TENANT)),
        wrong("another holder's", answer(FIRST, holder="ins_01h455vb4pex5vsknk084sn02r")),
        wrong("the answer to another request, played again", answer(FIRST, request_id="5f0c-0")),
        wrong("another kind of message", answer(FIRST, kind="heartbeat")),
        wrong("a format to come", answer(FIRST, format=2)),
        wrong("an answer to something else", answer(FIRST), "renew"),
        wrong("fewer results than were asked for", answer(FIRST), "acquire", "renew"),
        wrong("more results than were asked for", answer(FIRST, FIRST), "acquire"),
        wrong("results in another order", answer(FIRST, RENEWED), "renew", "acquire"),
        wrong("units below zero", answer(result(units=-1))),
        wrong("a fraction of a unit", answer(result(units="1"))),
        wrong("no fence", answer(result(fence=...))),
        wrong("a status that nobody knows", answer(result(status="perhaps"))),
        wrong("an operation that nobody knows", answer(result(op="steal"))),
        wrong("results that are no list", answer(results={})),
        wrong("no instant", answer(FIRST, issued_at=...)),
        (
            "signed by a stranger",
            asked(signed(answer(FIRST), STRANGER), "acquire"),
            refused("signature_invalid"),
        ),
        (
            "changed on its way",
            asked(
                {**signed(answer(FIRST)), "payload": signed(answer(result(units=999)))["payload"]},
                "acquire",
            ),
            refused("signature_invalid"),
        ),
    ],
)


def size(name, units, seconds, remaining, holders, expected):
    asked = {
        "units": str(units),
        "seconds": str(seconds),
        "remaining": str(remaining),
        "holders": str(holders),
    }
    return name, asked, {"units": str(expected)}


LEASE_SIZES = Suite(
    "lease_sizes",
    "Give the next lease's units: five seconds' worth at `units` in `seconds`, at most half of an"
    " equal share of what remains, at least one while anything does. Whole numbers as texts.",
    [
        size("five seconds' worth", 20, 1, 10_000, 1, 100),
        size("half of an equal share at most", 20, 1, 1_600, 16, 50),
        size("rounded down", 7, 2, 10_000, 1, 17),
        size("a share rounded down", 1_000, 1, 99, 2, 24),
        size("one while anything remains", 1_000, 1, 1, 16, 1),
        size("one where the share is less", 1_000, 1, 31, 16, 1),
        size("one where nothing was used yet", 0, 1, 1_000, 4, 1),
        size("a slow pace", 1, 3_600, 1_000, 4, 1),
        size("none where nothing remains", 1_000, 1, 0, 1, 0),
        size("none where a soft limit is exceeded", 1_000, 1, -5, 1, 0),
        size("no holder counts as one", 100, 1, 100, 0, 50),
        size("numbers beyond 2^53", 2**70, 1, 9_007_199_254_740_993 * 2, 1, 9_007_199_254_740_993),
        size("a ratio beyond 2^53", 9_007_199_254_740_993, 5, 10**18, 1, 9_007_199_254_740_993),
    ],
)
