"""What time gave back of a local account does not come back once more with its hold."""

from decimal import Decimal

import pytest

from control_plane.sdk.decision import Reason
from control_plane.sdk.features import FeatureGrant, FeatureKind
from control_plane.sdk.local_ledger import LocalLedger
from control_plane.sdk.quota import EVER

ROLLING = FeatureGrant(FeatureKind.METERED, (), rolling_seconds=10)
RATE = FeatureGrant(FeatureKind.RATE, ())  # of 10 tokens a second


@pytest.fixture(params=[ROLLING, RATE], ids=["rolling", "rate"])
def account(request):
    return LocalLedger().account("orders", request.param, EVER, Decimal(10))


def spendable(account, at):
    return next(n for n in range(100) if account.spend(1, at) is Reason.LIMIT_REACHED)


@pytest.mark.parametrize("settle", [lambda held: held.release(), lambda held: held.confirm(0)])
def test_a_hold_that_is_released_after_its_units_came_back_gives_nothing(account, settle):
    account.spend(0, 0.0)
    held = account.hold(10, 0.0)
    account.spend(10, 10.0)

    settle(held)

    assert spendable(account, 10.0) == 0


def test_nor_does_one_that_ends_by_itself(account):
    account.spend(0, 0.0)
    account.hold(10, 0.0, timeout=10)
    assert account.spend(0, 10.0) == 10

    assert spendable(account, 10.0) == 10


def test_what_is_confirmed_late_comes_back_with_time_too(account):
    account.spend(0, 0.0)
    held = account.hold(10, 0.0, timeout=5)
    assert account.spend(0, 5.0) == 10
    held.confirm()

    assert spendable(account, 20.0) == 10


def test_tokens_flow_back_to_whoever_took_theirs_first():
    account = LocalLedger().account("orders", RATE, EVER, Decimal(10))
    account.spend(0, 0.0)
    first, second = account.hold(4, 0.0), account.hold(6, 0.0)
    assert account.spend(0, 0.5) == 5  # all of the first, one of the second

    first.release()
    assert account.left() == 5
    second.release()
    assert account.left() == 10
