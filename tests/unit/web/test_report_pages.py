"""A report's table of many rows is read page by page, and says how many there are."""

from billing.domain.reports.sheet import Sheet, count
from web.portal.reports import SHOWN_ROWS, sheet_view

ROWS = 2 * SHOWN_ROWS + 5
LONG = Sheet("entries", (count("number"),), tuple((n,) for n in range(1, ROWS + 1)))


def shown(at: str | None, sheet: Sheet = LONG):
    return sheet_view("general-ledger", sheet, {"at": at, "account": "cash"}, "en")


def test_a_long_table_begins_at_its_first_page_and_goes_on():
    first = shown(None)
    assert (first.shown, first.total, first.previous_url) == ((1, SHOWN_ROWS), ROWS, None)
    assert first.next_url == (
        f"/finance/reports/general-ledger?at=entries~{SHOWN_ROWS}&account=cash#sheet-entries"
    )


def test_pages_tile_the_table():
    first, second, third = (shown(f"entries~{n * SHOWN_ROWS}") for n in range(3))
    assert [*first.rows, *second.rows, *third.rows] == list(LONG.rows)
    assert third.next_url is None
    assert third.shown == (2 * SHOWN_ROWS + 1, ROWS)


def test_a_short_table_has_no_pages():
    few = shown(None, Sheet("entries", LONG.columns, LONG.rows[:3]))
    assert (few.previous_url, few.next_url, few.total) == (None, None, 3)


def test_a_place_of_another_table_or_of_none_is_the_first_page():
    for at in ("others~400", "entries~x", "entries~99999999", "entries~" + "9" * 5000, "~", ""):
        assert shown(at).shown == (1, SHOWN_ROWS), at


def test_files_hold_every_row():
    assert "at=" not in shown("entries~200").csv_url
