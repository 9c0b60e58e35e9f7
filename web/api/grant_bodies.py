"""Grants, overrides and explanations, as the API shows and reads them."""

from datetime import datetime
from decimal import Decimal

import msgspec

from control_plane.entitlements.domain.burning import Balance
from control_plane.entitlements.domain.grants import Override, Rollover, TenantGrant
from control_plane.entitlements.services.explain_entitlement import Explanation, Source
from control_plane.entitlements.services.grant_feature import Terms
from control_plane.entitlements.services.list_grants import GivenFeatures
from control_plane.kernel.anchor import Interval
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from web.api.common import choice_from, instant_from
from web.api.grant_values import GrantValue, grant_view


class RolloverBody(msgspec.Struct, forbid_unknown_fields=True):
    """What of a rest is carried over: at most ``most`` (null: all), made up to ``least``."""

    least: int = 0
    most: int | None = None


class GrantRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Units or a value of a feature, from ``starts_at`` (now) until ``expires_at`` (for good).

    The smaller ``priority`` is used first; the plan's units have 100. ``every`` so many intervals,
    ``count``, the units come again. Without ``rollover`` the rest of a recurring grant lapses, and
    any other's is carried over.
    """

    feature: str
    value: GrantValue
    reason: str
    starts_at: str | None = None
    expires_at: str | None = None
    priority: int = 100
    every: str | None = None
    count: int = 1
    rollover: RolloverBody | None = None

    def terms(self) -> Terms:
        """Read when and how it is used."""
        starts, expires, every = self.starts_at, self.expires_at, self.every
        rest = self.rollover
        return Terms(
            starts_at=None if starts is None else instant_from(starts, field="starts_at"),
            expires_at=None if expires is None else instant_from(expires, field="expires_at"),
            priority=self.priority,
            every=None if every is None else choice_from(Interval, every, field="every"),
            count=self.count,
            rollover=None if rest is None else Rollover(rest.least, rest.most),
        )


class OverrideRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The last word on a feature: a value, or false to take it away.

    It holds from ``starts_at`` (now) until ``ends_at``, or until it is ended.
    """

    feature: str
    value: GrantValue
    reason: str
    starts_at: str | None = None
    ends_at: str | None = None


class EndRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why it ends."""

    reason: str


class BalanceView(msgspec.Struct):
    """What became of units: granted = used + lapsed + left; ``made_up`` is part of granted."""

    granted: int
    used: int
    lapsed: int
    left: int
    made_up: int


class GrantView(msgspec.Struct):
    """A grant; ``until`` is when it ends, ``balance`` what is left where units are used up."""

    id: str
    feature: str
    value: GrantValue
    reason: str
    priority: int
    starts_at: datetime
    until: datetime | None
    every: str | None
    count: int | None
    rollover: RolloverBody
    created_at: datetime
    created_by: str
    balance: BalanceView | None


class OverrideView(msgspec.Struct):
    """An override, and until when it has the last word."""

    id: str
    feature: str
    value: GrantValue
    reason: str
    starts_at: datetime
    until: datetime | None
    created_at: datetime
    created_by: str


class GivenView(msgspec.Struct):
    """All grants and overrides, those that ended too, the newest first."""

    at: datetime
    grants: list[GrantView]
    overrides: list[OverrideView]


class SourceView(msgspec.Struct):
    """One thing that made an answer: plan, trial, terms, addon, grant or override."""

    kind: str
    name: str
    value: GrantValue | None
    reason: str
    created_by: str
    until: datetime | None


class ExplanationView(msgspec.Struct):
    """The answer at ``at``, from the revision that was the newest then, and what made it.

    ``foreseen``: that is ahead, and told as far as it is known. Units are not counted.
    """

    feature: str
    at: datetime
    foreseen: bool
    allowed: bool
    reason: str
    kind: str | None
    value: str | None
    burst: str | None
    per: str | None
    standing: str
    revision: int
    issued_at: datetime | None
    window_start: datetime | None
    window_end: datetime | None
    sources: list[SourceView]


def grant_row(grant: TenantGrant, balance: Balance | None) -> GrantView:
    """Show a grant."""
    recurrence = grant.recurrence
    return GrantView(
        id=format_id("gra", grant.id),
        feature=grant.feature,
        value=grant_view(grant.value),
        reason=grant.reason,
        priority=grant.priority,
        starts_at=grant.starts_at,
        until=grant.until,
        every=None if recurrence is None else recurrence.interval.value,
        count=None if recurrence is None else recurrence.count,
        rollover=RolloverBody(grant.rollover.least, grant.rollover.most),
        created_at=grant.created_at,
        created_by=grant.created_by,
        balance=None if balance is None else _balance(balance),
    )


def override_row(one: Override) -> OverrideView:
    """Show an override."""
    return OverrideView(
        id=format_id("ovr", one.id),
        feature=one.feature,
        value=grant_view(one.value),
        reason=one.reason,
        starts_at=one.starts_at,
        until=one.until,
        created_at=one.created_at,
        created_by=one.created_by,
    )


def given_view(given: GivenFeatures) -> GivenView:
    """Show everything given."""
    return GivenView(
        at=given.at,
        grants=[grant_row(one, given.balances.get(one.id)) for one in given.grants],
        overrides=[override_row(one) for one in given.overrides],
    )


def explanation_view(found: Explanation) -> ExplanationView:
    """Show an explanation."""
    decision, window, grant = found.decision, found.window, found.grant
    return ExplanationView(
        feature=found.feature,
        at=found.at,
        foreseen=found.foreseen,
        allowed=decision.allowed,
        reason=decision.reason.value,
        kind=None if grant is None else grant.kind.value,
        value=_text(None if window is None else window.value),
        burst=_text(found.burst),
        per=None if grant is None else grant.per,
        standing=found.standing.value,
        revision=decision.revision,
        issued_at=found.issued_at,
        window_start=None if window is None else window.start,
        window_end=None if window is None else window.end,
        sources=[_source(one) for one in found.sources],
    )


def _source(one: Source) -> SourceView:
    value = None if one.value is None else grant_view(one.value)
    return SourceView(one.kind, one.name, value, one.reason, one.created_by, one.until)


def _balance(one: Balance) -> BalanceView:
    return BalanceView(one.granted, one.used, one.lapsed, one.left, one.made_up)


def _text(value: Decimal | str | None) -> str | None:
    return quantity_text(value) if isinstance(value, Decimal) else value
