"""Leases of a small control plane in memory, an account for each feature and period."""

from collections.abc import Callable

from control_plane.sdk.lease_messages import LeaseOp, LeaseRequest, LeaseResult, LeaseStatus
from tests.support.lease_model import ModelServer


class FakeLeases:
    """Answers lease requests from model accounts; ``limit_of`` says what each has by now."""

    def __init__(self, limit_of: Callable[[str], int], now: Callable[[], float]) -> None:
        self._limit_of, self._now = limit_of, now
        self.accounts: dict[tuple[str, str], ModelServer] = {}

    def handle(self, request: LeaseRequest) -> tuple[LeaseResult, ...]:
        results = []
        for number, operation in enumerate(request.operations):
            account = self._account(operation)
            single = LeaseRequest(
                f"{request.request_id}/{number}", request.holder, request.epoch, (operation,)
            )
            if account is None:
                results.append(LeaseResult(operation.op, LeaseStatus.UNKNOWN))
            else:
                account.sweep()
                results.extend(account.handle(single))
                account.check()
        return tuple(results)

    def of(self, feature: str) -> ModelServer:
        """Return the one account of a feature."""
        (found,) = (one for (code, _), one in self.accounts.items() if code == feature)
        return found

    def _account(self, operation) -> ModelServer | None:
        if operation.op in (LeaseOp.RENEW, LeaseOp.CLOSE):
            holding = (one for one in self.accounts.values() if operation.lease in one.leases)
            return next(holding, None)
        key = operation.feature, operation.period
        if key not in self.accounts:
            self.accounts[key] = ModelServer(0, self._now, name=f"lea_{len(self.accounts)}")
        self.accounts[key].limit = self._limit_of(operation.feature)
        return self.accounts[key]
