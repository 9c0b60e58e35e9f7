"""Timing of changes, postings, tokens and bodies: small rules, each on its own."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.domain.change_rule import ChangeTiming, any_grant_rises, change_timing
from billing.domain.ledger import Account, Entry, is_balanced, payment_entries
from billing.errors import PreviewExpired, PreviewInvalid, PreviewOvertaken, PreviewStale
from billing.tokens import VALID_FOR, PreviewTokens, Shown
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.money import Money
from tests.support.billing import (
    CNY,
    GROWTH,
    SCALE,
    SHANGHAI,
    at,
    plan,
)

START = at("2026-01-10T02:00:00")


def timing(old, new, *, interval=Interval.MONTH, new_interval=Interval.MONTH):
    return change_timing(
        old=old,
        old_price=old.price(CNY, interval),
        new=new,
        new_price=new.price(CNY, new_interval),
        at=START,
        zone=SHANGHAI,
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (GROWTH, SCALE, ChangeTiming.AT_ONCE),
        (SCALE, GROWTH, ChangeTiming.AT_PERIOD_END),
        (GROWTH, plan("same", "1999.00"), ChangeTiming.AT_PERIOD_END),
        (GROWTH, plan("cheap", "1.00", orders=151), ChangeTiming.AT_ONCE),
        (GROWTH, plan("dear", "1999.01", orders=1), ChangeTiming.AT_ONCE),
        (GROWTH, plan("other", "1.00", modules=("alerts",)), ChangeTiming.AT_ONCE),
    ],
)
def test_a_change_is_made_at_once_if_anything_rises(old, new, expected):
    assert timing(old, new) is expected


def test_fees_are_compared_by_day():
    """Ten months' price for a year is less a day, for the same plan."""
    assert timing(GROWTH, GROWTH, new_interval=Interval.YEAR) is ChangeTiming.AT_PERIOD_END
    assert timing(GROWTH, GROWTH, interval=Interval.YEAR) is ChangeTiming.AT_ONCE


def test_a_feature_gained_rises():
    assert any_grant_rises({}, {"alerts": True})
    assert not any_grant_rises({"alerts": True, "orders": Decimal(5)}, {"orders": Decimal(5)})


def test_a_payment_turns_what_is_owed_into_cash():
    entries = payment_entries(Money(100, CNY))

    assert is_balanced(entries)
    assert [(e.account, e.amount.minor) for e in entries] == [
        (Account.CASH, 100),
        (Account.RECEIVABLE, -100),
    ]


def test_currencies_do_not_balance_each_other():
    dollars = Money(-100, CURRENCIES["USD"])

    assert not is_balanced(
        [Entry(Account.CASH, Money(100, CNY)), Entry(Account.RECEIVABLE, dollars)]
    )


TENANT = TenantId(new_id())
SHOWN = Shown(at=START, cutoff="10:20:12", digest="ab" * 32)


def test_a_token_carries_what_was_shown():
    tokens = PreviewTokens("secret")

    assert tokens.read("plan", TENANT, tokens.issue("plan", TENANT, SHOWN)) == SHOWN


@pytest.mark.parametrize(
    ("purpose", "tenant", "secret"),
    [
        ("addon", TENANT, "secret"),
        ("plan", TenantId(new_id()), "secret"),
        ("plan", TENANT, "another"),
    ],
)
def test_a_token_for_something_else_is_invalid(purpose, tenant, secret):
    token = PreviewTokens("secret").issue("plan", TENANT, SHOWN)

    with pytest.raises(PreviewInvalid):
        PreviewTokens(secret).read(purpose, tenant, token)


def test_a_preview_goes_stale():
    SHOWN.require_fresh(START, None)
    SHOWN.require_fresh(START + VALID_FOR, START)
    SHOWN.require_same("ab" * 32)
    with pytest.raises(PreviewExpired):
        SHOWN.require_fresh(START + VALID_FOR + timedelta(microseconds=1), None)
    with pytest.raises(PreviewExpired):
        SHOWN.require_fresh(START - timedelta(microseconds=1), None)
    with pytest.raises(PreviewOvertaken):
        SHOWN.require_fresh(START + VALID_FOR, START + timedelta(minutes=1))
    with pytest.raises(PreviewStale):
        SHOWN.require_same("cd" * 32)
