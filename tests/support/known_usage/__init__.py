"""Usage whose totals are known beforehand, told in the worst of ways."""
