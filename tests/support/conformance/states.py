"""What a client holds: replayed, old and late messages, and ages that no clock can make younger."""

from tests.support.conformance.writing import (
    NOW,
    OTHER_TENANT,
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

JAN, FEB = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
MINUTE, HOUR = 60_000, 3_600_000


def at(seconds: int) -> str:
    """So many seconds after 02:00:00 on the day that all cases begin."""
    return f"2026-01-10T{2 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def of(revision, issued_at=NOW, **more):
    features = {
        "inbound": boolean(window(JAN)),
        "strict": boolean(window(JAN), strict=True),
        **more.pop("features", {}),
    }
    return signed(snapshot(revision=revision, issued_at=issued_at, features=features, **more))


def takes(envelope, **when):
    return {"do": "snapshot", "envelope": envelope, **when}


def hears(envelope, **when):
    return {"do": "heartbeat", "envelope": envelope, **when}


def beat(seconds, revision=5, **more):
    return signed(heartbeat(at(seconds), revision, **more))


def asks(feature, **when):
    return {"do": "check", "feature": feature, **when}


NEW, SAME = {"applied": True}, {"applied": False}
HEARD, OTHER = {"applied": True}, {"applied": False}


def says(reason, age_ms, revision=5, until=None):
    return {
        "allowed": reason == "granted",
        "reason": reason,
        "limit": None,
        "value": None,
        "valid_until": until,
        "revision": revision,
        "age_ms": age_ms,
    }


def case(name, *steps, now=NOW):
    asked = {"tenant": TENANT, "keys": RING, "now": now, "steps": [step for step, _ in steps]}
    return name, asked, {"results": [result for _, result in steps]}


FIVE = of(5)
SOON = window(JAN, at(10))

STATES = Suite(
    "states",
    "Play steps to one client: `snapshot` and `heartbeat` apply an envelope, `check` asks of a "
    "feature. Before a step, `after_ms` moves both clocks on, and `wall` sets the wall clock "
    "(forward moves the monotonic one, too).",
    [
        case(
            "nothing is allowed before the first snapshot",
            (asks("inbound"), says("no_snapshot", None, 0)),
            (hears(beat(0)), OTHER),
            (takes(FIVE), NEW),
            (asks("inbound"), says("granted", 0)),
        ),
        case(
            "a lower revision is never applied",
            (takes(of(5)), NEW),
            (takes(of(4, at(9)), after_ms=10_000), refused("snapshot_outdated")),
            (asks("inbound"), says("granted", 10_000)),
            (takes(of(6, at(8))), NEW),
            (takes(FIVE), refused("snapshot_outdated")),
            (asks("inbound", after_ms=2_000), says("granted", 4_000, 6)),
        ),
        case(
            "the same snapshot again changes nothing, and makes nothing younger",
            (takes(FIVE), NEW),
            (takes(FIVE, after_ms=20_000), SAME),
            (asks("strict"), says("granted", 20_000)),
            (takes(FIVE, after_ms=11_000), SAME),
            (asks("strict"), says("stale", 31_000)),
        ),
        case(
            "the same revision signed later is younger",
            (takes(FIVE), NEW),
            (takes(of(5, at(25)), after_ms=25_000), SAME),
            (asks("strict", after_ms=10_000), says("granted", 10_000)),
        ),
        case(
            "heartbeats keep the snapshot held young, and no other",
            (takes(FIVE), NEW),
            (hears(beat(25), after_ms=25_000), HEARD),
            (asks("strict", after_ms=20_000), says("granted", 20_000)),
            (hears(beat(45, revision=6)), OTHER),
            (hears(beat(45, revision=4)), OTHER),
            (asks("strict", after_ms=11_000), says("stale", 31_000)),
            (asks("inbound"), says("granted", 31_000)),
        ),
        case(
            "a heartbeat that is played again makes nothing younger",
            (takes(FIVE), NEW),
            (hears(beat(5), after_ms=5_000), HEARD),
            (hears(beat(5), after_ms=20_000), HEARD),
            (asks("strict", after_ms=11_000), says("stale", 31_000)),
        ),
        case(
            "a late heartbeat does not outdo a newer one",
            (takes(FIVE), NEW),
            (hears(beat(20), after_ms=20_000), HEARD),
            (hears(beat(10)), HEARD),
            (asks("strict", after_ms=5_000), says("granted", 5_000)),
        ),
        case(
            "messages that are not to be trusted change nothing",
            (takes(FIVE), NEW),
            (takes(signed(snapshot(revision=9), STRANGER)), refused("signature_invalid")),
            (takes(signed(snapshot(revision=9, tenant=OTHER_TENANT))), refused("snapshot_invalid")),
            (takes(beat(1)), refused("snapshot_invalid")),
            (hears(FIVE), refused("snapshot_invalid")),
            (takes({**FIVE, "payload": of(9)["payload"]}), refused("signature_invalid")),
            (takes(None), refused("envelope_invalid")),
            (hears(beat(40, tenant=OTHER_TENANT), after_ms=40_000), refused("snapshot_invalid")),
            (hears(signed(heartbeat(at(40), 5), STRANGER)), refused("signature_invalid")),
            (asks("inbound"), says("granted", 40_000)),
            (asks("strict"), says("stale", 40_000)),
        ),
        case(
            "a wall clock set back makes nothing younger",
            (takes(FIVE), NEW),
            (asks("strict", after_ms=29_000), says("granted", 29_000)),
            (asks("strict", wall="2026-01-09T00:00:00Z", after_ms=2_000), says("stale", 31_000)),
        ),
        case(
            "nor does a message that is older by the issuer's own clock",
            (takes(FIVE), NEW),
            (hears(beat(60), after_ms=60_000), HEARD),
            (takes(of(6, at(30)), wall=at(30)), NEW),
            (asks("strict"), says("granted", 30_000, 6)),
            (asks("strict", after_ms=2_000), says("stale", 32_000, 6)),
        ),
        case(
            "an old snapshot is old when it comes",
            (takes(FIVE), NEW),
            (asks("strict"), says("stale", HOUR)),
            (asks("inbound"), says("granted", HOUR)),
            now=at(3600),
        ),
        case(
            "a snapshot of four days ago opens nothing",
            (takes(FIVE), NEW),
            (asks("inbound"), says("stale", 4 * 24 * HOUR)),
            (hears(signed(heartbeat("2026-01-14T02:00:00Z", 5))), HEARD),
            (asks("inbound"), says("granted", 0)),
            now="2026-01-14T02:00:00Z",
        ),
        case(
            "plan access ends after 72 hours of silence",
            (takes(FIVE), NEW),
            (asks("inbound", after_ms=72 * HOUR), says("granted", 72 * HOUR)),
            (asks("inbound", after_ms=1_001), says("stale", 72 * HOUR + 1_001)),
        ),
        case(
            "an issuer whose clock is ahead is not older than nothing",
            (takes(of(5, at(5))), NEW),
            (asks("strict"), says("granted", 0)),
            (asks("strict", after_ms=30_000), says("granted", 30_000)),
            (asks("strict", after_ms=1_001), says("stale", 31_001)),
        ),
        case(
            "a window opens and closes on its tick without a message",
            (takes(of(5, features={"peak": boolean(window(at(5), at(10)))})), NEW),
            (asks("peak"), says("not_started", 0, until=at(5))),
            (asks("peak", after_ms=4_999), says("not_started", 4_999, until=at(5))),
            (asks("peak", after_ms=1), says("granted", 5_000, until=at(10))),
            (asks("peak", after_ms=4_999), says("granted", 9_999, until=at(10))),
            (asks("peak", after_ms=1), says("expired", 10_000)),
        ),
        case(
            "a test clock decides windows, and real time decides ages",
            (
                takes(
                    of(
                        5,
                        clock={"mode": "test", "at": FEB},
                        features={"feb": boolean(window(FEB)), "trial": boolean(SOON)},
                    )
                ),
                NEW,
            ),
            (asks("feb"), says("granted", 0)),
            (asks("trial"), says("expired", 0)),
            (asks("strict", after_ms=31_000), says("stale", 31_000)),
            (
                takes(
                    of(
                        6,
                        at(31),
                        clock={"mode": "test", "at": JAN},
                        features={"feb": boolean(window(FEB))},
                    )
                ),
                NEW,
            ),
            (asks("feb"), says("not_started", 0, 6, FEB)),
        ),
        case(
            "paying too late closes what is written, and paying opens it again",
            (takes(FIVE), NEW),
            (takes(of(6, standing="suspended")), NEW),
            (asks("inbound"), says("suspended", 0, 6)),
            (takes(of(7, standing="active")), NEW),
            (asks("inbound"), says("granted", 0, 7)),
        ),
    ],
)
