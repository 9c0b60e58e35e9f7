"""Decisions around every edge. All answers are written by hand."""

from tests.support.conformance.writing import REVISION, Suite, boolean, snapshot, window

JAN, FEB, MAR, APR = (f"2026-0{n}-01T00:00:00Z" for n in (1, 2, 3, 4))
PEAK, OVER = "2026-06-09T16:00:00Z", "2026-06-20T16:00:00Z"


def limited(kind, *windows, **more):
    return {"kind": kind, "strict": False, "windows": list(windows), **more}


FEATURES = {
    "inbound": boolean(window(JAN)),
    "trial": boolean(window(JAN, FEB), window(MAR, APR)),
    "stocktaking": boolean(),
    "strict": boolean(window(JAN), strict=True),
    "patient": boolean(window(JAN), max_age_seconds=0),
    "open": boolean(window(JAN, APR), strict=True, on_stale="allow"),
    "reading": boolean(window(JAN), access="read"),
    "orders": limited(
        "metered",
        window(JAN, PEAK, value="150"),
        window(PEAK, OVER, value="550"),
        window(OVER, value="150"),
        per="day",
    ),
    "lines": limited(
        "metered",
        window(JAN, value="1000.5"),
        per="month",
        mode="soft",
        max_age_seconds=600,
        access="read",
    ),
    "calls": limited("rate", window(JAN, value="2.5", burst="9")),
    "exports": limited("concurrency", window(JAN, value="3")),
    "users": limited("seats", window(JAN, value="25")),
    "tier": limited("configuration", window(JAN, text="gold")),
    "rounding": limited("configuration", window(JAN, value="-0.050")),
    "dated": limited("configuration", window(JAN, text="3"), access="read"),
}
STANDINGS = ("active", "grace", "read_only", "suspended", "retained", "purged")
SHARED = {
    standing: snapshot(features=FEATURES, standing=standing, issued_at=JAN)
    for standing in STANDINGS
}
MAY, JUNE = "2026-05-01T00:00:00Z", "2026-06-18T00:00:00Z"
DAY, WEEK = 86_400, 72 * 3600


def yes(limit=None, until=None, value=None, reason="granted"):
    return {
        "allowed": True,
        "reason": reason,
        "limit": limit,
        "value": value if value or limit is None else {"number": limit},
        "valid_until": until,
        "revision": REVISION,
    }


def no(reason, until=None):
    return {
        "allowed": False,
        "reason": reason,
        "limit": None,
        "value": None,
        "valid_until": until,
        "revision": REVISION,
    }


def case(name, feature, at, age, expected, standing="active"):
    asked = {"snapshot": {"$ref": standing}, "feature": feature, "at": at, "age_seconds": age}
    return name, asked, expected


def standings(name, feature, expected):
    """One case for each standing, in their order."""
    return [
        case(f"{name}, {standing}", feature, MAY, 0, said, standing)
        for standing, said in zip(STANDINGS, expected, strict=True)
    ]


OK = yes()
RO, SU, RE, PU = (no(standing) for standing in STANDINGS[2:])

DECISIONS = Suite(
    "decisions",
    "Decide one feature by a snapshot that was verified, at an instant of the tenant's, at an age"
    " in seconds.",
    [
        case("granted until further notice", "inbound", MAY, 0, OK),
        case("granted from the first instant on", "inbound", JAN, 0, OK),
        case(
            "a microsecond before",
            "inbound",
            "2025-12-31T23:59:59.999999Z",
            0,
            no("not_started", JAN),
        ),
        case(
            "a window's last microsecond", "trial", "2026-01-31T23:59:59.999999Z", 0, yes(until=FEB)
        ),
        case("a window's end is no longer its own", "trial", FEB, 0, no("expired", MAR)),
        case("before every window", "trial", "2020-01-01T00:00:00Z", 0, no("not_started", JAN)),
        case("between two windows", "trial", "2026-02-15T00:00:00Z", 0, no("expired", MAR)),
        case("in the second window", "trial", MAR, 0, yes(until=APR)),
        case("after every window", "trial", MAY, 0, no("expired")),
        case("never bought", "stocktaking", MAY, 0, no("not_subscribed")),
        case("not in the catalogue", "naps", MAY, 0, no("unknown_feature")),
        case("a name that every object has", "constructor", MAY, 0, no("unknown_feature")),
        case("a name that every object inherits", "__proto__", MAY, 0, no("unknown_feature")),
        case("no name", "", MAY, 0, no("unknown_feature")),
        case("a limit before the season", "orders", MAY, 0, yes("150", PEAK)),
        case(
            "a limit before the tick", "orders", "2026-06-09T15:59:59.999999Z", 0, yes("150", PEAK)
        ),
        case("a limit on the tick", "orders", PEAK, 0, yes("550", OVER)),
        case("a limit in the season", "orders", JUNE, 0, yes("550", OVER)),
        case("a limit when the season is over", "orders", OVER, 0, yes("150")),
        case(
            "an offset in the instant changes nothing",
            "orders",
            "2026-06-10T00:00:00+08:00",
            0,
            yes("550", OVER),
        ),
        case("a fraction of a unit", "lines", MAY, 0, yes("1000.5")),
        case("units a second", "calls", MAY, 0, yes("2.5")),
        case("slots", "exports", MAY, 0, yes("3")),
        case("seats", "users", MAY, 0, yes("25")),
        case("a configuration's text", "tier", MAY, 0, yes(value={"text": "gold"})),
        case("a configuration's number", "rounding", MAY, 0, yes(value={"number": "-0.05"})),
        case("a configuration's text of digits", "dated", MAY, 0, yes(value={"text": "3"})),
        case("plan access at 72 hours", "inbound", MAY, WEEK, OK),
        case("plan access a second later", "inbound", MAY, WEEK + 1, no("stale")),
        case("configuration at 72 hours", "tier", MAY, WEEK, yes(value={"text": "gold"})),
        case("seats at 72 hours", "users", MAY, WEEK, yes("25")),
        case("an unknown feature at 72 hours", "naps", MAY, WEEK, no("unknown_feature")),
        case("an unknown feature a second later", "naps", MAY, WEEK + 1, no("stale")),
        case("not bought, and stale", "stocktaking", MAY, WEEK + 1, no("stale")),
        case("strict at 30 seconds", "strict", MAY, 30, OK),
        case("strict a second later", "strict", MAY, 31, no("stale")),
        case("metered at 30 seconds", "orders", MAY, 30, yes("150", PEAK)),
        case("metered a second later", "orders", MAY, 31, no("stale")),
        case("a rate a second later", "calls", MAY, 31, no("stale")),
        case("slots a second later", "exports", MAY, 31, no("stale")),
        case("an age of its own", "lines", MAY, 600, yes("1000.5")),
        case("an age of its own, over", "lines", MAY, 601, no("stale")),
        case("no age at all", "patient", MAY, 0, OK),
        case("no age at all, over", "patient", MAY, 1, no("stale")),
        case("open when stale", "open", MAR, 31, yes(until=APR, reason="stale_allowed")),
        case(
            "open when stale, after a day", "open", MAR, DAY, yes(until=APR, reason="stale_allowed")
        ),
        case("open when stale, but expired", "open", APR, 31, no("expired")),
        case("open when stale, not stale yet", "open", MAR, 30, yes(until=APR)),
        *standings("writing", "inbound", [OK, OK, RO, SU, RE, PU]),
        *standings("reading", "reading", [OK, OK, OK, OK, RE, PU]),
        *standings("seats", "users", [yes("25"), yes("25"), RO, SU, RE, PU]),
        *standings(
            "metered reading is leased", "lines", [yes("1000.5"), yes("1000.5"), RO, SU, RE, PU]
        ),
        *standings(
            "configuration that is read", "dated", [yes(value={"text": "3"})] * 4 + [RE, PU]
        ),
        *standings("what was not bought", "stocktaking", [no("not_subscribed")] * 6),
        *standings("what is not known", "naps", [no("unknown_feature")] * 6),
        case(
            "a closed window's end is told", "orders", JUNE, 0, no("suspended", OVER), "suspended"
        ),
        case("stale before anything else", "strict", MAY, 31, no("stale"), "suspended"),
        case("open when stale, but suspended", "open", MAR, 31, no("suspended", APR), "suspended"),
    ],
    SHARED,
)
