"""May this call go ahead? Asked over plain HTTP, by whoever has no client of their own."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.entitlements.errors_checks import ChecksInvalid, UnitsInvalid
from control_plane.entitlements.services.check_entitlements import Answer, Checked, Question
from control_plane.identity.domain import Permission
from web.api.common import ApiRequest, tenant
from web.api.entitlement_views import DecisionView, decision_members, decision_view
from web.compose import Application
from web.edge.short_way import Asked, Short, TakeTheLongWay

MOST_CHECKS: Final = 200
MOST_UNITS: Final = 10**15
_LONGEST_CHECK: Final = 10_000
ASK: Final = {"permission": Permission.ENTITLEMENT_READ, "idempotent": False}
"""A question changes nothing, so it takes no key."""


class CheckRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A feature, how many of its units the call needs, and how new the answer must be."""

    feature: str
    units: int = 1
    min_revision: int = 0


class CheckItem(msgspec.Struct, forbid_unknown_fields=True):
    """One feature of several, and how many of its units the call needs."""

    feature: str
    units: int = 1


class ChecksRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 200 checks that one revision answers, and how new it must be."""

    checks: list[CheckItem]
    min_revision: int = 0


class CheckView(DecisionView):
    """The answer, the revision it follows from, and how long ago that was known to be newest."""

    revision: int
    at: datetime
    age_seconds: int


class ChecksView(msgspec.Struct):
    """The answers in the order asked, all of one revision at one instant."""

    revision: int
    at: datetime
    age_seconds: int
    items: list[DecisionView]


class ConsumedView(msgspec.Struct):
    """How many units were taken: those asked for, or none. Limits are in units, as text."""

    feature: str
    units: int
    allowed: bool
    reason: str
    limit: str | None
    remaining: str | None


_check_request = msgspec.json.Decoder(CheckRequest)


@post("/check", status_code=200, opt=ASK)
async def check_entitlement(
    request: ApiRequest, data: JSONBody[CheckRequest], application: NamedDependency[Application]
) -> CheckView:
    """Tell whether a call that needs a feature may go ahead now.

    Nothing is taken. With ``min_revision``, the answer waits up to two seconds for that revision.
    """
    question = Question(data.feature, units_from(data.units, "units"))
    checked = await application.check_entitlements(tenant(request), (question,), data.min_revision)
    return _view(checked, checked.answers[0])


def short_check(application: Application) -> Short:
    """Answer as `check_entitlement` does."""

    async def answer(asked: Asked) -> bytes:
        body = await asked.read()
        try:
            data = _check_request.decode(body)
        except (ValueError, RecursionError):
            raise TakeTheLongWay from None
        if b"\\u0000" in body:
            raise TakeTheLongWay
        question = Question(data.feature, units_from(data.units, "units"))
        checked = await application.check_entitlements(
            asked.tenant_id, (question,), data.min_revision
        )
        return msgspec.json.encode(_view(checked, checked.answers[0]))

    kinds = frozenset({b"application/json"})
    return Short(answer, Permission.ENTITLEMENT_READ, kinds, _LONGEST_CHECK)


@post("/checks", status_code=200, opt=ASK)
async def check_entitlements(
    request: ApiRequest, data: JSONBody[ChecksRequest], application: NamedDependency[Application]
) -> ChecksView:
    """Answer up to 200 checks by one revision, in the order asked."""
    if not 1 <= len(data.checks) <= MOST_CHECKS:
        raise ChecksInvalid(value=len(data.checks), most=MOST_CHECKS, field="checks")
    questions = [
        Question(item.feature, units_from(item.units, f"checks[{n}].units"))
        for n, item in enumerate(data.checks)
    ]
    checked = await application.check_entitlements(tenant(request), questions, data.min_revision)
    return ChecksView(
        revision=checked.revision,
        at=checked.at,
        age_seconds=checked.age_seconds,
        items=[decision_view(a.feature, a.decision, a.remaining) for a in checked.answers],
    )


@post("/consume", status_code=200, opt={"permission": Permission.ENTITLEMENT_CONSUME})
async def consume_units(
    request: ApiRequest, data: JSONBody[CheckRequest], application: NamedDependency[Application]
) -> ConsumedView:
    """Take units of a counted feature: all of them, or none where they are not left.

    One decision admits and counts. The Idempotency-Key takes them once, however often it is sent;
    a soft limit never refuses, and may leave less than nothing.
    """
    owner, units = tenant(request), units_from(data.units, "units")
    await application.check_entitlements.at_least(owner, data.min_revision)
    taken = await application.consume_units(owner, data.feature, units)
    return ConsumedView(
        feature=data.feature,
        units=units if taken.allowed else 0,
        allowed=taken.allowed,
        reason=taken.reason,
        limit=None if taken.limit is None else str(taken.limit),
        remaining=None if taken.limit is None else str(taken.remaining),
    )


def units_from(units: int, field: str) -> int:
    """Take a number of units that a call may need.

    Raises:
        UnitsInvalid: none, or more than anybody has.
    """
    if not 1 <= units <= MOST_UNITS:
        raise UnitsInvalid(value=units, most=MOST_UNITS, field=field)
    return units


def _view(checked: Checked, answer: Answer) -> CheckView:
    shown = decision_members(answer.feature, answer.decision, answer.remaining)
    return CheckView(*shown, checked.revision, checked.at, checked.age_seconds)


router = Router(
    "/v1/entitlements",
    tags=["Entitlements"],
    route_handlers=[check_entitlement, check_entitlements, consume_units],
)
