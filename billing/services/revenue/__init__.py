"""Use cases: what was earned, what stands in the books, and what recurs."""
