"""The ledger's rules, held by its own database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory_modules.chassis.database import connect, migrate
from inventory_modules.chassis.errors import IdempotencyKeyReused
from inventory_modules.chassis.stock_errors import (
    BalanceOutOfRange,
    InsufficientStock,
    refusal_from,
)
from inventory_modules.ledger import storage
from inventory_modules.ledger.domain import Line, Posting
from inventory_modules.ledger.post_movements import post
from inventory_modules.ledger.schema import SCHEMA

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "ledger")) as connection:
        migrate(connection, {"ledger": SCHEMA})
        yield connection


def posting(key: str, *lines: tuple[str, str, str, int], digest: str = "h") -> Posting:
    return Posting("ins_in", key, digest, tuple(Line(*line) for line in lines), AT)


def receive(key: str, sku: str, quantity: int) -> Posting:
    return posting(key, (sku, "supplier", "stock", quantity))


def test_a_posting_is_answered_with_its_sequences_again_and_again(ledger):
    first = post(ledger, receive("a", "X", 5))
    second = post(ledger, posting("b", ("X", "stock", "customer", 2), ("Y", "supplier", "loss", 1)))

    assert (first.first_sequence, first.last_sequence) == (1, 1)
    assert (second.first_sequence, second.last_sequence) == (2, 3)
    assert post(ledger, receive("a", "X", 5)) == first
    assert storage.last_sequence(ledger) == 3


def test_the_same_key_from_another_instance_is_another_posting(ledger):
    post(ledger, receive("a", "X", 5))
    other = Posting("ins_out", "a", "other", (Line("X", "stock", "customer", 5),), AT)

    assert post(ledger, other).last_sequence == 2


def test_the_same_key_with_another_content_is_refused(ledger):
    post(ledger, receive("a", "X", 5))

    with pytest.raises(IdempotencyKeyReused):
        post(ledger, posting("a", ("X", "supplier", "stock", 6), digest="other"))


def test_all_short_lines_are_named_in_their_order(ledger):
    post(ledger, receive("a", "B", 3_000_000))

    with pytest.raises(InsufficientStock) as caught:
        post(
            ledger,
            posting(
                "b",
                ("Z", "stock", "customer", 1),
                ("B", "stock", "customer", 2_000_000),
                ("B", "stock", "customer", 2_000_000),
            ),
        )

    shortages = [(short.line, short.available) for short in caught.value.shortages]
    assert shortages == [(0, "0"), (2, "1")]
    rebuilt = refusal_from(caught.value.facts())
    assert isinstance(rebuilt, InsufficientStock)
    assert rebuilt.shortages == caught.value.shortages


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movements SET quantity = 1",
        "DELETE FROM movements",
        "INSERT OR REPLACE INTO movements SELECT * FROM movements",
    ],
)
def test_movements_never_change(ledger, statement: str):
    post(ledger, receive("a", "X", 5))

    with pytest.raises(sqlite3.IntegrityError, match="immutable"):
        ledger.execute(statement)


def test_the_database_itself_refuses_a_negative_balance(ledger):
    post(ledger, receive("a", "X", 5))

    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        ledger.execute("UPDATE balances SET on_hand = -1 WHERE location = 'stock'")


def test_a_balance_stays_within_what_is_exact(ledger):
    post(ledger, receive("a", "X", 4 * 10**18))

    with pytest.raises(BalanceOutOfRange):
        post(ledger, receive("b", "X", 1))
