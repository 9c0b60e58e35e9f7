"""Grants, overrides and explanations as rows of pages."""

from datetime import datetime

from control_plane.entitlements.domain.grants import Override, TenantGrant
from control_plane.entitlements.services.explain_entitlement import Explanation, Source
from control_plane.entitlements.services.list_grants import GivenFeatures
from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import TenantId, format_id
from control_plane.sdk.decide import Reason
from web.compose import Application
from web.grant_words import value_words
from web.i18n import N_, translate
from web.portal.cycles import cycle_words
from web.portal.fields import local_instant
from web.portal.page import PageRequest, language_of
from web.portal.views.grants import ExplanationRow, GivenPage, GivenRow, SourceRow
from web.portal.views.shell import Choice, Form

_KINDS = {
    "plan": N_("Plan"),
    "trial": N_("Trial"),
    "terms": N_("Negotiated terms"),
    "addon": N_("Add-on"),
    "grant": N_("Grant"),
    "override": N_("Override"),
}
_REASONS = {
    Reason.GRANTED: N_("It is granted."),
    Reason.NOT_SUBSCRIBED: N_("Nothing grants it."),
    Reason.NOT_STARTED: N_("It is granted later only."),
    Reason.EXPIRED: N_("What granted it is over."),
    Reason.UNKNOWN_FEATURE: N_("The feature was not known."),
    Reason.NO_SNAPSHOT: N_("Nothing had been published yet."),
    Reason.READ_ONLY: N_("The organisation was read-only."),
    Reason.SUSPENDED: N_("The organisation was suspended."),
    Reason.RETAINED: N_("The organisation's data was only retained."),
    Reason.PURGED: N_("The organisation's data was purged."),
}


async def read_given(
    request: PageRequest, application: Application, owner: TenantId, zone: str
) -> GivenPage:
    """Read what was given to an organisation, and what an address asks to have explained.

    Raises:
        FeatureNotFound: it asks for a feature that there is not.
        TimeInvalid: it asks for an instant that is none.
    """
    language = language_of(request)
    given = await application.list_grants(owner)
    code = request.query_params.get("feature", "")
    at = request.query_params.get("at", "")
    explained = None
    if code:
        moment = local_instant(at, zone, "at") if at else None
        found = await application.explain_entitlement(owner, code, moment)
        explained = explanation_row(found, given, language)
    return GivenPage(
        grants=tuple(_grant(one, given, language) for one in given.grants),
        overrides=tuple(_override(one, given, language) for one in given.overrides),
        features=tuple(
            Choice(f.code, f.name.in_language(language), f.code == code)
            for f in given.features.values()
        ),
        cycles=(
            Choice("", translate(language, N_("Once"))),
            *(Choice(one.value, cycle_words(one, 1, language)) for one in Interval),
        ),
        explained=explained,
        form=Form({"at": at}),
    )


def explanation_row(found: Explanation, given: GivenFeatures, language: str) -> ExplanationRow:
    """Show an explanation."""
    window, reason = found.window, found.decision.reason
    value = "" if window is None or window.value is None else str(window.value)
    return ExplanationRow(
        feature=_name(found.feature, given, language),
        code=found.feature,
        at=found.at,
        foreseen=found.foreseen,
        allowed=found.decision.allowed,
        reason=translate(language, _REASONS.get(reason, reason.value)),
        value=value,
        start=None if window is None else window.start,
        end=None if window is None else window.end,
        revision=found.decision.revision,
        sources=tuple(_source(one, language) for one in found.sources),
    )


def _source(one: Source, language: str) -> SourceRow:
    return SourceRow(
        kind=translate(language, _KINDS.get(one.kind, one.kind)),
        name=one.name,
        value="" if one.value is None else value_words(one.value, language),
        reason=one.reason,
    )


def _grant(one: TenantGrant, given: GivenFeatures, language: str) -> GivenRow:
    again = one.recurrence
    return GivenRow(
        given_id=format_id("gra", one.id),
        feature=_name(one.feature, given, language),
        code=one.feature,
        value=value_words(one.value, language),
        state=_state(one.starts_at, one.until, given.at),
        starts_at=one.starts_at,
        until=one.until,
        reason=one.reason,
        every="" if again is None else cycle_words(again.interval, again.count, language),
        priority=one.priority,
        balance=given.balances.get(one.id),
    )


def _override(one: Override, given: GivenFeatures, language: str) -> GivenRow:
    return GivenRow(
        given_id=format_id("ovr", one.id),
        feature=_name(one.feature, given, language),
        code=one.feature,
        value=value_words(one.value, language),
        state=_state(one.starts_at, one.until, given.at),
        starts_at=one.starts_at,
        until=one.until,
        reason=one.reason,
        every="",
        priority=None,
        balance=None,
    )


def _state(starts_at: datetime, until: datetime | None, at: datetime) -> str:
    if until is not None and until <= at:
        return "ended"
    return "active" if starts_at <= at else "booked"


def _name(code: str, given: GivenFeatures, language: str) -> str:
    feature = given.features.get(code)
    return code if feature is None else feature.name.in_language(language)
