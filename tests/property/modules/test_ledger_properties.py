"""Whatever is posted in whatever order, the ledger's balances are the sum of its movements."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_modules.chassis.database import connect, migrate
from inventory_modules.chassis.stock_errors import InsufficientStock
from inventory_modules.ledger.domain import Line, Posting
from inventory_modules.ledger.post_movements import post
from inventory_modules.ledger.schema import SCHEMA

AT = datetime(2026, 3, 2, tzinfo=UTC)
LOCATIONS = st.sampled_from(["supplier", "customer", "loss", "stock", "annex"])
LINES = st.builds(
    Line,
    sku=st.sampled_from(["A", "B"]),
    source=LOCATIONS,
    target=LOCATIONS,
    quantity=st.integers(1, 5),
).filter(lambda line: line.source != line.target)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.lists(LINES, min_size=1, max_size=4)), max_size=30)
)
def test_balances_are_the_movements_and_never_negative(postings: list[tuple[int, list[Line]]]):
    with TemporaryDirectory() as folder, closing(connect(Path(folder) / "ledger")) as connection:
        migrate(connection, {"ledger": SCHEMA})
        answers: dict[str, object] = {}
        for number, lines in postings:
            key = f"{number}-{hash(tuple(lines))}"
            posting = Posting("ins_x", key, "h", tuple(lines), AT)
            answer = attempt(connection, posting)
            if answer is not None:
                assert answers.setdefault(key, answer) == answer
        check(connection)


def attempt(connection: sqlite3.Connection, posting: Posting) -> object:
    connection.execute("SAVEPOINT work")
    try:
        return post(connection, posting)
    except InsufficientStock:
        connection.execute("ROLLBACK TO work")
        return None
    finally:
        connection.execute("RELEASE work")


def check(connection: sqlite3.Connection) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    sequences: Counter[str] = Counter()
    rows = connection.execute("SELECT * FROM movements ORDER BY sequence").fetchall()
    for number, row in enumerate(rows, start=1):
        sku, source, target = row["sku"], row["from_location"], row["to_location"]
        expected[sku, source] -= row["quantity"]
        expected[sku, target] += row["quantity"]
        sequences[sku] += 1
        assert (row["sequence"], row["sku_sequence"]) == (number, sequences[sku])
        assert row["from_balance"] == expected[sku, source]
        assert row["to_balance"] == expected[sku, target]
        assert min(expected[sku, "stock"], expected[sku, "annex"]) >= 0
    balances = connection.execute("SELECT sku, location, on_hand FROM balances").fetchall()
    assert {(sku, place): on_hand for sku, place, on_hand in balances if on_hand} == {
        place: on_hand for place, on_hand in expected.items() if on_hand
    }
