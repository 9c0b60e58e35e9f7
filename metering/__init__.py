"""Usage, taken in exactly once and added up exactly and repeatably."""
