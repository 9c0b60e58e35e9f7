"""Whether a plan grants more than another: one half of when a plan change takes effect."""

from collections.abc import Mapping
from decimal import Decimal

from control_plane.catalog.domain import Grant, Rate


def any_grant_rises(old: Mapping[str, Grant], new: Mapping[str, Grant]) -> bool:
    """Tell whether anything is granted that was not, or any limit is higher.

    Texts have no order: another one counts as more.
    """
    return any(_rises(old.get(code), grant) for code, grant in new.items())


def _rises(old: Grant | None, new: Grant) -> bool:
    if isinstance(new, str):
        return new != old
    return any(after > before for before, after in zip(_sizes(old), _sizes(new), strict=True))


def _sizes(grant: Grant | None) -> tuple[Decimal, Decimal]:
    if isinstance(grant, Rate):
        return grant.per_second, grant.burst
    if grant is None or isinstance(grant, str):
        return Decimal(0), Decimal(0)
    return (Decimal(int(grant)) if isinstance(grant, bool) else grant), Decimal(0)
