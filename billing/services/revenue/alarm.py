"""Raise the alarm over rules of the books that are broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from billing.repositories.findings import FindingRepository
from billing.services.check_books import Finding
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.tenancy.repository import OrganisationRepository

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Keeps what a check found, and tells what is new of it once: by mail, and in the log.

    It stands on the operator's page and in ``tallyard_books_findings`` until a check finds it
    mended. Without an ``operator_email`` nobody is written to.
    """

    operator_email: str = ""
    operator_language: str = "en"

    async def __call__(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        findings: Sequence[Finding],
        now: datetime,
        *,
        of_numbers: bool = False,
    ) -> None:
        """Keep the findings of a check, whose kind ``of_numbers`` tells, and tell the new ones."""
        found = [(finding.rule, finding.where) for finding in findings]
        repository = FindingRepository(session)
        fresh = await repository.keep(tenant_id, found, now, of_numbers=of_numbers)
        await self._tell(session, tenant_id, [f for f in findings if f.rule in fresh])

    async def _tell(self, session: AsyncSession, tenant_id: TenantId, fresh: list[Finding]) -> None:
        if not fresh:
            return
        tenant = format_id("ten", tenant_id)
        rules = [f"- {finding.rule}: {', '.join(finding.where)}" for finding in fresh]
        log.error("books_disagree", tenant_id=tenant, rules=[f.rule for f in fresh])
        if not self.operator_email:
            return
        organisation = await OrganisationRepository(session).get(tenant_id)
        payload = {
            "to": self.operator_email,
            "template": "books_disagree",
            "language": self.operator_language,
            "fields": {
                "organisation": organisation.name,
                "tenant": tenant,
                "rules": "\n".join(rules),
            },
        }
        await enqueue(session, tenant_id, MAIL_REQUESTED, payload)
