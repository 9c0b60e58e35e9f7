import hashlib
from itertools import permutations

import pytest

from metering.domain.cutoff import is_inside
from metering.domain.usage import event_set_digest


def test_the_digest_does_not_depend_on_the_order():
    hashes = [hashlib.sha256(bytes([n])).digest() for n in range(5)]

    assert len({event_set_digest(order) for order in permutations(hashes)}) == 1


def test_the_digest_tells_sets_apart():
    hashes = [hashlib.sha256(bytes([n])).digest() for n in range(5)]

    assert event_set_digest(hashes) != event_set_digest(hashes[:4])
    assert event_set_digest([]) == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("transaction", "inside"),
    [(9, True), (10, False), (11, True), (12, False), (13, True), (14, False), (99, False)],
)
def test_a_transaction_running_at_the_cutoff_stays_outside(transaction, inside):
    assert is_inside("10:14:10,12", transaction) is inside


def test_a_cutoff_with_nothing_running_holds_all_before_it():
    assert is_inside("10:10:", 9)
    assert not is_inside("10:10:", 10)
