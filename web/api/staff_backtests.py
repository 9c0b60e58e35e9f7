"""Backtests: what a catalogue would have brought, over the real history of all tenants."""

from datetime import date

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from billing.domain.whatif.backtest import Backtest, Outcome, Summary, days_in
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from web.api.common import ApiRequest
from web.compose import Application
from web.patience import as_long_as_a_request_may


class BacktestRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The catalogue to try (YAML), and the days to rate again, both included, of a zone."""

    catalog: str
    first: date
    last: date
    zone: str = "Asia/Shanghai"
    sandboxes: bool = False


class SummaryView(msgspec.Struct):
    """One currency's sums, as decimal texts, and how many customers would pay more or less."""

    currency: str
    before: str
    after: str
    difference: str
    dearer: int
    cheaper: int
    unchanged: int


class OutcomeView(msgspec.Struct):
    """One customer: ``kept`` names plans and add-ons that the catalogue does not sell so."""

    tenant_id: str
    customer: str
    currency: str
    before: str
    after: str
    difference: str
    kept: list[str]


class FailureView(msgspec.Struct):
    """A customer whose history could not be rated; it is in no sum."""

    tenant_id: str
    customer: str
    reason: str


class BacktestView(msgspec.Struct):
    """Revenue before and after, and every customer, the largest differences first."""

    summaries: list[SummaryView]
    outcomes: list[OutcomeView]
    failures: list[FailureView]


def backtest_view(found: Backtest) -> BacktestView:
    """Show a backtest."""
    return BacktestView(
        summaries=[_summary(summed) for summed in found.summaries()],
        outcomes=[_outcome(outcome) for outcome in found.outcomes],
        failures=[
            FailureView(format_id("ten", failure.tenant_id), failure.customer, failure.reason)
            for failure in found.failures
        ],
    )


def _summary(summed: Summary) -> SummaryView:
    return SummaryView(
        currency=summed.before.currency.code,
        before=summed.before.decimal_text(),
        after=summed.after.decimal_text(),
        difference=(summed.after - summed.before).decimal_text(),
        dearer=summed.dearer,
        cheaper=summed.cheaper,
        unchanged=summed.unchanged,
    )


def _outcome(outcome: Outcome) -> OutcomeView:
    return OutcomeView(
        tenant_id=format_id("ten", outcome.tenant_id),
        customer=outcome.customer,
        currency=outcome.before.currency.code,
        before=outcome.before.decimal_text(),
        after=outcome.after.decimal_text(),
        difference=outcome.difference.decimal_text(),
        kept=list(outcome.kept),
    )


@post(
    "/backtests",
    status_code=200,
    opt={"permission": Permission.STAFF_FINANCE, "idempotent": False},
)
async def run_backtest(
    request: ApiRequest,
    data: JSONBody[BacktestRequest],
    application: NamedDependency[Application],
) -> BacktestView:
    """Rate the history of all organisations under another catalogue. Nothing is kept.

    Refused where that takes longer than an answer may; `tallyard backtest` takes its time.
    """
    del request
    period = days_in(data.first, data.last, data.zone)
    async with as_long_as_a_request_may("tallyard backtest"):
        found = await application.run_backtest(data.catalog, period, sandboxes=data.sandboxes)
    return backtest_view(found)


router = Router("/v1/staff", tags=["Staff"], route_handlers=[run_backtest])
