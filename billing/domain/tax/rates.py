"""Tax rates by jurisdiction and category, and the days on which they hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from control_plane.catalog.domain import Text


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate of a jurisdiction for a category of goods, from a day on.

    ``jurisdiction`` is a country (ISO 3166-1 alpha-2) or a part of one (ISO 3166-2). It holds to
    the day before ``valid_to``, or before the next one begins. ``code`` is UNCL5305; ``rate`` is in
    percent, 0 unless the code is S.
    """

    jurisdiction: str
    category: str
    valid_from: date
    code: str
    rate: Decimal
    reason: Text | None = None
    valid_to: date | None = None
    revision: int = 1


def rate_on(rates: Iterable[TaxRate], category: str, day: date) -> TaxRate | None:
    """Return the rate of a category that holds on a day, out of one jurisdiction's.

    The one that began last holds, in its last revision; none holds after its own end.
    """
    begun = [r for r in rates if r.category == category and r.valid_from <= day]
    if not begun:
        return None
    last = max(begun, key=lambda rate: (rate.valid_from, rate.revision))
    return None if last.valid_to is not None and day >= last.valid_to else last
