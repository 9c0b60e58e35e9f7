"""Download an issued fapiao."""

from dataclasses import dataclass

from billing.domain.fapiao.errors import FapiaoStateRefused
from billing.fapiao_port import FapiaoFile, FileForm
from billing.providers.fapiao.choose import FapiaoProviders
from billing.repositories.fapiao import FapiaoRepository
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DownloadFapiao:
    """Fetch the file from the platform, which keeps it."""

    work: UnitOfWork
    providers: FapiaoProviders

    async def __call__(
        self, *, tenant_id: TenantId, fapiao_id: FapiaoId, form: FileForm
    ) -> tuple[str, FapiaoFile]:
        """Return the fapiao's number and its file.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
            FapiaoStateRefused: it is not issued.
            FapiaoFileUnavailable: the platform has none of that form.
            FapiaoPlatformUnavailable: there was no answer.
        """
        async with self.work(tenant_id) as session:
            fapiao = await FapiaoRepository(session).get(tenant_id, fapiao_id)
        if fapiao.number is None:
            raise FapiaoStateRefused(
                fapiao_id=format_id("fap", fapiao_id), state=fapiao.state.value
            )
        provider = self.providers.named(fapiao.provider)
        return fapiao.number, await provider.download(tenant_id, fapiao.request_id, form)
