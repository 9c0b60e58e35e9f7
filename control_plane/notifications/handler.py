"""Deliver the messages that use cases requested."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from control_plane.kernel.ids import OutboxId, TenantId, format_id
from control_plane.notifications.domain import Mail
from control_plane.notifications.ports import Mailer
from control_plane.notifications.templates import render
from control_plane.tenancy.links import InvitationLinks

_PAGES = (
    ("invoice_id", "inv", "invoices"),
    ("subscription_id", "sub", "subscriptions"),
    ("quote_id", "quo", "quotes"),
)
"""What a message may be about, by the field that names it, and the folder of its page."""


@dataclass(frozen=True, slots=True)
class DeliverMail:
    """The outbox handler of ``mail.requested``.

    A message's links are made here, from ids: the outbox holds no secret, and no address of a
    site that may have moved.
    """

    mailer: Mailer
    links: InvitationLinks

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Write the message and hand it to the mailer.

        Raises:
            MailRefused, TemplateNotFound, TemplateFieldMissing: the outbox tries again.
        """
        del tenant_id
        given = payload.get("fields")
        fields = dict(given) if isinstance(given, dict) else {}
        fields |= self._link(fields)
        language = str(payload.get("language", "en"))
        words = render(str(payload["template"]), language, fields)
        await self.mailer.send(
            Mail(
                message_id=format_id("msg", delivery_id),
                to=str(payload["to"]),
                subject=words.subject,
                body=words.body,
                language=language,
            )
        )

    def _link(self, fields: Mapping[str, object]) -> dict[str, str]:
        """Give the page that a message is about, where it is about one."""
        if "invitation_id" in fields:
            return {"link": self.links.url(UUID(str(fields["invitation_id"])))}
        page = _page(fields)
        return {} if page is None else {"link": self.links.public_url.rstrip("/") + page}


def _page(fields: Mapping[str, object]) -> str | None:
    for name, prefix, folder in _PAGES:
        if name in fields:
            return f"/portal/{folder}/{format_id(prefix, UUID(str(fields[name])))}"
    if "topup_id" in fields:
        return "/portal/balance#wallets"
    page = str(fields["page"]) if "page" in fields else None
    return page if page is None or page.startswith("/") else f"/portal/{page}"
