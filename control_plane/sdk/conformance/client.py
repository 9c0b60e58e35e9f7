"""The Python client behind the kit's protocol: what vectors are made from, and held to."""

import base64
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.exact import quantity_text
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.conformance.lease_client import answer_leases, answer_statuses
from control_plane.sdk.decide import Decision, decide
from control_plane.sdk.envelope import Envelope, load_public_keys, verify
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation, parse_leases
from control_plane.sdk.leases import next_lease
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import (
    FeatureGrant,
    FeatureKind,
    parse_heartbeat,
    parse_snapshot,
)

Input = Mapping[str, Any]
Output = dict[str, Any]


def answer(suite: str, asked: Input) -> Output | None:
    """Give a suite's output for an input; None where the suite is not known."""
    client = _CLIENTS.get(suite)
    return None if client is None else _told(partial(client, asked))


def main() -> None:
    """Answer one line of JSON after the other, until there are no more."""
    for line in sys.stdin:
        message = json.loads(line)
        output = answer(message["suite"], message["input"])
        said = {"unsupported": True} if output is None else {"output": output}
        sys.stdout.write(json.dumps({"id": message["id"], **said}) + "\n")
        sys.stdout.flush()


def _told(act: Callable[[], Output]) -> Output:
    """Give what an act gives, or the code of what it was refused for."""
    try:
        return act()
    except TallyardError as refused:
        return {"refused": refused.code}


def _verified(asked: Input) -> bytes:
    return verify(Envelope.from_json(asked["envelope"]), _keys(asked))


def _keys(asked: Input) -> Any:
    return load_public_keys(json.dumps(asked["keys"]))


def _envelopes(asked: Input) -> Output:
    payload = base64.urlsafe_b64encode(_verified(asked)).rstrip(b"=").decode()
    return {"payload": payload}


def _keyrings(asked: Input) -> Output:
    """Follow rings and verify messages, in the order of the steps."""
    ring = KeyRing(_keys(asked))

    def stepped(step: Input) -> Output:
        envelope = Envelope.from_json(step["envelope"])
        if step["do"] == "ring":
            return {"applied": ring.apply(envelope), "serial": ring.serial}
        verify(envelope, ring)
        return {"verified": True}

    return {"results": [_told(partial(stepped, step)) for step in asked["steps"]]}


def _snapshots(asked: Input) -> Output:
    return {"snapshot": parse_snapshot(_verified(asked), tenant=asked["tenant"]).body()}


def _heartbeats(asked: Input) -> Output:
    heartbeat = parse_heartbeat(_verified(asked), tenant=asked["tenant"])
    return {"revision": heartbeat.revision, "issued_at": instant_text(heartbeat.issued_at)}


def _decisions(asked: Input) -> Output:
    snapshot = parse_snapshot(canonical_json(asked["snapshot"]))
    at = parse_instant(asked["at"])
    return _said(decide(snapshot, asked["feature"], at, age_seconds=asked["age_seconds"]))


def _said(decision: Decision) -> Output:
    until, value = decision.valid_until, decision.value
    return {
        "allowed": decision.allowed,
        "reason": decision.reason.value,
        "limit": None if decision.limit is None else quantity_text(decision.limit),
        "value": _value(value),
        "valid_until": None if until is None else instant_text(until),
        "revision": decision.revision,
    }


def _value(value: Decimal | str | None) -> Output | None:
    if value is None:
        return None
    return {"text": value} if isinstance(value, str) else {"number": quantity_text(value)}


def _quotas(asked: Input) -> Output:
    grant = FeatureGrant(
        FeatureKind.METERED, (), per=asked.get("per"), rolling_seconds=asked.get("rolling_seconds")
    )
    period = quota_period(grant, asked["zone"], parse_instant(asked["at"]))
    start, end = (at and instant_text(at) for at in (period.start, period.end))
    return {"key": period.key, "start": start, "end": end}


def _states(asked: Input) -> Output:
    clock = FakeClock(parse_instant(asked["now"]))
    state = EntitlementState(tenant=asked["tenant"], keys=_keys(asked), clock=clock)
    return {"results": list(_stepped(state, clock, asked["steps"]))}


def _stepped(state: EntitlementState, clock: FakeClock, steps: Iterable[Input]) -> Iterator[Output]:
    for step in steps:
        clock.advance(seconds=step.get("after_ms", 0) / 1000)
        if "wall" in step:
            clock.set(parse_instant(step["wall"]))
        yield _told(partial(_step, state, step))


def _step(state: EntitlementState, step: Input) -> Output:
    if step["do"] == "snapshot":
        return {"applied": state.apply_snapshot(Envelope.from_json(step["envelope"]))}
    if step["do"] == "heartbeat":
        return {"applied": state.apply_heartbeat(Envelope.from_json(step["envelope"]))}
    decision = state.check(step["feature"])
    held = state.revision > 0
    return {**_said(decision), "age_ms": round(state.age_seconds() * 1000) if held else None}


def _lease_answers(asked: Input) -> Output:
    answered = parse_leases(
        _verified(asked),
        tenant=asked["tenant"],
        holder=asked["holder"],
        request_id=asked["request_id"],
        asked=[LeaseOperation(LeaseOp(op)) for op in asked["asked"]],
    )
    return {
        "issued_at": instant_text(answered.issued_at),
        "results": [result.body() for result in answered.results],
    }


def _lease_sizes(asked: Input) -> Output:
    rate = Fraction(int(asked["units"]), int(asked["seconds"]))
    return {"units": str(next_lease(rate, int(asked["remaining"]), int(asked["holders"])))}


_CLIENTS: Mapping[str, Callable[[Input], Output]] = {
    "envelopes": _envelopes,
    "keyrings": _keyrings,
    "snapshots": _snapshots,
    "heartbeats": _heartbeats,
    "decisions": _decisions,
    "quotas": _quotas,
    "states": _states,
    "lease_answers": _lease_answers,
    "lease_sizes": _lease_sizes,
    "lease_statuses": answer_statuses,
    "leases": answer_leases,
}

if __name__ == "__main__":
    main()
