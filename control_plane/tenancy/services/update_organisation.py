"""Change an organisation's name and language."""

from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import known_language, normal_name
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class UpdateOrganisation:
    """Change what may change; zone, currency and kind are what bills were made with."""

    work: UnitOfWork

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        actor: str,
        name: str | None = None,
        language: str | None = None,
    ) -> None:
        """Change the given parts and leave the others.

        Raises:
            NameInvalid, LanguageUnknown, OrganisationNotFound: as named.
        """
        async with self.work(tenant_id) as session:
            organisations = OrganisationRepository(session)
            before = await organisations.lock(tenant_id)
            now = {
                "name": before.name if name is None else normal_name(name),
                "language": before.language if language is None else known_language(language),
            }
            await organisations.rename(tenant_id, name=now["name"], language=now["language"])
            await record(
                session,
                tenant_id,
                actor,
                "organisation.updated",
                "organisation",
                format_id("ten", tenant_id),
                {"before": {"name": before.name, "language": before.language}, "after": now},
            )
