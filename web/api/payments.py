"""What payment providers tell us, signed."""

from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.api.bodies import NOTICE
from web.compose import Application


class WebhookAnswer(msgspec.Struct):
    """What the notice led to: the payment's state, or ``ignored``."""

    outcome: str


@post(
    "/payment-webhooks/{provider:str}",
    status_code=200,
    opt={"public": True, "request_body": NOTICE},
    request_max_body_size=256_000,
)
async def payment_webhook(
    request: Request[Any, Any, Any],
    provider: FromPath[str],
    application: NamedDependency[Application],
) -> WebhookAnswer:
    """Take a provider's notice. Its signature is checked before anything is read."""
    state = await application.handle_payment_webhook(
        provider=provider,
        payload=await request.body(),
        signature=request.headers.get("stripe-signature", ""),
    )
    return WebhookAnswer("ignored" if state is None else state.value)


router = Router("/v1", tags=["Payments"], route_handlers=[payment_webhook])
