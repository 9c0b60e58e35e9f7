"""The holder's side of a lease: sizes, reservations, and what is asked when."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from control_plane.sdk.decision import Reason
from control_plane.sdk.features import FeatureGrant, FeatureKind, Mode
from control_plane.sdk.lease_account import (
    LeasedAccount,
    Reservation,
    ReservationExceeded,
    ReservationExpired,
)
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseOp
from control_plane.sdk.leases import measured_rate, next_lease
from control_plane.sdk.quota import QuotaPeriod
from tests.support.lease_model import ModelServer
from tests.support.lease_world import FEATURE, GRANT, PERIOD


class Holder:
    """One book, one account and a server that answers at once."""

    def __init__(self, limit: int = 100, grant: FeatureGrant = GRANT, **book) -> None:
        self.time = 0.0
        self.grant = grant
        self.server = ModelServer(limit, lambda: self.time)
        self.book = LeaseBook("ins_1", lambda: self.time, **book)
        self.account: LeasedAccount = self.book.account(FEATURE, grant, PERIOD, Decimal(limit))

    def exchange(self) -> list[LeaseOp]:
        request = self.book.begin()
        if request is None:
            return []
        self.book.finish(request.request_id, self.server.handle(request))
        self.server.check()
        return [operation.op for operation in request.operations]

    def spend(self, units: int) -> int | Reason:
        left = self.account.spend(units, self.time)
        if left is Reason.NO_LEASE and self.exchange():
            return self.account.spend(units, self.time)
        return left

    def hold(self, units: int, **timeout: float) -> Reservation:
        self.spend(0)
        held = self.account.hold(units, self.time, **timeout)
        if held is Reason.NO_LEASE and self.exchange():
            held = self.account.hold(units, self.time, **timeout)
        assert isinstance(held, Reservation)
        return held


@pytest.mark.parametrize(
    ("rate", "remaining", "holders", "size"),
    [
        (100, 100_000, 4, 500),  # five seconds' worth
        (100, 1000, 4, 125),  # half of an equal share
        (100, 7, 4, 1),  # one at a time near the limit
        (0, 1000, 1, 1),
        (Fraction(1, 2), 1000, 1, 2),
        (5, 0, 3, 0),
        (5, -3, 3, 0),
    ],
)
def test_a_lease_is_five_seconds_of_the_rate_and_shrinks_near_the_limit(
    rate, remaining, holders, size
):
    assert next_lease(rate, remaining, holders) == size


def test_a_burst_counts_as_a_second_at_least():
    assert measured_rate(30, 10) == 30
    assert measured_rate(30, 3000) == 10


def test_a_process_alone_spends_the_limit_to_the_last_unit_and_no_further():
    holder = Holder(limit=100)

    spent = 0
    while isinstance(holder.spend(1), int):
        spent += 1

    assert spent == 100
    assert holder.spend(1) is Reason.LIMIT_REACHED
    assert holder.server.free == 0


def test_who_checks_on_with_nothing_left_is_told_so_each_time_and_asks_seldom():
    holder = Holder(limit=10)
    assert holder.spend(10) == 0
    assert holder.spend(1) is Reason.LIMIT_REACHED
    before = holder.server.calls

    said = set()
    for _ in range(600):  # a minute, ten checks a second; each second the decision is prepared anew
        holder.time += 0.1
        holder.book.account(FEATURE, GRANT, PERIOD, Decimal(10))
        said.add(holder.account.spend(1, holder.time))
        holder.exchange()

    assert said == {Reason.LIMIT_REACHED}
    assert holder.server.calls - before <= 15  # the pauses double up to eight seconds


def test_what_another_gives_back_is_found_within_the_longest_pause():
    holder = Holder(limit=10)
    holder.spend(10)
    holder.spend(1)
    holder.server.limit = 11  # as if another had given one back: no news of it comes

    holder.time = 0.3
    assert holder.account.spend(1, holder.time) is Reason.LIMIT_REACHED
    holder.exchange()
    assert holder.account.spend(1, holder.time) == 0


def test_more_that_is_granted_ends_the_wait_for_it():
    holder = Holder(limit=10)
    holder.spend(10)
    assert holder.spend(1) is Reason.LIMIT_REACHED
    holder.server.limit = 20

    holder.book.account(FEATURE, GRANT, PERIOD, Decimal(20))

    assert holder.account.spend(1, holder.time) is Reason.NO_LEASE
    holder.exchange()
    assert isinstance(holder.account.spend(1, holder.time), int)


def test_the_next_period_knows_nothing_of_the_shortage_before():
    holder = Holder(limit=10)
    holder.spend(10)
    assert holder.spend(1) is Reason.LIMIT_REACHED
    tomorrow = QuotaPeriod("day:2026-11-12", PERIOD.end, None)

    account = holder.book.account(FEATURE, GRANT, tomorrow, Decimal(10))

    assert account.spend(1, holder.time) is Reason.NO_LEASE


def test_those_who_need_little_do_not_wait_for_those_who_need_too_much():
    holder = Holder(limit=10)
    assert holder.spend(11) is Reason.LIMIT_REACHED

    assert holder.account.spend(2, 0.0) is Reason.NO_LEASE
    assert holder.account.spend(11, 0.0) is Reason.LIMIT_REACHED
    holder.exchange()

    assert isinstance(holder.account.spend(2, 0.0), int)


def test_leases_grow_with_the_rate_and_shrink_towards_the_limit():
    holder = Holder(limit=1000)
    sizes = []

    for _ in range(1000):
        before = holder.server.held + holder.server.spent
        assert isinstance(holder.spend(1), int)
        if (grown := holder.server.held + holder.server.spent - before) > 0:
            sizes.append(grown)

    peak = sizes.index(max(sizes))
    assert max(sizes) > 50
    assert all(a >= b for a, b in pairwise(sizes[peak:]))
    assert sizes[-1] == 1


def test_a_lease_is_not_spent_after_its_time_counted_from_the_sending():
    holder = Holder()
    holder.account.spend(5, 0)
    request = holder.book.begin()
    results = holder.server.handle(request)

    holder.time = 10  # the answer takes its time
    holder.book.finish(request.request_id, results)

    assert holder.account.spend(1, 29.9) == 4
    assert holder.account.spend(1, 30.0) is Reason.NO_LEASE


def test_what_was_used_is_renewed_and_what_lies_idle_goes_back():
    holder = Holder()
    holder.spend(5)
    assert holder.server.held + holder.server.spent >= 5

    holder.time = 16
    assert holder.exchange() == [LeaseOp.RENEW]
    assert holder.server.spent == 5
    holder.time = 32
    assert holder.exchange() == [LeaseOp.CLOSE]
    assert (holder.server.spent, holder.server.held) == (5, 0)


def test_a_lease_that_is_kept_stays_ready():
    holder = Holder(keeps=True, spare=8)
    assert holder.exchange() == [LeaseOp.ACQUIRE]

    for _ in range(5):
        holder.time += 16
        assert holder.exchange() == [LeaseOp.RENEW]

    assert holder.account.spend(8, holder.time) == 0


def test_an_answer_that_is_lost_is_asked_for_again_under_its_id():
    holder = Holder()
    holder.account.spend(5, 0)
    first = holder.book.begin()
    holder.server.handle(first)

    again = holder.book.begin()

    assert again is first
    assert holder.book.finish(again.request_id, holder.server.handle(again))
    assert not holder.book.finish(again.request_id, ())
    assert holder.server.held == 5


def test_a_reservation_is_confirmed_in_part_and_once():
    holder = Holder()
    held = holder.hold(10)

    held.confirm(4)
    held.confirm(10)
    held.release()
    holder.book.retire_all()
    holder.exchange()

    assert (holder.server.spent, holder.server.held) == (4, 0)


def test_released_work_is_not_counted():
    holder = Holder()
    holder.hold(10).release()
    holder.book.retire_all()
    holder.exchange()

    assert holder.server.free == 100


def test_no_more_can_be_confirmed_than_was_reserved():
    held = Holder().hold(10)

    with pytest.raises(ReservationExceeded):
        held.confirm(11)


def test_a_reservation_ends_by_itself_and_its_units_can_be_spent():
    holder = Holder(limit=10)
    held = holder.hold(10, timeout=5)
    assert holder.spend(1) is Reason.LIMIT_REACHED

    holder.time = 5
    second = holder.hold(10)

    with pytest.raises(ReservationExpired):
        held.confirm()
    second.release()
    held.confirm()  # its units are there again
    assert holder.account.spend(1, holder.time) is Reason.LIMIT_REACHED


def test_a_lease_is_not_closed_before_its_work_is_settled():
    holder = Holder(limit=10)
    held = holder.hold(10)
    holder.time = 60
    holder.server.sweep()

    assert holder.exchange() == []
    assert holder.server.lost == 10
    held.confirm(3)

    assert holder.exchange() == [LeaseOp.CLOSE]
    assert (holder.server.spent, holder.server.free) == (3, 7)


def test_a_slot_comes_back_however_the_work_ends():
    holder = Holder(limit=1, grant=FeatureGrant(FeatureKind.CONCURRENCY, ()))
    for _ in range(3):
        held = holder.hold(1)
        assert isinstance(holder.account.hold(1, holder.time), Reason)
        held.confirm()
    holder.hold(1).release()

    assert isinstance(holder.hold(1), Reservation)


def test_a_soft_limit_refuses_nothing_and_says_how_far_beyond_it_is():
    holder = Holder(limit=1, grant=FeatureGrant(FeatureKind.METERED, (), mode=Mode.SOFT))

    assert [holder.account.spend(2, 0.0) for _ in range(2)] == [-2, -4]


def test_what_a_soft_limit_set_aside_before_its_first_lease_comes_back():
    holder = Holder(grant=FeatureGrant(FeatureKind.METERED, (), mode=Mode.SOFT))
    held = holder.account.hold(3, 0.0)
    assert isinstance(held, Reservation)
    holder.exchange()
    before = holder.account.left()

    held.release()

    assert holder.account.left() == before + 3


def test_a_new_period_has_a_lease_of_its_own_and_the_old_one_goes_back():
    holder = Holder()
    holder.spend(5)
    tomorrow = QuotaPeriod("day:2026-11-12", PERIOD.end, None)

    account = holder.book.account(FEATURE, GRANT, tomorrow, Decimal(100))
    account.spend(1, 0)

    assert account is not holder.account
    assert holder.exchange() == [LeaseOp.CLOSE, LeaseOp.ACQUIRE]
    assert holder.account.spend(1, 0) is Reason.NO_LEASE


def test_a_forked_child_holds_nothing_of_its_parents():
    holder = Holder()
    holder.spend(5)
    epoch = holder.book.epoch

    holder.book.before_fork()
    holder.book.after_fork_in_child()

    assert holder.book.epoch != epoch
    assert holder.book.leases() == []
    assert holder.account.spend(1, 0) is Reason.NO_LEASE


def test_a_request_that_is_refused_for_good_lets_its_leases_go():
    holder = Holder()
    holder.spend(5)
    holder.time = 16
    request = holder.book.begin()

    holder.book.reject(request.request_id)

    assert holder.book.leases() == []
    holder.time += 0.25
    assert isinstance(holder.spend(1), int)
