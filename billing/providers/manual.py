"""Bank transfers: the customer pays by itself, and finance records what arrived."""

from dataclasses import dataclass

from billing.errors import PaymentMethodRefused, ProviderUnavailable, WebhookRejected
from billing.ports import Collection, CollectionRequest, PaymentMethod, PaymentNotice
from control_plane.kernel.ids import TenantId

MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class ManualProvider:
    """Collects nothing by itself; `RecordPayment` is how its money is booked."""

    name: str = MANUAL
    automatic: bool = False
    real_money: bool = False

    async def attach(self, tenant_id: TenantId, holder: str, method: str) -> PaymentMethod:
        """Pay by transfer from now on; there is nothing to keep but the name on it."""
        del tenant_id
        if method:
            raise PaymentMethodRefused(reason="bank transfers need no payment method")
        return PaymentMethod(customer="", method="", label=holder)

    async def prepare(self, request: CollectionRequest) -> str:
        """Refuse: a transfer is begun by the customer."""
        raise PaymentMethodRefused(reason=f"{request.description} is paid by bank transfer")

    async def collect(self, reference: str) -> Collection:
        """Refuse: a transfer is made by the customer."""
        raise ProviderUnavailable(provider=self.name, reason=f"no collection {reference}")

    async def find(self, reference: str) -> Collection:
        """Refuse: only the bank statement knows."""
        raise ProviderUnavailable(provider=self.name, reason=f"no collection {reference}")

    def read_webhook(self, payload: bytes, signature: str) -> PaymentNotice | None:
        """Refuse: banks send no messages here."""
        del payload, signature
        raise WebhookRejected(reason="bank transfers have no webhook")
