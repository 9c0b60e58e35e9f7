"""Whether a plan grants more than another: one half of when a plan change takes effect."""

from collections.abc import Mapping
from decimal import Decimal

from control_plane.catalog.domain import Grant


def any_grant_rises(old: Mapping[str, Grant], new: Mapping[str, Grant]) -> bool:
    """Tell whether anything is granted that was not, or any limit is higher."""
    return any(_size(grant) > _size(old.get(code)) for code, grant in new.items())


def _size(grant: Grant | None) -> Decimal:
    if grant is None:
        return Decimal(0)
    return Decimal(int(grant)) if isinstance(grant, bool) else grant
