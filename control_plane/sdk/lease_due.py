"""What is due of an account: leases to be closed, renewed or acquired."""

from collections.abc import Iterator

from control_plane.sdk.lease_account import Lease, LeasedAccount
from control_plane.sdk.lease_messages import MOST_UNITS, LeaseOp, LeaseOperation
from control_plane.sdk.lease_shortage import NEVER

Due = tuple[LeaseOperation, tuple[LeasedAccount, Lease]]


def due(account: LeasedAccount, now: float) -> Iterator[Due]:
    """Yield what an account needs asked: closings first, so that what comes back can be had.

    The book's lock is held, here and in all that follows.
    """
    account.expire_reservations(now)
    lease = account.lease
    if lease.id and (not account.current or now >= lease.until or _is_idle(account, now)):
        retire(account, lease)
    for old in account.old:
        if not old.reserved:
            yield _close(old), (account, old)
    lease = account.lease
    if account.recovers and account.fence:
        yield _recover(account), (account, lease)
    if not account.current:
        return
    if lease.id and _wants_renewal(account, now):
        yield _renew(account, now), (account, lease)
    elif not lease.id and (account.needed or account.keeps) and account.may_ask(now):
        yield _acquire(account, now), (account, lease)


def _is_idle(account: LeasedAccount, now: float) -> bool:
    lease = account.lease
    unused = lease.spent + lease.reserved == lease.reported and not account.needed
    return unused and not account.keeps and now >= lease.renew_at


def _wants_renewal(account: LeasedAccount, now: float) -> bool:
    lease = account.lease
    if now >= lease.renew_at:
        return True
    low = lease.left < account.needed or 2 * lease.left < account.size
    return low and account.may_ask(now)


def _acquire(account: LeasedAccount, now: float) -> LeaseOperation:
    return LeaseOperation(
        LeaseOp.ACQUIRE,
        feature=account.feature,
        period=account.period,
        units=account.next_size(now),
        need=max(account.needed, 1),
    )


def _recover(account: LeasedAccount) -> LeaseOperation:
    return LeaseOperation(
        LeaseOp.RECOVER,
        feature=account.feature,
        period=account.period,
        fence=account.fence,
    )


def _close(lease: Lease) -> LeaseOperation:
    return LeaseOperation(LeaseOp.CLOSE, lease=lease.id, fence=lease.fence, spent=lease.spent)


def _renew(account: LeasedAccount, now: float) -> LeaseOperation:
    lease = account.lease
    size = account.next_size(now)
    return LeaseOperation(
        LeaseOp.RENEW,
        lease=lease.id,
        fence=lease.fence,
        spent=lease.spent,
        units=min(lease.spent + lease.reserved + size, MOST_UNITS),
        need=min(max(account.needed - lease.left, 1), MOST_UNITS),
    )


def promise(operation: LeaseOperation, account: LeasedAccount, lease: Lease, now: float) -> None:
    """Do at once what the request says: stop counting on units that it gives back."""
    if operation.op is LeaseOp.CLOSE:
        lease.cap, lease.left = lease.cap - lease.left, 0
        return
    if operation.op is LeaseOp.RECOVER:
        account.recovers = False
        return
    account.measured_at, account.asked = now, account.needed
    if operation.op is LeaseOp.RENEW:
        lease.reported = operation.spent + lease.reserved
        given_back = max(lease.cap - operation.units, 0)
        lease.cap -= given_back
        lease.left -= given_back


def retire(account: LeasedAccount, lease: Lease) -> None:
    """Spend no more of a lease; it is closed once nothing of it is reserved."""
    lease.until = lease.renew_at = NEVER
    if lease.left > 0:
        account.shortage.forget()  # what is left of it can be had again
    if account.lease is lease:
        account.lease = Lease()
        if lease.id:
            account.old.append(lease)
