"""What is owed, the slow and plain way: day by day, and minute by minute on days of change.

Shares nothing with the engine but the kernel's calendar and the prices of whole periods and of
quantities, which have properties of their own.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billing.domain.lines import Versions
from control_plane.catalog.policies import DEFAULTS, Choices
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, Timeline
from tests.support.oracle.fees import Fees, Shop
from tests.support.oracle.others import addon_owed, commitments
from tests.support.oracle.states import History
from tests.support.oracle.usage import Arrears

Event = tuple[datetime, Decimal]


def owed_by_charge(
    timeline: Timeline,
    versions: Versions,
    choices: Choices,
    events: Sequence[Event],
    at: datetime,
) -> dict[str, int]:
    """Net minor units owed per charge code (add-ons by theirs) at an instant, zeros left out."""
    history, policies = History(timeline, at), DEFAULTS.over(choices)
    shop = Shop(versions.plans, timeline.currency)
    fees = Fees(history, shop, policies, at)
    arrears = Arrears(fees, [event for event in events if event[0] <= at])
    totals: dict[str, int] = {}
    lines: list[tuple[str, datetime, int]] = []
    unit = currency(timeline.currency)

    def add(code: str, exact) -> int:
        minor = Money.rounded(exact, unit).minor
        totals[code] = totals.get(code, 0) + minor
        return minor

    for (label, code, end), exact in fees.owed().items():
        lines.append((label, end, add(code, exact)))
    for (code, _, reign, period), exact in arrears.owed().items():
        lines.append((arrears.labels[reign], period.end, add(code, exact)))

    def come_to(label: str, period: Period) -> int:
        return sum(minor for of, end, minor in lines if of == label and end == period.end)

    for exact in commitments(fees, come_to).values():
        add("commitment", exact)
    for change in history.changes:
        if isinstance(change.action, BookAddon):
            addon = versions.addons[change.action.addon_version_id]
            add(addon.code, addon_owed(history, change, addon, policies, at).major)
    return {code: minor for code, minor in totals.items() if minor}
