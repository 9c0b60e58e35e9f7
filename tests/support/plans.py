"""What PostgreSQL did for a statement, as EXPLAIN (ANALYZE, FORMAT JSON) tells."""

from collections.abc import Iterator
from typing import Any


def rows_read(explained: list[dict[str, Any]], table: str) -> int:
    """Count the rows looked at of a table, or of its partitions, wanted or not."""
    return round(
        sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in _nodes(explained[0]["Plan"])
            if node.get("Relation Name", "").startswith(table)
        )
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)
