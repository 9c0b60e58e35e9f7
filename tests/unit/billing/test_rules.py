"""Grants compared, postings, tokens and bodies: small rules, each on its own."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.domain.change_rule import any_grant_rises
from billing.domain.ledger import Account, Entry, is_balanced, payment_entries
from billing.errors import PreviewExpired, PreviewInvalid, PreviewOvertaken, PreviewStale
from billing.tokens import VALID_FOR, PreviewTokens, Shown
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.money import Money
from tests.support.billing import CNY, at

START = at("2026-01-10T02:00:00")


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
