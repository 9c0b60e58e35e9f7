"""A backtest as tables: what each currency comes to, and every customer."""

from billing.domain.reports.sheet import Sheet, count, money, text
from billing.domain.whatif.backtest import Backtest
from control_plane.kernel.ids import format_id

_SUMMARY = (
    text("currency"),
    money("before"),
    money("after"),
    money("difference"),
    count("dearer"),
    count("cheaper"),
    count("unchanged"),
)
_CUSTOMERS = (
    text("customer"),
    text("tenant"),
    money("before"),
    money("after"),
    money("difference"),
    text("kept"),
)
_FAILURES = (text("customer"), text("tenant"), text("reason"))


def backtest_sheets(found: Backtest) -> list[Sheet]:
    """Return the tables of a backtest; the last one, of failures, only where there are any."""
    summary = tuple(
        (
            summed.before.currency.code,
            summed.before,
            summed.after,
            summed.after - summed.before,
            summed.dearer,
            summed.cheaper,
            summed.unchanged,
        )
        for summed in found.summaries()
    )
    customers = tuple(
        (
            outcome.customer,
            format_id("ten", outcome.tenant_id),
            outcome.before,
            outcome.after,
            outcome.difference,
            ", ".join(outcome.kept),
        )
        for outcome in found.outcomes
    )
    sheets = [
        Sheet("backtest", _SUMMARY, summary),
        Sheet("customers", _CUSTOMERS, customers, chart="difference"),
    ]
    if found.failures:
        rows = tuple((f.customer, format_id("ten", f.tenant_id), f.reason) for f in found.failures)
        sheets.append(Sheet("not_rated", _FAILURES, rows))
    return sheets
