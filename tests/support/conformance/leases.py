"""Leases as one process spends them. All answers are written by hand."""

from tests.support.conformance.writing import Suite

LEASE, NEXT = "lea_01h455vb4pex5vsknk084sn02q", "lea_01h455vb4pex5vsknk084sn02r"
NOTHING: dict[str, object] = {"status": "exhausted"}
DONE, TAKEN, LATE = {"done": True}, {"taken": True}, {"taken": False}
NO_LEASE, LIMIT = {"refused": "no_lease"}, {"refused": "limit_reached"}
ACQUIRES = {"operations": [{"op": "acquire"}]}


def spend(at_ms, units):
    return {"at_ms": at_ms, "do": "spend", "units": str(units)}


def hold(at_ms, name, units, **more):
    return {"at_ms": at_ms, "do": "hold", "name": name, "units": str(units), **more}


def confirm(at_ms, name, units=None):
    more = {} if units is None else {"units": str(units)}
    return {"at_ms": at_ms, "do": "confirm", "name": name, **more}


def release(at_ms, name):
    return {"at_ms": at_ms, "do": "release", "name": name}


def send(at_ms):
    return {"at_ms": at_ms, "do": "send"}


def answers(at_ms, *results, **more):
    return {"at_ms": at_ms, "do": "answer", "results": list(results), **more}


def recover(at_ms):
    return {"at_ms": at_ms, "do": "recover"}


def stop(at_ms):
    return {"at_ms": at_ms, "do": "stop"}


def reject(at_ms):
    return {"at_ms": at_ms, "do": "reject"}


def learn(at_ms, limit):
    return {"at_ms": at_ms, "do": "learn", "limit": str(limit)}


def left(units):
    return {"left": str(units)}


def granted(units, fence=1, seconds=30, remaining=900, lease=LEASE, status="ok"):
    return {
        "status": status,
        "lease": lease,
        "fence": fence,
        "units": str(units),
        "expires_in_seconds": seconds,
        "remaining": str(remaining),
    }


def closed(fence):
    return {"status": "closed", "fence": fence}


def sends(*operations):
    return {"operations": list(operations)}


def told(op, spent, fence, lease=LEASE):
    return {"op": op, "lease": lease, "fence": fence, "spent": spent}


def case(name, *steps, kind="metered", mode="hard"):
    asked = {
        "kind": kind,
        "mode": mode,
        "period": "day:2026-01-10",
        "steps": [step for step, _ in steps],
    }
    return name, asked, {"results": [result for _, result in steps]}


def leased(units=100, **more):
    """The first steps of most cases: nothing is there, units are asked for, and come."""
    return (
        (spend(0, 1), NO_LEASE),
        (send(0), ACQUIRES),
        (answers(50, granted(units, **more)), TAKEN),
    )


LEASES = Suite(
    "leases",
    "Play steps to one account of one book. `send` gives what is due to be sent (units asked for "
    "are the client's own affair), `answer` hands over results that were verified, for the last "
    "request or for `request`, `reject` says that the last request will never be taken, and "
    "`learn` that a new snapshot grants `limit` (before the first: 1000). `at_ms` is monotonic.",
    [
        case(
            "units are spent from a lease, one decision each",
            *leased(3),
            (spend(100, 1), left(2)),
            (spend(100, 2), left(0)),
            (spend(100, 1), NO_LEASE),
        ),
        case(
            "all of the units or none",
            *leased(10),
            (spend(100, 11), NO_LEASE),
            (spend(100, 10), left(0)),
        ),
        case(
            "no units can be asked about",
            *leased(10),
            (spend(100, 0), left(10)),
            (spend(100, 4), left(6)),
        ),
        case(
            "numbers beyond any float",
            *leased(10**15),
            (spend(100, 1), left(10**15 - 1)),
            (spend(100, 10**15 - 1), left(0)),
        ),
        case(
            "a lease lives from when its request was sent",
            *leased(100),
            (spend(29_999, 1), left(99)),
            (spend(30_000, 1), NO_LEASE),
        ),
        case(
            "also when the answer was long on its way",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(25_000, granted(100)), TAKEN),
            (spend(29_999, 1), left(99)),
            (spend(30_000, 1), NO_LEASE),
        ),
        case(
            "an answer after its time brings nothing to spend",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(31_000, granted(100)), TAKEN),
            (spend(31_000, 1), NO_LEASE),
            (send(31_000), sends(told("close", 0, 1), {"op": "acquire"})),
        ),
        case(
            "an unanswered request is sent again, and its time runs from the first sending",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (send(10_000), ACQUIRES),
            (answers(10_050, granted(100)), TAKEN),
            (spend(29_999, 1), left(99)),
            (spend(30_000, 1), NO_LEASE),
        ),
        case(
            "an answer counts once",
            *leased(100),
            (spend(100, 30), left(70)),
            (answers(200, granted(100)), LATE),
            (spend(300, 1), left(69)),
        ),
        case(
            "an answer to an earlier request is not taken for a later one",
            *leased(100),
            (spend(100, 30), left(70)),
            (send(15_000), sends(told("renew", 30, 1))),
            (answers(15_100, granted(500, fence=2), request=0), LATE),
            (answers(15_200, granted(130, fence=2)), TAKEN),
            (spend(15_300, 1), left(99)),
        ),
        case(
            "a renewal tells what was spent, names the fence and replaces the cap",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(15_050, granted(140, fence=2)), TAKEN),
            (spend(15_100, 1), left(99)),
            (send(30_000), sends(told("renew", 41, 2))),
        ),
        case(
            "a renewal lives from its own sending",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(20_000, granted(140, fence=2)), TAKEN),
            (spend(44_999, 1), left(99)),
            (spend(45_000, 1), NO_LEASE),
        ),
        case(
            "nothing new was left, but the lease is renewed",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(15_050, granted(100, fence=2, status="exhausted", remaining=0)), TAKEN),
            (spend(44_999, 60), left(0)),
        ),
        case(
            "a lost lease is spent from no more, and closed with what was spent",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(15_050, {"status": "lost", "fence": 1}), TAKEN),
            (spend(15_100, 1), NO_LEASE),
            (send(16_000), sends(told("close", 40, 1), {"op": "acquire"})),
            (answers(16_050, closed(2), granted(10, fence=3, lease=NEXT)), TAKEN),
            (spend(16_100, 1), left(9)),
        ),
        case(
            "a fenced lease is spent from no more",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(15_050, {"status": "fenced", "fence": 5}), TAKEN),
            (spend(15_100, 1), NO_LEASE),
        ),
        case(
            "a refused renewal ends the lease",
            *leased(100),
            (spend(100, 40), left(60)),
            (send(15_000), sends(told("renew", 40, 1))),
            (answers(15_050, {"status": "refused", "fence": 2}), TAKEN),
            (spend(15_100, 1), NO_LEASE),
        ),
        case(
            "an expired lease is closed with what was spent of it",
            *leased(100),
            (spend(100, 25), left(75)),
            (spend(30_000, 1), NO_LEASE),
            (send(30_000), sends(told("close", 25, 1), {"op": "acquire"})),
            (answers(30_050, closed(1), granted(50, fence=2, lease=NEXT)), TAKEN),
            (spend(30_100, 50), left(0)),
        ),
        case(
            "nothing left is believed, and asked about again after a moment",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (spend(60, 1), LIMIT),
            (send(299), sends()),
            (spend(300, 1), LIMIT),
            (send(300), ACQUIRES),
            (answers(350, granted(5)), TAKEN),
            (spend(360, 5), left(0)),
        ),
        case(
            "each time nothing is left again, the pause is twice as long",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            *(
                step
                for at_ms, pause in ((50, 250), (300, 500), (800, 1_000), (1_800, 2_000))
                for step in (
                    (answers(at_ms, NOTHING), TAKEN),
                    (spend(at_ms + 1, 1), LIMIT),
                    (send(at_ms + pause - 1), sends()),
                    (spend(at_ms + pause, 1), LIMIT),
                    (send(at_ms + pause), ACQUIRES),
                )
            ),
        ),
        case(
            "the pause grows no longer than eight seconds, and units that come end it",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            *(
                step
                for at_ms in range(10_000, 80_000, 10_000)
                for step in (
                    (answers(at_ms, NOTHING), TAKEN),
                    (spend(at_ms + 8_000, 1), LIMIT),
                    (send(at_ms + 8_000), ACQUIRES),
                )
            ),
            (answers(80_000, granted(5, seconds=300)), TAKEN),
            (spend(80_100, 5), left(0)),
            (spend(80_100, 1), NO_LEASE),
            (send(80_100), sends(told("renew", 5, 1))),
            (answers(80_200, granted(5, fence=2, status="exhausted", remaining=0)), TAKEN),
            (spend(80_449, 1), LIMIT),
            (send(80_449), sends()),
            (send(80_450), sends(told("renew", 5, 2))),
        ),
        case(
            "nothing left is believed for a minute at most",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (spend(60_049, 1), LIMIT),
            (spend(60_050, 1), NO_LEASE),
            (send(60_050), ACQUIRES),
        ),
        case(
            "of slots, which come back by themselves, it is believed for a second",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (spend(1_049, 1), LIMIT),
            (spend(1_050, 1), NO_LEASE),
            (send(1_050), ACQUIRES),
            kind="concurrency",
        ),
        case(
            "fewer units than there were too few of can be asked for at once",
            (spend(0, 10), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (spend(60, 10), LIMIT),
            (spend(60, 11), LIMIT),
            (spend(60, 9), NO_LEASE),
            (spend(60, 10), LIMIT),
            (send(60), ACQUIRES),
            (answers(90, granted(9)), TAKEN),
            (spend(100, 9), left(0)),
        ),
        case(
            "nothing left is said of what was asked for, not of what is needed since",
            (spend(0, 10), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (spend(300, 10), LIMIT),
            (send(300), ACQUIRES),
            (spend(310, 1), NO_LEASE),
            (answers(350, NOTHING), TAKEN),
            (spend(360, 1), NO_LEASE),
            (spend(360, 10), LIMIT),
            (send(360), ACQUIRES),
        ),
        case(
            "a new revision with the same terms",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, NOTHING), TAKEN),
            (learn(60, 1000), DONE),
            (spend(70, 1), LIMIT),
            (learn(80, 2000), DONE),
            (spend(90, 1), NO_LEASE),
            (send(90), ACQUIRES),
        ),
        case(
            "more units than any lease may have are not asked for",
            *leased(10),
            (spend(100, 10**15 + 1), LIMIT),
            (hold(100, "a", 10**15 + 1), LIMIT),
            (send(100), sends()),
            (spend(100, 10), left(0)),
        ),
        case(
            "nor of a soft limit",
            (spend(0, 10**15 + 1), LIMIT),
            (hold(0, "a", 10**15 + 1), LIMIT),
            (send(0), sends()),
            (spend(0, 1), left(-1)),
            mode="soft",
        ),
        case(
            "what will never be taken is not asked for again, and other needs wait a moment",
            (spend(0, 5), NO_LEASE),
            (send(0), ACQUIRES),
            (reject(50), DONE),
            (send(400), sends()),
            (spend(400, 5), NO_LEASE),
            (send(400), ACQUIRES),
            (reject(450), DONE),
            (spend(500, 1), NO_LEASE),
            (send(500), sends()),
            (send(700), ACQUIRES),
        ),
        case(
            "what is left of a lease that is over can be had again",
            *leased(10),
            (spend(100, 4), left(6)),
            (send(15_000), sends(told("renew", 4, 1))),
            (answers(15_050, granted(10, fence=2, status="exhausted", remaining=0)), TAKEN),
            (spend(15_100, 7), LIMIT),
            (spend(45_000, 1), NO_LEASE),
            (send(45_000), sends(told("close", 4, 2), {"op": "acquire"})),
        ),
        case(
            "a reservation keeps its units apart",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (spend(100, 41), NO_LEASE),
            (spend(100, 40), left(0)),
            (confirm(200, "a"), DONE),
            (send(15_000), sends(told("renew", 100, 1))),
        ),
        case(
            "what is not confirmed comes back",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (confirm(200, "a", 25), DONE),
            (spend(300, 75), left(0)),
            (send(15_000), sends(told("renew", 100, 1))),
        ),
        case(
            "what is released was never spent",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (release(200, "a"), DONE),
            (spend(300, 100), left(0)),
        ),
        case(
            "confirming again changes nothing",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (confirm(200, "a", 10), DONE),
            (confirm(300, "a", 60), DONE),
            (release(300, "a"), DONE),
            (spend(400, 90), left(0)),
        ),
        case(
            "releasing after confirming changes nothing, nor the other way round",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (release(200, "a"), DONE),
            (confirm(300, "a"), DONE),
            (spend(400, 100), left(0)),
        ),
        case(
            "no more is confirmed than was reserved",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (confirm(200, "a", 61), {"refused": "reservation_exceeded"}),
            (confirm(300, "a", 60), DONE),
            (spend(400, 41), NO_LEASE),
        ),
        case(
            "no more is reserved than is there",
            *leased(100),
            (hold(100, "a", 101), NO_LEASE),
            (hold(100, "b", 100), left(0)),
            (hold(100, "c", 1), NO_LEASE),
        ),
        case(
            "a reservation's time ends, and its units come back",
            *leased(100),
            (hold(100, "a", 60, timeout_ms=1_000), left(40)),
            (hold(1_099, "b", 41), NO_LEASE),
            (hold(1_100, "c", 100), left(0)),
            (confirm(1_200, "a", 10), {"refused": "reservation_expired"}),
        ),
        case(
            "units come back at the end of a reservation's time, whoever asks then",
            *leased(100),
            (hold(100, "a", 60, timeout_ms=1_000), left(40)),
            (spend(1_099, 41), NO_LEASE),
            (spend(1_100, 41), left(59)),
        ),
        case(
            "a soft limit takes what is confirmed late, whatever is left",
            (spend(0, 1), left(-1)),
            (send(0), ACQUIRES),
            (answers(50, granted(101)), TAKEN),
            (hold(100, "a", 60, timeout_ms=1_000), left(40)),
            (spend(1_100, 100), left(0)),
            (confirm(1_200, "a"), DONE),
            (send(15_000), sends(told("renew", 161, 1))),
            mode="soft",
        ),
        case(
            "confirmed late, units are taken anew where there are any",
            *leased(100),
            (hold(100, "a", 60, timeout_ms=1_000), left(40)),
            (confirm(2_000, "a", 50), DONE),
            (spend(2_100, 50), left(0)),
            (send(15_000), sends(told("renew", 100, 1))),
        ),
        case(
            "a lease with work under way is not closed",
            *leased(100),
            (hold(100, "a", 60), left(40)),
            (spend(30_000, 1), NO_LEASE),
            (send(30_000), ACQUIRES),
            (answers(30_050, granted(10, fence=2, lease=NEXT)), TAKEN),
            (confirm(31_000, "a", 20), DONE),
            (spend(31_000, 10), left(0)),
            (spend(31_000, 1), NO_LEASE),
            (send(32_000), sends(told("close", 20, 1), told("renew", 10, 2, NEXT))),
        ),
        case(
            "a recovery names the newest fence that is known, and is told once",
            *leased(10, fence=7),
            (spend(100, 10), left(0)),
            (recover(200), DONE),
            (send(200), sends({"op": "recover", "fence": 7}, told("renew", 10, 7))),
            (answers(250, {"status": "ok"}, granted(20, fence=8)), TAKEN),
            (send(300), sends()),
            (spend(300, 10), left(0)),
            (send(300), sends(told("renew", 20, 8))),
        ),
        case(
            "a recovery waits until a fence is known, even where nothing is left",
            (spend(0, 1), NO_LEASE),
            (recover(0), DONE),
            (send(0), ACQUIRES),
            (answers(50, {"status": "exhausted", "fence": 5}), TAKEN),
            (send(60), sends({"op": "recover", "fence": 5})),
            (send(70), sends({"op": "recover", "fence": 5})),
            (answers(80, {"status": "ok"}), TAKEN),
            (send(90), sends()),
        ),
        case(
            "stopping gives everything back",
            *leased(100),
            (spend(100, 25), left(75)),
            (stop(200), DONE),
            (spend(300, 1), NO_LEASE),
            (send(300), sends(told("close", 25, 1))),
            (answers(350, closed(2)), TAKEN),
            (send(400), sends()),
        ),
        case(
            "a renewal that is answered after the stop is of the lease that goes back",
            *leased(100),
            (spend(100, 60), left(40)),
            (send(100), sends(told("renew", 60, 1))),
            (stop(150), DONE),
            (send(150), sends(told("renew", 60, 1))),
            (answers(200, granted(160, fence=2)), TAKEN),
            (send(210), sends(told("close", 60, 2))),
            (answers(220, closed(3)), TAKEN),
            (send(230), sends()),
        ),
        case(
            "what a soft limit set aside before its first lease comes back",
            (hold(0, "a", 3), left(-3)),
            (send(0), ACQUIRES),
            (answers(50, granted(20)), TAKEN),
            (spend(100, 0), left(17)),
            (release(100, "a"), DONE),
            (spend(100, 0), left(20)),
            mode="soft",
        ),
        case(
            "a soft limit never refuses, and tells how far it is exceeded",
            (spend(0, 5), left(-5)),
            (send(0), ACQUIRES),
            (answers(50, granted(20)), TAKEN),
            (spend(100, 10), left(5)),
            (spend(100, 10), left(-5)),
            mode="soft",
        ),
        case(
            "what a soft limit lent is told as spent",
            (spend(0, 5), left(-5)),
            (send(0), ACQUIRES),
            (answers(50, granted(20)), TAKEN),
            (spend(100, 3), left(12)),
            (send(15_000), sends(told("renew", 8, 1))),
            mode="soft",
        ),
        case(
            "a slot is looked for without being taken, and held while the work lasts",
            (spend(0, 1), NO_LEASE),
            (send(0), ACQUIRES),
            (answers(50, granted(2)), TAKEN),
            (spend(100, 1), left(2)),
            (spend(100, 1), left(2)),
            (hold(100, "a", 1), left(1)),
            (hold(100, "b", 1), left(0)),
            (hold(100, "c", 1), NO_LEASE),
            (confirm(200, "a"), DONE),
            (hold(300, "d", 1), left(0)),
            kind="concurrency",
        ),
    ],
)
