"""Lease vectors, played to a `LeaseBook`: what is sent, answered, spent and given back."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.courier import wait_asked_for
from control_plane.sdk.decision import Reason
from control_plane.sdk.lease_account import LeasedAccount, Reservation
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseRequest, LeaseResult, LeaseStatus
from control_plane.sdk.lease_pauses import Outcome, outcome_of, pause_after
from control_plane.sdk.quota import QuotaPeriod
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Mode

Input = Mapping[str, Any]
Output = dict[str, Any]

_FOREVER = float("inf")
_BUSY = {429, 503}  # that Retry-After is heeded with; `ControlLink` reads it
_HELD = ("lease", "fence", "spent")
_TOLD = {"acquire": (), "renew": _HELD, "close": _HELD, "recover": ("fence",)}
"""What every client must send alike; how many units it asks for is its own affair."""


def answer_statuses(asked: Input) -> Output:
    """Say what becomes of a request after an HTTP status, and how long to wait."""
    status = asked["status"]
    then = outcome_of(status)
    if then is Outcome.TAKE:
        return {"then": then.value}
    wait = wait_asked_for(asked["retry_after"], parse_instant(asked["now"]))
    pause = pause_after(then, asked["failures"], wait if status in _BUSY else 0.0)
    return {
        "then": then.value,
        "least_ms": round(pause.least * 1000),
        "most_ms": round(pause.most * 1000),
    }


def answer_leases(asked: Input) -> Output:
    """Play the steps of a case and give what each came to."""
    play = _Play(asked)
    return {"results": [play.step(step) for step in asked["steps"]]}


class _Play:
    """One account of one book, on a clock that the steps move."""

    def __init__(self, asked: Input) -> None:
        self.now = 0.0
        self.book = LeaseBook("ins_conformance", lambda: self.now)
        self.asked = asked
        self.account = self._learn(Decimal(1000))
        self.holds: dict[str, Reservation] = {}
        self.requests: list[LeaseRequest] = []

    def step(self, step: Input) -> Output:
        """Do one step at its instant."""
        self.now = step["at_ms"] / 1000
        act: Callable[[Input], Output] = getattr(self, f"do_{step['do']}")
        try:
            return act(step)
        except TallyardError as refused:
            return {"refused": refused.code}

    def do_spend(self, step: Input) -> Output:
        """Spend units, or say why not."""
        return _left(self.account.spend(int(step["units"]), self.now))

    def do_hold(self, step: Input) -> Output:
        """Set units aside under a name."""
        timeout = step.get("timeout_ms")
        held = self.account.hold(
            int(step["units"]), self.now, timeout=_FOREVER if timeout is None else timeout / 1000
        )
        if isinstance(held, Reason):
            return {"refused": held.value}
        self.holds[step["name"]] = held
        return {"left": str(held.remaining)}

    def do_confirm(self, step: Input) -> Output:
        """Spend some of what was set aside, or all."""
        units = step.get("units")
        wanted = None if units is None else int(units)
        return self._settled(step, lambda held: held.confirm(wanted))

    def do_release(self, step: Input) -> Output:
        """Give all of it back."""
        return self._settled(step, lambda held: held.release())

    def do_send(self, step: Input) -> Output:
        """Tell what is to be sent now: the same again while it has no answer."""
        del step
        request = self.book.begin()
        if request is None:
            return {"operations": []}
        self.requests.append(request)
        bodies = [operation.body() for operation in request.operations]
        return {
            "operations": [
                {"op": body["op"], **{name: body[name] for name in _TOLD[str(body["op"])]}}
                for body in bodies
            ]
        }

    def do_answer(self, step: Input) -> Output:
        """Hand over the answer to the last request, or to that of the number ``request``."""
        request = self.requests[step.get("request", -1)]
        results = tuple(
            LeaseResult(
                op=operation.op,
                status=LeaseStatus(said["status"]),
                lease=said.get("lease", ""),
                feature="orders",
                period=self.account.period,
                fence=said.get("fence", 0),
                units=int(said.get("units", "0")),
                expires_in_seconds=said.get("expires_in_seconds", 0),
                remaining=int(said.get("remaining", "0")),
            )
            for operation, said in zip(request.operations, step["results"], strict=True)
        )
        return {"taken": self.book.finish(request.request_id, results)}

    def do_reject(self, step: Input) -> Output:
        """Say that the last request will never be taken."""
        del step
        self.book.reject(self.requests[-1].request_id)
        return {"done": True}

    def do_learn(self, step: Input) -> Output:
        """Take what a new snapshot grants, which may be what the one before did."""
        self.account = self._learn(Decimal(step["limit"]))
        return {"done": True}

    def _learn(self, limit: Decimal) -> LeasedAccount:
        kind, mode = FeatureKind(self.asked["kind"]), Mode(self.asked["mode"])
        period = QuotaPeriod(self.asked["period"], None, None)
        return self.book.account("orders", FeatureGrant(kind, (), mode=mode), period, limit)

    def _settled(self, step: Input, act: Callable[[Reservation], None]) -> Output:
        held = self.holds.get(step["name"])
        if held is None:
            return {"refused": "unknown_hold"}
        act(held)
        return {"done": True}

    def do_recover(self, step: Input) -> Output:
        """Say that all events of earlier processes are reported."""
        del step
        self.book.recover()
        return {"done": True}

    def do_stop(self, step: Input) -> Output:
        """Spend no more, and give back with the next request."""
        del step
        self.book.retire_all()
        return {"done": True}


def _left(left: int | Reason) -> Output:
    return {"refused": left.value} if isinstance(left, Reason) else {"left": str(left)}
