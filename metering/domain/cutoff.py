"""Cut-offs as PostgreSQL writes them: ``xmin:xmax:xip,xip,…`` (the type ``pg_snapshot``)."""

from functools import lru_cache


def is_inside(cutoff: str, transaction: int) -> bool:
    """Tell whether a committed transaction had committed when the cut-off was taken.

    Source: PostgreSQL's documentation, "Snapshot components" of
    ``pg_visible_in_snapshot``.
    """
    xmin, xmax, running = parts(cutoff)
    return transaction < xmin or (transaction < xmax and transaction not in running)


def contains(later: str, earlier: str) -> bool:
    """Tell whether everything inside one cut-off is surely inside the other, too."""
    _, xmax, running = parts(later)
    _, seen, _ = parts(earlier)
    return seen <= xmax and not any(is_inside(earlier, number) for number in running)


@lru_cache(maxsize=256)
def parts(cutoff: str) -> tuple[int, int, frozenset[int]]:
    """Read a cut-off: the first unfinished transaction, the first to come, and those running."""
    xmin, xmax, running = cutoff.split(":")
    return int(xmin), int(xmax), frozenset(int(number) for number in running.split(",") if number)
