"""What becomes of a request for leases after an HTTP status. All answers are written by hand."""

from tests.support.conformance.writing import NOW, Suite

DATE, PAST = "Sat, 10 Jan 2026 02:00:20 GMT", "Sat, 10 Jan 2026 01:59:00 GMT"


def case(name, status, then, least=None, most=None, *, after=None, failures=1):
    asked = {"status": status, "retry_after": after, "now": NOW, "failures": failures}
    waits = {} if least is None else {"least_ms": least, "most_ms": most}
    return name, asked, {"then": then, **waits}


LEASE_STATUSES = Suite(
    "lease_statuses",
    "Say what becomes of a request for leases after an HTTP status (null: no answer, or one that "
    "cannot be trusted) that is failure number `failures` in a row, and how long is waited: "
    "`least_ms` whatever happens, and by chance up to `most_ms`.",
    [
        case("an answer is taken", 200, "take"),
        *(case(f"{n} is never taken", n, "refuse", 0, 500) for n in (400, 409, 413, 415, 422)),
        *(
            case(f"{n} is for people to mend", n, "give_up", 30_000, 60_000)
            for n in (401, 403, 404, 405, 410)
        ),
        *(
            case(f"{n} is tried again", n, "retry", 0, 500)
            for n in (301, 307, 408, 418, 425, 429, 500, 502, 503, 504)
        ),
        case("no answer is tried again", None, "retry", 0, 500),
        *(
            case(f"pauses double up to eight seconds: {n}", 500, "retry", 0, most, failures=n)
            for n, most in ((2, 1_000), (3, 2_000), (5, 8_000), (6, 8_000), (40, 8_000))
        ),
        *(
            case(f"Retry-After in seconds, with {n}", n, "retry", 7_000, 7_500, after="7")
            for n in (429, 503)
        ),
        case("Retry-After as a date", 503, "retry", 20_000, 20_500, after=DATE),
        case("a date that is over", 503, "retry", 0, 500, after=PAST),
        case("five minutes are waited at most", 503, "retry", 300_000, 300_500, after="86400"),
        case("a number beyond any float", 503, "retry", 300_000, 300_500, after="9" * 400),
        case("neither seconds nor a date", 503, "retry", 0, 500, after="soon"),
        case("seconds with a fraction are none", 503, "retry", 0, 500, after="1.5"),
        case("seconds below zero are none", 503, "retry", 0, 500, after="-5"),
        case("an instant of another form is none", 503, "retry", 0, 500, after=NOW),
        case("with other statuses it is not read", 500, "retry", 0, 500, after="7"),
        case("nor with one that is given up", 404, "give_up", 30_000, 60_000, after="1"),
    ],
)
