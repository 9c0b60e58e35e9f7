"""What every account of units promises: the leased one of production, and the tests' double."""

from decimal import Decimal

import pytest

from control_plane.sdk.decision import Reason
from control_plane.sdk.features import FeatureGrant, FeatureKind, Mode
from control_plane.sdk.lease_account import ReservationExceeded, ReservationExpired
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.local_ledger import LocalLedger
from control_plane.sdk.units import FOR_EVER
from tests.support.lease_model import ModelServer
from tests.support.lease_world import FEATURE, PERIOD

DAILY = FeatureGrant(FeatureKind.METERED, (), per="day")
SOFT = FeatureGrant(FeatureKind.METERED, (), per="day", mode=Mode.SOFT)
SLOTS = FeatureGrant(FeatureKind.CONCURRENCY, ())


class Counted:
    """One account of ``limit`` units, on a clock that is moved by hand."""

    def __init__(self, ledger_of, grant: FeatureGrant, limit: int) -> None:
        self.time = 0.0
        ledger, self._exchange = ledger_of(lambda: self.time, limit)
        self.account = ledger.account(FEATURE, grant, PERIOD, Decimal(limit))

    def spend(self, units: int):
        return self._asked(lambda: self.account.spend(units, self.time))

    def hold(self, units: int, timeout: float = FOR_EVER):
        return self._asked(lambda: self.account.hold(units, self.time, timeout=timeout))

    def spendable(self) -> int:
        """Spend unit by unit until none is left; how many there were."""
        return next(n for n in range(1000) if not isinstance(self.spend(1), int))

    def _asked(self, ask):
        answer = ask()
        while answer is Reason.NO_LEASE and self._exchange():
            answer = ask()
        return answer


def leased(now, limit):
    server, book = ModelServer(limit, now), LeaseBook("ins_1", now)

    def exchange() -> bool:
        request = book.begin()
        return request is not None and book.finish(request.request_id, server.handle(request))

    return book, exchange


def local(now, limit):
    del now, limit
    return LocalLedger(), lambda: False


@pytest.fixture(params=[leased, local], ids=lambda made: made.__name__)
def counted(request):
    return lambda grant=DAILY, limit=10: Counted(request.param, grant, limit)


def test_units_are_spent_to_the_last_and_no_further(counted):
    account = counted()

    assert account.spendable() == 10
    assert account.spend(1) is Reason.LIMIT_REACHED
    assert account.hold(1) is Reason.LIMIT_REACHED
    assert account.spend(0) == account.account.left() == 0


def test_what_is_confirmed_is_spent_and_the_rest_comes_back(counted):
    account = counted()
    held = account.hold(10)
    assert account.spend(1) is Reason.LIMIT_REACHED

    held.confirm(4)

    assert account.spendable() == 6


@pytest.mark.parametrize("again", [lambda held: held.confirm(), lambda held: held.release()])
def test_a_hold_is_settled_once(counted, again):
    account = counted()
    held = account.hold(10)
    held.confirm(4)

    again(held)

    assert account.spendable() == 6


def test_what_is_released_was_never_spent(counted):
    account = counted()
    held = account.hold(10)
    held.release()
    held.confirm()

    assert account.spendable() == 10


@pytest.mark.parametrize("units", [-1, 7, 1000])
@pytest.mark.parametrize("grant", [DAILY, SOFT, SLOTS])
def test_neither_more_than_was_set_aside_nor_less_than_none_is_confirmed(counted, grant, units):
    held = counted(grant).hold(6)

    with pytest.raises(ReservationExceeded):
        held.confirm(units)
    held.confirm(6)
    with pytest.raises(ReservationExceeded):
        held.confirm(units)


def test_a_hold_whose_time_is_over_gives_its_units_to_others(counted):
    account = counted()
    held = account.hold(10, timeout=5)
    account.time = 4.9
    assert account.spend(1) is Reason.LIMIT_REACHED
    account.time = 5

    other = account.hold(10)

    with pytest.raises(ReservationExpired):
        held.confirm()
    with pytest.raises(ReservationExpired):
        held.confirm(1)
    other.confirm(5)
    held.confirm(3)  # some are there again
    assert account.spendable() == 2


def test_late_work_that_failed_has_nothing_to_give_back(counted):
    account = counted()
    held = account.hold(10, timeout=5)
    account.time = 5
    account.hold(10)

    held.release()

    assert account.spend(1) is Reason.LIMIT_REACHED


def test_a_slot_comes_back_however_its_work_ends(counted):
    account = counted(SLOTS, limit=2)

    for settle in (lambda held: held.confirm(), lambda held: held.release()):
        held = account.hold(1)
        assert account.spend(1) == 1
        settle(held)
        assert account.spend(2) == 2


def test_who_worked_longer_than_a_slot_was_his_is_told_if_another_has_it(counted):
    account = counted(SLOTS, limit=1)
    late = account.hold(1, timeout=5)
    account.time = 5
    unnoticed = account.hold(1, timeout=5)

    with pytest.raises(ReservationExpired):
        late.confirm()
    account.time = 10
    assert account.spend(1) == 1  # its time is over, and nobody has taken the slot since
    unnoticed.confirm()

    assert account.spend(1) == 1


def test_a_soft_limit_never_refuses_even_late(counted):
    account = counted(SOFT)
    held = account.hold(8, timeout=5)
    account.time = 5
    assert isinstance(account.spend(20), int)

    held.confirm(8)

    assert isinstance(account.spend(1), int)
