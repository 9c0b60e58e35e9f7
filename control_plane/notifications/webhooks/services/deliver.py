"""Make one attempt at a delivery: read, call, write down what came of it."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.calendar import wall_clock_text
from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId, WebhookDeliveryId, format_id
from control_plane.notifications.webhooks.calling import Answer, Caller
from control_plane.notifications.webhooks.deliveries import DeliveryRepository
from control_plane.notifications.webhooks.domain import (
    Attempt,
    Delivery,
    DeliveryState,
    DisabledReason,
    Endpoint,
    EndpointKind,
    Target,
    long_failing,
)
from control_plane.notifications.webhooks.repository import EndpointRepository
from control_plane.notifications.webhooks.requests import Outgoing, call_for, refusal_of
from control_plane.notifications.webhooks.robots import RobotWords, robot_words
from control_plane.notifications.webhooks.schedule import JITTER, pause_after
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.sealing import SealBroken, Sealer
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Role
from control_plane.tenancy.repository import MemberRepository, OrganisationRepository

SHOWN_OF_ANSWER = 1_000
_GONE = 410
_ACTOR = "webhooks"


@dataclass(frozen=True, slots=True)
class _Ready:
    delivery: Delivery
    endpoint: Endpoint
    target: Target | None
    outgoing: Outgoing
    error: str | None = None


_UNSAID = RobotWords("", "")
"""What is not for people needs no words."""


@dataclass(frozen=True, slots=True)
class DeliverWebhook:
    """Call an endpoint with a claimed delivery. No transaction is open during the call."""

    work: UnitOfWork
    sealer: Sealer
    caller: Caller
    clock: Clock
    public_url: str

    async def __call__(self, tenant_id: TenantId, delivery_id: WebhookDeliveryId) -> None:
        """Make the attempt; what the other side does is written down and raises nothing."""
        async with self.work(tenant_id) as session:
            ready = await self._read(session, tenant_id, delivery_id)
        if ready.delivery.state is not DeliveryState.PENDING:
            return
        at = self.clock.now()
        if ready.endpoint.disabled_at is not None:
            answer = Answer(0, error="endpoint_disabled")
        elif ready.target is None:
            answer = Answer(0, error=ready.error or SealBroken.code)
        else:
            kind = ready.endpoint.kind
            answer = await self.caller(call_for(kind, ready.target, ready.outgoing, at))
        async with self.work(tenant_id) as session:
            await self._write(session, ready.delivery, answer, at)

    async def _read(
        self, session: AsyncSession, tenant_id: TenantId, delivery_id: WebhookDeliveryId
    ) -> _Ready:
        delivery = await DeliveryRepository(session).get(tenant_id, delivery_id)
        endpoints = EndpointRepository(session, self.sealer)
        endpoint = await endpoints.get(tenant_id, delivery.endpoint_id)
        organisation = await OrganisationRepository(session).get(tenant_id)
        target, words, error = None, _UNSAID, None
        try:
            target = await endpoints.target(endpoint)
            if endpoint.kind is not EndpointKind.STANDARD:
                words = robot_words(
                    delivery.message.type,
                    delivery.message.body,
                    organisation=organisation,
                    public_url=self.public_url,
                )
        except TallyardError as broken:  # counted as an attempt, or it would be tried for ever
            target, error = None, broken.code
        return _Ready(delivery, endpoint, target, Outgoing(delivery.message, words), error)

    async def _write(
        self, session: AsyncSession, tried: Delivery, answer: Answer, at: datetime
    ) -> None:
        """Write the attempt down, and what follows for the delivery and for its endpoint."""
        deliveries = DeliveryRepository(session)
        endpoints = EndpointRepository(session, self.sealer)
        endpoint = await endpoints.get(tried.tenant_id, tried.endpoint_id, lock=True)
        refusal = refusal_of(endpoint.kind, answer)
        shown = answer.body[:SHOWN_OF_ANSWER].decode("utf-8", "replace").replace("\x00", "")
        await deliveries.add_attempt(
            tried,
            Attempt(tried.attempts, at, answer.milliseconds, answer.status, refusal, shown),
        )
        now = self.clock.now()
        current = await deliveries.get(tried.tenant_id, tried.id, lock=True)
        if current.state is DeliveryState.PENDING and current.attempts == tried.attempts:
            await deliveries.update(_settled(current, answer, refusal, now))
        after = _judged(endpoint, answer, refusal, now)
        if after != endpoint:
            await endpoints.update(after)
        if after.disabled_at is not None and endpoint.disabled_at is None:
            await deliveries.give_up(endpoint.tenant_id, endpoint.id, now)
            await _tell(session, after)


def _settled(delivery: Delivery, answer: Answer, refusal: str | None, now: datetime) -> Delivery:
    told = replace(delivery, last_status=answer.status, last_error=refusal)
    if refusal is None:
        return replace(told, state=DeliveryState.DELIVERED, ended_at=now)
    jitter = JITTER[secrets.randbelow(len(JITTER))]
    pause = pause_after(delivery.tries, jitter=jitter, asked=answer.retry_after)
    ended = answer.status == _GONE or refusal == "endpoint_disabled"
    if pause is None or ended:
        return replace(told, state=DeliveryState.DEAD, ended_at=now)
    return replace(told, next_at=now + pause)


def _judged(endpoint: Endpoint, answer: Answer, refusal: str | None, now: datetime) -> Endpoint:
    """Say what an attempt means for the endpoint: well, failing, or disabled."""
    if endpoint.disabled_at is not None:
        return endpoint
    if refusal is None:
        return replace(endpoint, failing_since=None)
    failing = replace(endpoint, failing_since=endpoint.failing_since or now)
    if answer.status == _GONE:
        return replace(failing, disabled_at=now, disabled_reason=DisabledReason.GONE)
    if long_failing(failing.failing_since, now):
        return replace(failing, disabled_at=now, disabled_reason=DisabledReason.FAILING)
    return failing


async def _tell(session: AsyncSession, endpoint: Endpoint) -> None:
    """Write to whoever may enable the endpoint again, and put it on record."""
    tenant_id, name = endpoint.tenant_id, format_id("whe", endpoint.id)
    organisation = await OrganisationRepository(session).get(tenant_id)
    readers = await MemberRepository(session).addresses(tenant_id, {Role.OWNER, Role.ADMIN})
    since = endpoint.failing_since or endpoint.created_at
    fields = {
        "organisation": organisation.name,
        "url": endpoint.url,
        "since": f"{wall_clock_text(since, organisation.zone)} ({organisation.zone})",
        "page": f"/portal/webhooks/{name}",
    }
    for reader in readers:
        mail = {
            "to": reader,
            "template": "webhook_disabled",
            "fields": fields,
            "language": organisation.language,
        }
        await enqueue(session, tenant_id, MAIL_REQUESTED, mail)
    details = {"reason": str(endpoint.disabled_reason)}
    await record(session, tenant_id, _ACTOR, "webhook.disabled", "webhook", name, details)


LONGEST_ATTEMPT = timedelta(seconds=60)
"""How long a claim lasts; a worker that dies in between loses no delivery."""
