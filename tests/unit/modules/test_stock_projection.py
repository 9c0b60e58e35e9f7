"""The projection takes every event once, in order, or stops."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory_modules.chassis.database import connect, migrate
from inventory_modules.stock_query import storage
from inventory_modules.stock_query.events import Event
from inventory_modules.stock_query.feed import FeedBroken, Page, project

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def projection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "stock")) as connection:
        migrate(connection, {"stock_query": storage.SCHEMA})
        yield connection


def receipt(sequence: int) -> Event:
    balance = sequence * 1_000_000
    return Event(
        sequence, f"rcp_{sequence}:post", "A", sequence, "supplier", "stock", 1_000_000,
        -balance, balance, AT,
    )  # fmt: skip


def test_a_page_that_comes_twice_counts_once(projection):
    page = Page([receipt(1), receipt(2)], newest=2)

    assert (project(projection, page), project(projection, page)) == (2, 2)
    assert storage.stock_now(projection, [], "", 10) == [{"sku": "A", "on_hand": "2"}]


def test_pages_that_overlap_continue_each_other(projection):
    project(projection, Page([receipt(1), receipt(2)], newest=3))
    assert storage.progress(projection) == (2, 3)

    project(projection, Page([receipt(2), receipt(3)], newest=3))

    assert storage.progress(projection) == (3, 3)
    assert len(storage.movements_of(projection, "A", 0, 10)) == 3


def test_a_missing_event_stops_the_projection(projection):
    with pytest.raises(FeedBroken, match="3 came after 1"):
        project(projection, Page([receipt(1), receipt(3)], newest=3))


def test_a_ledger_that_lost_its_past_stops_the_projection(projection):
    project(projection, Page([receipt(1), receipt(2)], newest=2))

    with pytest.raises(FeedBroken, match="ends at 1"):
        project(projection, Page([], newest=1))
