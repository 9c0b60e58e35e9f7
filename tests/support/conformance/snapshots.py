"""Snapshots and heartbeats: read whole, or refused."""

from tests.support.conformance.writing import (
    NOW,
    OTHER_TENANT,
    REVISION,
    RING,
    STRANGER,
    TENANT,
    Suite,
    boolean,
    heartbeat,
    refused,
    signed,
    snapshot,
    window,
)

WRONG = refused("snapshot_invalid")
JUNE, JULY, AUGUST = "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"


def asked(body, tenant=TENANT):
    return {"keys": RING, "tenant": tenant, "envelope": signed(body)}


def kept(name, body):
    """A body in the newest form, which is read as it is."""
    return name, asked(body), {"snapshot": body}


def read(name, body, newest):
    return name, asked(body), {"snapshot": newest}


def wrong(name, **changes):
    return name, asked(snapshot(**changes)), WRONG


def feature(**members):
    """A snapshot with one feature."""
    return {"features": {"orders": {k: v for k, v in members.items() if v is not ...}}}


def metered(*windows, **more):
    return feature(
        **{"kind": "metered", "strict": False, "windows": list(windows), "per": "day", **more}
    )


def yes(*windows, **more):
    return {"features": {"orders": boolean(*windows, **more)}}


FULL = snapshot(
    features={
        "inbound": boolean(window(JUNE, JULY), window(JULY)),
        "reservations": boolean(window(JUNE), strict=True, access="read", on_stale="allow"),
        "stocktaking": boolean(),
        "orders": {
            "kind": "metered",
            "strict": False,
            "windows": [
                window(JUNE, JULY, value="150"),
                {
                    "start": JULY,
                    "end": None,
                    "source": "plan:growth@1+addon:peak_618@1",
                    "value": "550.5",
                },
            ],
            "per": "day",
            "meter": "orders",
            "max_age_seconds": 600,
            "lease_seconds": 10,
        },
        "lines": {
            "kind": "metered",
            "strict": False,
            "windows": [window(JUNE, value="0")],
            "rolling_seconds": 3600,
            "mode": "soft",
        },
        "calls": {
            "kind": "rate",
            "strict": False,
            "windows": [window(JUNE, value="2.5", burst="9")],
        },
        "exports": {"kind": "concurrency", "strict": False, "windows": [window(JUNE, value="3")]},
        "users": {"kind": "seats", "strict": False, "windows": [window(JUNE, value="25")]},
        "tier": {
            "kind": "configuration",
            "strict": False,
            "windows": [window(JUNE, JULY, text="gold 金"), window(AUGUST, value="-1.25")],
        },
    },
    keys=[
        {
            "id": "key_01h455vb4pex5vsknk084sn02q",
            "hash": "ab" * 32,
            "scopes": ["inventory:read", "inventory:write"],
            "expires_at": AUGUST,
        },
        {
            "id": "key_01h455vb4pex5vsknk084sn02r",
            "hash": "cd" * 32,
            "scopes": [],
            "expires_at": None,
        },
    ],
    services=[
        {
            "instance": "ins_01h455vb4pex5vsknk084sn02q",
            "module": "outbound",
            "hash": "ef" * 32,
            "scopes": ["ledger:post"],
        },
    ],
    clock={"mode": "test", "at": "2026-06-18T00:00:00Z"},
    standing="grace",
)

OLD_LIMIT = {"kind": "limit", "strict": False, "windows": [window(JUNE, value="150")], "per": "day"}
FIRST_FORM = snapshot(
    format=1, standing=..., features={"orders": OLD_LIMIT, "inbound": boolean(window(JUNE))}
)
READ_FIRST_FORM = snapshot(
    features={"orders": {**OLD_LIMIT, "kind": "metered"}, "inbound": boolean(window(JUNE))}
)

SNAPSHOTS = Suite(
    "snapshots",
    "Verify and read a snapshot for a tenant and the audience “modules”; write it in format 2, "
    "with instants in UTC, numbers without trailing zeros, scopes sorted and defaults left out. "
    "Or say what it is refused for.",
    [
        kept("every kind of feature, keys and services", FULL),
        kept("nothing granted", snapshot()),
        kept("revision 0", snapshot(revision=0)),
        read("the first format, whose limits are metered", FIRST_FORM, READ_FIRST_FORM),
        read(
            "the first format knows no later terms",
            snapshot(
                format=1,
                features={
                    "orders": {**OLD_LIMIT, "mode": "soft", "access": "read", "max_age_seconds": 1}
                },
            ),
            snapshot(features={"orders": {**OLD_LIMIT, "kind": "metered"}}),
        ),
        read("members that nobody knows", snapshot(later=[1, 2]), snapshot()),
        read(
            "an instant with an offset", snapshot(issued_at="2026-01-10T10:00:00+08:00"), snapshot()
        ),
        read(
            "an instant with a fraction",
            snapshot(issued_at="2026-01-10T02:00:00.25Z"),
            snapshot(issued_at="2026-01-10T02:00:00.250000Z"),
        ),
        read(
            "a fraction finer than microseconds",
            snapshot(issued_at="2026-01-10T02:00:00.1234567Z"),
            snapshot(issued_at="2026-01-10T02:00:00.123456Z"),
        ),
        read(
            "terms at their default",
            snapshot(**metered(mode="hard", access="write", on_stale="deny")),
            snapshot(**metered()),
        ),
        read(
            "numbers in other spellings",
            snapshot(**metered(window(JUNE, value="1.500e2"))),
            snapshot(**metered(window(JUNE, value="150"))),
        ),
        read(
            "digits beyond any float",
            snapshot(**metered(window(JUNE, value="12345678901234567890.123456789010"))),
            snapshot(**metered(window(JUNE, value="12345678901234567890.12345678901"))),
        ),
        read(
            "a boolean's value is no matter",
            snapshot(**yes(window(JUNE, value="7"))),
            snapshot(**yes(window(JUNE))),
        ),
        read(
            "scopes in another order",
            snapshot(
                keys=[{"id": "k", "hash": "ab" * 32, "scopes": ["b", "a"], "expires_at": None}]
            ),
            snapshot(
                keys=[{"id": "k", "hash": "ab" * 32, "scopes": ["a", "b"], "expires_at": None}]
            ),
        ),
        kept(
            "features named like members of every object",
            snapshot(features={"__proto__": boolean(), "constructor": boolean()}),
        ),
        kept("windows that touch", snapshot(**yes(window(JUNE, JULY), window(JULY, AUGUST)))),
        ("another tenant's", asked(snapshot(tenant=OTHER_TENANT)), WRONG),
        ("read for another tenant", asked(snapshot(), OTHER_TENANT), WRONG),
        (
            "signed by a stranger",
            {"keys": RING, "tenant": TENANT, "envelope": signed(snapshot(), STRANGER)},
            refused("signature_invalid"),
        ),
        wrong("another audience", audience="portal"),
        wrong("a heartbeat is no snapshot", kind="heartbeat"),
        wrong("a format to come", format=3),
        wrong("a format that is a text", format="2"),
        wrong("a format that is a yes", format=True),
        wrong("no tenant", tenant=...),
        wrong("no revision", revision=...),
        wrong("a revision below zero", revision=-1),
        wrong("a revision that is a text", revision="12"),
        wrong("a revision that is a yes", revision=True),
        wrong("no instant of issue", issued_at=...),
        wrong("an instant without an offset", issued_at="2026-01-10T02:00:00"),
        wrong("an instant with a space", issued_at="2026-01-10 02:00:00Z"),
        wrong("a day that is not", issued_at="2026-02-30T02:00:00Z"),
        wrong("an hour that is not", issued_at="2026-01-10T24:00:01Z"),
        wrong("a leap second", issued_at="2026-06-30T23:59:60Z"),
        wrong("an offset that is not", issued_at="2026-01-10T02:00:00+25:00"),
        wrong("an instant that is a number", issued_at=1768010400),
        wrong("a clock of no mode", clock={"mode": "fast"}),
        wrong("a test clock without an instant", clock={"mode": "test"}),
        wrong("no clock", clock=...),
        wrong("no zone", zone=...),
        wrong("a standing that nobody knows", standing="late"),
        wrong("no standing in the second format", standing=...),
        wrong("features that are a list", features=[]),
        wrong("a feature that is null", features={"orders": None}),
        wrong("a kind that nobody knows", **feature(kind="coupon", strict=False, windows=[])),
        wrong(
            "the first format's word in the second",
            **feature(kind="limit", strict=False, windows=[], per="day"),
        ),
        ("the second format's word in the first", asked(snapshot(format=1, **metered())), WRONG),
        wrong("no word on strictness", **feature(kind="boolean", windows=[])),
        wrong("strictness that is a number", **feature(kind="boolean", strict=0, windows=[])),
        wrong("no windows", **feature(kind="boolean", strict=False)),
        wrong("windows that overlap", **yes(window(JUNE, AUGUST), window(JULY))),
        wrong("windows out of order", **yes(window(JULY, AUGUST), window(JUNE, JULY))),
        wrong("a window after one without an end", **yes(window(JUNE), window(JULY))),
        wrong("a window that ends as it starts", **yes(window(JUNE, JUNE))),
        wrong("a window that ends before it starts", **yes(window(JULY, JUNE))),
        wrong("a window without an end said", **yes({"start": JUNE, "source": "plan:growth@1"})),
        wrong("a window without a source", **yes({"start": JUNE, "end": None})),
        wrong("metered in no period", **metered(per=...)),
        wrong("metered in a period that nobody knows", **metered(per="fortnight")),
        wrong("metered in two ways", **metered(rolling_seconds=60)),
        wrong("a rolling window of no length", **metered(per=..., rolling_seconds=0)),
        wrong("a limit below zero", **metered(window(JUNE, value="-1"))),
        wrong("a limit that is no number", **metered(window(JUNE, value="NaN"))),
        wrong("a limit with a leading zero", **metered(window(JUNE, value="0150"))),
        wrong("a limit that is not a text", **metered(window(JUNE, value=150))),
        wrong("a limit of too many digits", **metered(window(JUNE, value="1" * 61))),
        wrong("no limit", **metered(window(JUNE))),
        wrong("a mode that nobody knows", **metered(mode="gentle")),
        wrong("a mode that is null", **metered(mode=None)),
        wrong("an access that nobody knows", **yes(access="execute")),
        wrong("a stale answer of an unknown kind", **yes(on_stale="maybe")),
        wrong("an age below zero", **yes(max_age_seconds=-1)),
        wrong("a meter that is no text", **metered(meter=1)),
        wrong(
            "a rate without a burst",
            **feature(kind="rate", strict=False, windows=[window(JUNE, value="1")]),
        ),
        wrong(
            "a configuration without a value",
            **feature(kind="configuration", strict=False, windows=[window(JUNE)]),
        ),
        wrong(
            "seats without a number", **feature(kind="seats", strict=False, windows=[window(JUNE)])
        ),
        wrong(
            "a key's hash in capitals",
            keys=[{"id": "k", "hash": "AB" * 32, "scopes": [], "expires_at": None}],
        ),
        wrong(
            "a scope twice",
            keys=[{"id": "k", "hash": "ab" * 32, "scopes": ["a", "a"], "expires_at": None}],
        ),
        wrong(
            "a scope that is no text",
            keys=[{"id": "k", "hash": "ab" * 32, "scopes": [1], "expires_at": None}],
        ),
        wrong(
            "a key without a word on its end", keys=[{"id": "k", "hash": "ab" * 32, "scopes": []}]
        ),
        wrong(
            "a service without a module",
            services=[{"instance": "i", "hash": "ab" * 32, "scopes": []}],
        ),
        ("signed, but cut short", asked(b'{"kind":"snapshot"'), WRONG),
        ("signed, but not JSON", asked(b"snapshot"), WRONG),
        ("signed, but not an object", asked(b"[]"), WRONG),
        ("signed, but not UTF-8", asked(b'{"kind":"\xff"}'), WRONG),
        ("signed, but empty", asked(b""), WRONG),
    ],
)


def told(name, body, expected, tenant=TENANT):
    return name, asked(body, tenant), expected


HEARTBEATS = Suite(
    "heartbeats",
    "Verify and read a heartbeat for a tenant, or say what it is refused for.",
    [
        told("a heartbeat", heartbeat(NOW), {"revision": REVISION, "issued_at": NOW}),
        told(
            "with a fraction",
            heartbeat("2026-01-10T02:00:00.5Z"),
            {"revision": REVISION, "issued_at": "2026-01-10T02:00:00.500000Z"},
        ),
        told("another tenant's", heartbeat(NOW, tenant=OTHER_TENANT), WRONG),
        told("read for another tenant", heartbeat(NOW), WRONG, OTHER_TENANT),
        told("a snapshot is no heartbeat", snapshot(), WRONG),
        told("a format to come", heartbeat(NOW, format=2), WRONG),
        told("without a revision", heartbeat(NOW, revision=...), WRONG),
        told("without an instant", heartbeat(NOW, issued_at=...), WRONG),
        (
            "signed by a stranger",
            {"keys": RING, "tenant": TENANT, "envelope": signed(heartbeat(NOW), STRANGER)},
            refused("signature_invalid"),
        ),
    ],
)
