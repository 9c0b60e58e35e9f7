"""Grants, overrides and explanations as rows of pages."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Feature, Grant, Rate
from control_plane.catalog.repository import CatalogRepository
from control_plane.entitlements.domain.grants import Override, TenantGrant, is_carried
from control_plane.entitlements.services.explain_entitlement import Explanation, Source
from control_plane.entitlements.services.list_grants import GivenFeatures
from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import TenantId, format_id
from control_plane.sdk.decide import Reason
from control_plane.sdk.snapshot import Window
from web.compose import Application
from web.grant_words import granted_words
from web.i18n import N_, translate
from web.portal.cycles import often_words
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


async def given_page(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    given: GivenFeatures,
    zone: str,
) -> GivenPage:
    """Show what was given to an organisation, and what an address asks to have explained.

    Raises:
        FeatureNotFound: it asks for a feature that there is not.
        TimeInvalid: it asks for an instant that is none.
    """
    language = language_of(request)
    code = request.query_params.get("feature", "")
    at = request.query_params.get("at", "")
    explained = None
    if code:
        moment = local_instant(at, zone, "at") if at else None
        found = await application.explain_entitlement(owner, code, moment)
        sold = await sold_names(application, owner, language)
        explained = explanation_row(found, given, sold, language)
    return GivenPage(
        grants=tuple(_grant(one, given, language) for one in given.grants),
        overrides=tuple(_override(one, given, language) for one in given.overrides),
        features=tuple(
            Choice(f.code, f.name.in_language(language), f.code == code)
            for f in given.features.values()
        ),
        cycles=(
            Choice("", translate(language, N_("Once"))),
            *(Choice(one.value, often_words(one, 1, language)) for one in Interval),
        ),
        explained=explained,
        form=Form({"at": at}),
    )


def explanation_row(
    found: Explanation, given: GivenFeatures, sold: Mapping[str, str], language: str
) -> ExplanationRow:
    """Show an explanation."""
    window, reason = found.window, found.decision.reason
    feature = given.features.get(found.feature)
    return ExplanationRow(
        feature=_name(found.feature, given, language),
        code=found.feature,
        at=found.at,
        foreseen=found.foreseen,
        allowed=found.decision.allowed,
        reason=translate(language, _REASONS.get(reason, reason.value)),
        value="" if window is None else window_words(window, feature, language),
        start=None if window is None else window.start,
        end=None if window is None else window.end,
        revision=found.decision.revision,
        sources=tuple(_source(one, found.feature, given, sold, language) for one in found.sources),
    )


def window_words(window: Window, feature: Feature | None, language: str) -> str:
    """Say what a window grants of its feature."""
    value: Grant = True if window.value is None else window.value
    if isinstance(value, Decimal) and window.burst is not None:
        value = Rate(value, window.burst)
    return granted_words(value, feature, language)


async def sold_names(application: Application, owner: TenantId, language: str) -> Mapping[str, str]:
    """Return the names of the plans and add-ons on sale, by code."""
    async with application.work(owner) as session:
        catalog = await CatalogRepository(session).current()
    names = {code: plan.name for code, plan in catalog.plans.items()}
    names |= {code: addon.name for code, addon in catalog.addons.items()}
    return {code: name.in_language(language) for code, name in names.items()}


def window_sources(
    window: Window, given: GivenFeatures, sold: Mapping[str, str], language: str
) -> tuple[SourceRow, ...]:
    """Name what made a window: plans and add-ons as they are sold, the rest by its reason."""
    reasons = {one.source: one.reason for one in given.grants}
    reasons |= {one.source: one.reason for one in given.overrides}
    rows = []
    for text in window.source.split("+"):
        kind, _, label = text.partition(":")
        rows.append(
            SourceRow(
                kind=translate(language, _KINDS.get(kind, kind)),
                name="" if text in reasons else _sold(label, sold),
                value="",
                reason=reasons.get(text, ""),
            )
        )
    return tuple(rows)


def _sold(label: str, sold: Mapping[str, str]) -> str:
    return sold.get(label.partition("@")[0], label)


def _source(
    one: Source, code: str, given: GivenFeatures, sold: Mapping[str, str], language: str
) -> SourceRow:
    feature = given.features.get(code)
    if one.value is None:
        value = ""
    elif one.kind == "grant":
        value = _units(one.value, feature, language)
    else:
        value = granted_words(one.value, feature, language)
    return SourceRow(
        kind=translate(language, _KINDS.get(one.kind, one.kind)),
        name="" if one.reason else _sold(one.name, sold),
        value=value,
        reason=one.reason,
        code="" if one.reason else one.name,
    )


def _units(value: Grant, feature: Feature | None, language: str) -> str:
    """Say what a grant gives: units that are used up belong to no period."""
    used_up = feature is not None and is_carried(feature)
    return granted_words(value, None if used_up else feature, language)


def _grant(one: TenantGrant, given: GivenFeatures, language: str) -> GivenRow:
    again = one.recurrence
    return GivenRow(
        given_id=format_id("gra", one.id),
        feature=_name(one.feature, given, language),
        code=one.feature,
        value=_units(one.value, given.features.get(one.feature), language),
        state=_state(one.starts_at, one.until, given.at),
        starts_at=one.starts_at,
        until=one.until,
        reason=one.reason,
        every="" if again is None else often_words(again.interval, again.count, language),
        priority=one.priority,
        balance=given.balances.get(one.id),
    )


def _override(one: Override, given: GivenFeatures, language: str) -> GivenRow:
    return GivenRow(
        given_id=format_id("ovr", one.id),
        feature=_name(one.feature, given, language),
        code=one.feature,
        value=granted_words(one.value, given.features.get(one.feature), language),
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
