"""Lays a backtest out for a page: sums, the largest differences, and its tables."""

from datetime import date
from fractions import Fraction

from billing.domain.reports.sheet import Sheet
from billing.domain.whatif.backtest import Backtest, Outcome
from billing.reporting.backtest_chart import MOST_BARS
from billing.reporting.backtest_sheets import backtest_sheets
from web.i18n import N_, translate
from web.portal.charts import percent
from web.portal.views.reports import SheetView
from web.portal.views.whatif import BacktestResult, ChangeBar, ChangeChart, SumsView
from web.reports.words import speaker

SHOWN_ROWS = 500
_HALF = Fraction(1, 2)


def backtest_result(found: Backtest, first: date, last: date, language: str) -> BacktestResult:
    """Show what a backtest over ``first`` to ``last`` (days, as asked) found."""
    _, *tables = backtest_sheets(found)
    return BacktestResult(
        first=first,
        last=last,
        rated=len({outcome.tenant_id for outcome in found.outcomes}),
        sums=tuple(
            SumsView(
                before=summed.before,
                after=summed.after,
                difference=summed.after - summed.before,
                dearer=summed.dearer,
                cheaper=summed.cheaper,
                unchanged=summed.unchanged,
            )
            for summed in found.summaries()
        ),
        charts=change_charts(found, language),
        sheets=tuple(_table(sheet, language) for sheet in tables if sheet.rows),
        shown=min(SHOWN_ROWS, len(found.outcomes)),
        customers=len(found.outcomes),
    )


def change_charts(found: Backtest, language: str) -> tuple[ChangeChart, ...]:
    """Return a chart for each currency in which anything differs."""
    charts = []
    for summed in found.summaries():
        of = summed.before.currency
        changed = [o for o in found.outcomes if o.before.currency == of and o.difference.minor]
        if not changed:
            continue
        title = translate(language, N_("What customers would have paid more or less"))
        largest = max(abs(outcome.difference.minor) for outcome in changed)
        charts.append(
            ChangeChart(
                title=f"{title} ({of.code})",
                bars=tuple(_bar(outcome, largest) for outcome in changed[:MOST_BARS]),
                further=max(0, len(changed) - MOST_BARS),
            )
        )
    return tuple(charts)


def _bar(outcome: Outcome, largest: int) -> ChangeBar:
    change = outcome.difference
    width = Fraction(abs(change.minor), largest) * _HALF
    dearer = change.minor > 0
    return ChangeBar(
        name=outcome.customer,
        amount=change,
        x=percent(_HALF if dearer else _HALF - width),
        width=percent(width),
        dearer=dearer,
    )


def _table(sheet: Sheet, language: str) -> SheetView:
    word = speaker(language)
    return SheetView(
        code=sheet.code,
        title=word(sheet.code),
        columns=tuple((column, word(column.key)) for column in sheet.columns),
        rows=sheet.rows[:SHOWN_ROWS],
        sums=sheet.sums,
        charts=(),
        csv_url="",
        shown=(1, min(SHOWN_ROWS, len(sheet.rows))),
        total=len(sheet.rows),
    )
