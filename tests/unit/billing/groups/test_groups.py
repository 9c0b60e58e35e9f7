"""Codes that name a parent, what is put together, and lines spread over cost centres."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.groups.codes import GroupCodes, Named
from billing.domain.groups.consolidating import batches, span_of
from billing.domain.groups.errors import GroupCodeInvalid
from billing.domain.groups.records import Cadence, SharedInvoice
from billing.domain.groups.splitting import CentreUsage, Split, split_back, split_line
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.kernel.money import Money

CNY, USD = currency("CNY"), currency("USD")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
PARENT = Named(TenantId(new_id()), "Parent", sandbox=False)
CODES = GroupCodes("secret")


def test_a_code_names_its_parent():
    assert CODES.read(f"  {CODES.issue(PARENT, NOW)} ", NOW) == PARENT


@pytest.mark.parametrize(
    "text", ["", "abc", "\x00", "é", CODES.issue(PARENT, NOW)[:-3], "A" + CODES.issue(PARENT, NOW)]
)
def test_what_was_not_written_here_is_no_code(text):
    with pytest.raises(GroupCodeInvalid):
        CODES.read(text, NOW)


def test_another_installations_code_is_none():
    with pytest.raises(GroupCodeInvalid):
        CODES.read(GroupCodes("other").issue(PARENT, NOW), NOW)


def test_a_code_is_good_for_fourteen_days():
    code = CODES.issue(PARENT, NOW)
    assert CODES.read(code, NOW + timedelta(days=14)) == PARENT
    with pytest.raises(GroupCodeInvalid):
        CODES.read(code, NOW + timedelta(days=14, seconds=1))


def shared(day: str, minor: int = 100, *, entity: str = "live", code=CNY, by: str = "2026-04-01"):
    return SharedInvoice(
        parent_id=PARENT.parent_id,
        invoice_id=InvoiceId(new_id()),
        child_id=TenantId(new_id()),
        child_name="Child",
        number=f"TY-{day}-{minor}",
        entity=entity,
        dated=date.fromisoformat(day),
        payable_by=date.fromisoformat(by),
        total=Money(minor, code),
        open=Money(minor, code),
        parent_pays=True,
        body=b"{}",
        shared_at=NOW,
    )


def test_one_day_of_one_seller_and_currency_is_one_document():
    found = [
        shared("2026-03-01", 100, by="2026-03-15"),
        shared("2026-03-01", 200, by="2026-03-12"),
        shared("2026-03-02", 300),
        shared("2026-03-01", 400, entity="cn"),
        shared("2026-03-01", 500, code=USD),
    ]
    made = batches(found, Cadence.DATE, date(2026, 3, 10))
    assert sorted(batch.total.minor for batch in made) == [300, 300, 400, 500]
    first = next(b for b in made if len(b.invoices) > 1)
    assert first.payable_by == date(2026, 3, 12)


def test_a_day_or_month_that_is_not_over_waits():
    found = [shared("2026-03-09"), shared("2026-03-10"), shared("2026-02-28")]
    today = date(2026, 3, 10)
    assert len(batches(found, Cadence.DATE, today)) == 2
    [month] = batches(found, Cadence.MONTH, today)
    assert (month.first_day, month.last_day) == (date(2026, 2, 1), date(2026, 2, 28))


def test_what_is_no_longer_open_is_left_out():
    assert batches([shared("2026-03-01", 0)], Cadence.DATE, date(2026, 3, 10)) == ()


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_months_tile_the_days(day):
    first, last = span_of(day, Cadence.MONTH)
    assert first <= day <= last
    assert span_of(last + timedelta(days=1), Cadence.MONTH)[0] == last + timedelta(days=1)


def used(*entries: tuple[str, str, int]) -> list[CentreUsage]:
    return [CentreUsage(centre, Decimal(quantity), events) for centre, quantity, events in entries]


def parts(amount: int, *entries: tuple[str, str, int]) -> list[tuple[str, int]]:
    return [(s.centre, s.amount.minor) for s in split_line(Money(amount, CNY), used(*entries))]


def test_a_line_is_spread_by_quantity():
    assert parts(1000, ("a", "2", 1), ("b", "1", 9), ("", "0", 1)) == [
        ("a", 667),
        ("b", 333),
        ("", 0),
    ]


def test_without_any_quantity_the_events_count():
    assert parts(1000, ("a", "0", 3), ("b", "0", 1)) == [("a", 750), ("b", 250)]


def test_a_line_that_nobody_names_has_no_shares():
    assert parts(1000) == []
    assert parts(1000, ("a", "0", 0), ("b", "0", 0)) == [("a", 1000), ("b", 0)]


@given(
    st.integers(0, 10**12),
    st.lists(
        st.tuples(st.decimals(-5, 10**9, places=6), st.integers(0, 9)), min_size=1, max_size=8
    ),
)
def test_shares_add_up_to_the_line(minor, entries):
    usage = [CentreUsage(str(n), q, events) for n, (q, events) in enumerate(entries)]
    found = split_line(Money(minor, CNY), usage)
    assert sum(s.amount.minor for s in found) == minor
    assert all(s.amount.minor >= 0 for s in found)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.data())
def test_credit_notes_give_every_centre_just_what_it_was_charged(charged, data):
    shares = [Split(str(n), None, Money(minor, CNY)) for n, minor in enumerate(charged)]
    already: dict[str, int] = {}
    for _ in range(5):
        left = sum(charged) - sum(already.values())
        if not left:
            break
        taken = data.draw(st.integers(1, left))
        back = split_back(Money(taken, CNY), shares, already)
        assert sum(share.amount.minor for share in back) == taken
        for share in back:
            already[share.centre] = already.get(share.centre, 0) + share.amount.minor
            assert already[share.centre] <= charged[int(share.centre)]
    rest = Money(sum(charged) - sum(already.values()), CNY)
    for share in split_back(rest, shares, already):
        already[share.centre] = already.get(share.centre, 0) + share.amount.minor
    assert all(already.get(str(n), 0) == minor for n, minor in enumerate(charged))
