"""The arithmetic of leased quotas: sizes and lifetimes, in whole units."""

from fractions import Fraction

LEASE_SECONDS = 30
"""How long a lease lives unless its feature says otherwise."""
RECLAIM_MARGIN_SECONDS = 5
"""How much longer the server waits before it takes back what nobody returned."""
HORIZON_SECONDS = 5
"""How long a lease of the size asked for lasts at the holder's own rate."""


def next_lease(rate: Fraction | int, remaining: int, holders: int) -> int:
    """Return how many units the next lease of an account should have.

    Five seconds' worth at ``rate`` units a second, but no more than half of an equal share of what
    remains, so that leases shrink to one unit as the limit comes near. At least one while anything
    remains; 0 only when nothing does.
    """
    share = remaining // (2 * max(holders, 1))
    return min(max(1, min(int(rate * HORIZON_SECONDS), share)), max(remaining, 0))


def measured_rate(units: int, elapsed_ms: int) -> Fraction:
    """Return units a second; a burst counts as if it had taken a second at least."""
    return Fraction(units * 1000, max(elapsed_ms, 1000))
