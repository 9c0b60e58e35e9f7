"""A payment provider in memory: the twin that tests use, with faults to switch on."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import UUID

from billing.errors import PaymentMethodRefused, ProviderUnavailable, WebhookRejected
from billing.ports import (
    Collection,
    CollectionRequest,
    CollectionState,
    PaymentMethod,
    PaymentNotice,
)
from control_plane.kernel.ids import PaymentId, TenantId
from control_plane.kernel.money import Money

GOOD_CARD, DECLINED_CARD, UNUSABLE_CARD = "card_good", "card_declined", "card_unusable"


@dataclass(slots=True)
class MemoryProvider:
    """Behaves as a card provider does. What ``silent`` names acts, and then does not answer."""

    secret: str = "whsec_memory"  # noqa: S105 - the twin's own, worth nothing
    name: str = "memory"
    automatic: bool = True
    real_money: bool = False
    silent: set[str] = field(default_factory=set)
    taken: list[Money] = field(default_factory=list)
    _collections: dict[str, Collection] = field(default_factory=dict)
    _requests: dict[str, CollectionRequest] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def attach(self, tenant_id: TenantId, holder: str, method: str) -> PaymentMethod:
        """Keep a card unless it is `UNUSABLE_CARD`."""
        if method == UNUSABLE_CARD:
            raise PaymentMethodRefused(reason=f"the card of {holder} was declined")
        return PaymentMethod(customer=f"cus_{tenant_id}", method=method, label=method)

    async def prepare(self, request: CollectionRequest) -> str:
        """Note what is to be collected."""
        reference = f"mem_{next(self._numbers)}"
        self._requests[reference] = request
        self._collections[reference] = Collection(
            reference, CollectionState.PENDING, request.amount
        )
        self._answer("prepare")
        return reference

    async def collect(self, reference: str) -> Collection:
        """Take the money once."""
        found = self._collections[reference]
        if found.state is CollectionState.PENDING:
            found = self._decide(found, self._requests[reference])
            self._collections[reference] = found
        self._answer("collect")
        return found

    def _decide(self, found: Collection, request: CollectionRequest) -> Collection:
        if request.method == DECLINED_CARD:
            return replace(found, state=CollectionState.FAILED, failure="declined")
        self.taken.append(found.amount)
        return replace(found, state=CollectionState.SUCCEEDED)

    async def find(self, reference: str) -> Collection:
        """Return how a collection stands."""
        self._answer("find")
        return self._collections[reference]

    def webhook(self, reference: str) -> tuple[bytes, str]:
        """Return the message that tells of a collection, with its signature."""
        request = self._requests[reference]
        said = {"tenant": str(request.tenant_id), "payment": str(request.payment_id)}
        payload = json.dumps(said).encode()
        return payload, self._sign(payload)

    def read_webhook(self, payload: bytes, signature: str) -> PaymentNotice | None:
        """Read a signed message."""
        if not hmac.compare_digest(self._sign(payload), signature):
            raise WebhookRejected(reason="the signature does not match")
        said = json.loads(payload)
        if "payment" not in said:
            return None
        return PaymentNotice(TenantId(UUID(said["tenant"])), PaymentId(UUID(said["payment"])))

    def _sign(self, payload: bytes) -> str:
        return hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()

    def _answer(self, operation: str) -> None:
        if operation in self.silent:
            raise ProviderUnavailable(provider=self.name, reason="the answer was lost")
