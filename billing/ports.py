"""What billing needs from whoever moves the money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from billing.domain.assembling import TaxTreatment
from billing.domain.tax.sale import Sale
from control_plane.kernel.ids import PaymentId, TenantId
from control_plane.kernel.money import Money


class CollectionState(StrEnum):
    """How an attempt stands at the provider."""

    PENDING = "pending"
    """Not decided: the bank is at work, or nothing was asked for yet."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Decided for good: this attempt will never take any money."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What a provider says of an attempt. ``failure`` is its reason, for people."""

    reference: str
    state: CollectionState
    amount: Money
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """What to collect, and from whom. ``description`` appears on the customer's statement."""

    tenant_id: TenantId
    payment_id: PaymentId
    amount: Money
    customer: str
    method: str
    description: str


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A means of payment kept at the provider; ``label`` is what people see of it."""

    customer: str
    method: str
    label: str


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A provider's message that an attempt moved.

    It says no more: the provider is then asked, so that messages may come twice, late, and out of
    order.
    """

    tenant_id: TenantId
    payment_id: PaymentId


class PaymentProvider(Protocol):
    """Collects payments in two steps, so that no crash and no lost answer can collect twice.

    ``prepare`` moves no money, and its reference is kept before ``collect`` is called; ``collect``
    may be repeated for the same reference as often as one likes.
    """

    @property
    def name(self) -> str:
        """The provider's stable name."""

    @property
    def automatic(self) -> bool:
        """Whether it collects by itself. Otherwise people pay, and a person records it."""

    @property
    def real_money(self) -> bool:
        """Whether what it collects is real money, which no sandbox may pay with."""

    async def attach(self, tenant_id: TenantId, holder: str, method: str) -> PaymentMethod:
        """Keep a means of payment, which the provider's own form named ``method``.

        Raises:
            PaymentMethodRefused: it cannot be used.
            ProviderUnavailable: there was no answer.
        """

    async def prepare(self, request: CollectionRequest) -> str:
        """Return the reference of a collection that has not begun.

        Raises:
            PaymentMethodRefused: the means of payment is gone.
            ProviderUnavailable: there was no answer; a repetition is harmless.
        """

    async def collect(self, reference: str) -> Collection:
        """Take the money, unless it was taken before, and return how that stands.

        Raises:
            ProviderUnavailable: there was no answer; the outcome is unknown until asked again.
        """

    async def find(self, reference: str) -> Collection:
        """Return how a collection stands, without moving anything.

        Raises:
            ProviderUnavailable: there was no answer.
        """

    def read_webhook(self, payload: bytes, signature: str) -> PaymentNotice | None:
        """Return what a signed message is about; None when it is not about an attempt.

        Raises:
            WebhookRejected: the signature does not prove the provider.
        """


class TaxCalculator(Protocol):
    """Says how a sale is taxed. The built-in one reads tables; another may ask a tax service."""

    async def treatments(self, sale: Sale, categories: Sequence[str]) -> Mapping[str, TaxTreatment]:
        """Return the treatment of every category asked for; the same sale has the same answer.

        Raises:
            TaxRateMissing: tax is due on one of them, and no rate is known.
        """
