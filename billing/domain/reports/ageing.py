"""How long money has been owed."""

from datetime import date

BUCKETS = ("not_due", "days_0_30", "days_31_60", "days_61_90", "days_over_90")
"""By days past the last day of the payment term; what that day has not passed is not due."""

_UPPER = (30, 60, 90)


def bucket(payable_by: date, on: date) -> str:
    """Return the bucket of an invoice on a day.

    >>> bucket(date(2026, 10, 1), date(2026, 10, 31))
    'days_0_30'
    """
    past = (on - payable_by).days
    if past <= 0:
        return BUCKETS[0]
    return BUCKETS[1 + sum(past > upper for upper in _UPPER)]
