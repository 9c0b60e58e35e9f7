"""Card payments through Stripe's PaymentIntents.

An intent is created unconfirmed, its id kept, and only then confirmed: an intent is confirmed at
most once by Stripe's own rules, so a crash or a lost answer at any point is settled by asking for
it again. A declined intent is cancelled, so that it can never succeed behind our back.
Source: docs.stripe.com/payments/paymentintents/lifecycle.
"""

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe

from billing.errors import PaymentMethodRefused, ProviderUnavailable, WebhookRejected
from billing.ports import (
    Collection,
    CollectionRequest,
    CollectionState,
    PaymentMethod,
    PaymentNotice,
)
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import PaymentId, TenantId
from control_plane.kernel.money import Money

API_VERSION = "2026-10-28.endive"
"""Pinned: what Stripe answers must not change under us."""

STRIPE = "stripe"
TIMEOUT_SECONDS = 20
_ANSWERED_NO = (stripe.CardError, stripe.InvalidRequestError)


@dataclass(frozen=True, slots=True)
class StripeProvider:
    """Collects with the SDK's asynchronous client.

    ``off_session`` tells Stripe that nobody sits before a screen when an invoice is collected.
    """

    client: stripe.StripeClient
    webhook_secret: str
    off_session: bool = True
    name: str = STRIPE
    automatic: bool = True
    real_money: bool = True

    async def attach(self, tenant_id: TenantId, holder: str, method: str) -> PaymentMethod:
        """Make a customer, and attach the payment method that Stripe's own form created."""
        v1 = self.client.v1
        try:
            customer = await self._ask(
                v1.customers.create_async(
                    {"name": holder, "metadata": {"tenant": str(tenant_id)}},
                )
            )
            kept = await self._ask(
                v1.payment_methods.attach_async(method, {"customer": customer["id"]})
            )
        except _ANSWERED_NO as refusal:
            raise PaymentMethodRefused(
                reason=refusal.user_message or str(refusal), field="method"
            ) from refusal
        card = kept.get("card") or {}
        label = f"{card.get('brand', kept['type'])} •••• {card.get('last4', '')}".strip()
        return PaymentMethod(customer=customer["id"], method=kept["id"], label=label)

    async def prepare(self, request: CollectionRequest) -> str:
        """Create the intent without confirming it."""
        try:
            intent = await self._ask(
                self.client.v1.payment_intents.create_async(
                    {
                        "amount": request.amount.minor,
                        "currency": request.amount.currency.code.lower(),
                        "customer": request.customer,
                        "payment_method": request.method,
                        "metadata": {
                            "tenant": str(request.tenant_id),
                            "payment": str(request.payment_id),
                            "invoice": request.description,
                        },
                    },
                    {"idempotency_key": str(request.payment_id)},
                )
            )
        except _ANSWERED_NO as refusal:
            raise PaymentMethodRefused(reason=refusal.user_message or str(refusal)) from refusal
        return str(intent["id"])

    async def collect(self, reference: str) -> Collection:
        """Confirm the intent if nobody has, and give up on one that was declined."""
        intent = await self._retrieve(reference)
        if intent["status"] == "requires_confirmation":
            intent = await self._confirm(reference)
        if intent["status"] in {"requires_payment_method", "requires_action"}:
            reason = _failure(intent)
            await self._cancel(reference)
            return Collection(reference, CollectionState.FAILED, _amount(intent), reason)
        return _collection(intent)

    async def _confirm(self, reference: str) -> dict[str, Any]:
        params: stripe.params.PaymentIntentConfirmParams = (
            {"off_session": True} if self.off_session else {}
        )
        try:
            return await self._ask(self.client.v1.payment_intents.confirm_async(reference, params))
        except _ANSWERED_NO:
            # Declined, or confirmed by somebody else meanwhile: the intent itself says which.
            return await self._retrieve(reference)

    async def _cancel(self, reference: str) -> None:
        try:
            await self._ask(self.client.v1.payment_intents.cancel_async(reference))
        except _ANSWERED_NO:
            intent = await self._retrieve(reference)
            if intent["status"] != "canceled":
                raise

    async def find(self, reference: str) -> Collection:
        """Retrieve the intent."""
        return _collection(await self._retrieve(reference))

    async def _retrieve(self, reference: str) -> dict[str, Any]:
        return await self._ask(self.client.v1.payment_intents.retrieve_async(reference))

    def read_webhook(self, payload: bytes, signature: str) -> PaymentNotice | None:
        """Check Stripe's signature and its age, and read which attempt the event is about."""
        if not self.webhook_secret:  # anybody can sign with nothing
            raise WebhookRejected(reason="no signing secret is set up")
        try:
            stripe.WebhookSignature.verify_header(
                payload.decode(), signature, self.webhook_secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            event = json.loads(payload)
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise WebhookRejected(reason=str(error)) from error
        about = event["data"]["object"]
        metadata = about.get("metadata") or {}
        if about.get("object") != "payment_intent" or "payment" not in metadata:
            return None
        return PaymentNotice(
            TenantId(UUID(metadata["tenant"])), PaymentId(UUID(metadata["payment"]))
        )

    async def _ask(self, call: Awaitable[stripe.StripeObject]) -> dict[str, Any]:
        """Return the answer as plain data; no answer, or a confused one, is ProviderUnavailable."""
        try:
            return dict((await call).to_dict())
        except _ANSWERED_NO:
            raise
        except stripe.StripeError as error:
            raise ProviderUnavailable(provider=self.name, reason=str(error)) from error


def stripe_provider(api_key: str, webhook_secret: str, api_base: str = "") -> StripeProvider:
    """Build the provider. ``api_base`` names another server than Stripe's own, for tests."""
    client = stripe.StripeClient(
        api_key,
        stripe_version=API_VERSION,
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=0,
        http_client=stripe.HTTPXClient(timeout=TIMEOUT_SECONDS),
    )
    # The stand-ins for Stripe know no off-session confirmation.
    return StripeProvider(
        client, webhook_secret, off_session=not api_base, real_money=not _is_test_key(api_key)
    )


def _is_test_key(api_key: str) -> bool:
    """Tell by its prefix; source: docs.stripe.com/keys."""
    return api_key.startswith(("sk_test_", "rk_test_"))


_STATES = {"succeeded": CollectionState.SUCCEEDED, "canceled": CollectionState.FAILED}


def _collection(intent: dict[str, Any]) -> Collection:
    state = _STATES.get(intent["status"], CollectionState.PENDING)
    failure = _failure(intent) if state is CollectionState.FAILED else None
    return Collection(str(intent["id"]), state, _amount(intent), failure)


def _failure(intent: dict[str, Any]) -> str:
    error = intent.get("last_payment_error") or {}
    return str(error.get("message") or error.get("code") or intent["status"])


def _amount(intent: dict[str, Any]) -> Money:
    return Money(int(intent["amount"]), currency(intent["currency"].upper()))
