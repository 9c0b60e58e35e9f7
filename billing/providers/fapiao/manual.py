"""Fapiao issued by a person on the tax platform's own pages (电子税务局)."""

from dataclasses import dataclass

from billing.domain.fapiao.errors import FapiaoFileUnavailable
from billing.fapiao_port import (
    BlueRequest,
    FapiaoFile,
    FileForm,
    PlatformState,
    RedRequest,
    Standing,
)
from control_plane.kernel.ids import TenantId

MANUAL = "manual"
_WAITING = Standing(PlatformState.PENDING)


@dataclass(frozen=True, slots=True)
class ManualFapiaoProvider:
    """Issues nothing by itself; `RecordFapiao` is how a person's work is kept."""

    name: str = MANUAL
    real: bool = True
    automatic: bool = False

    async def submit(self, request: BlueRequest) -> Standing:
        """Leave it in finance's queue."""
        del request
        return _WAITING

    async def request_red(self, request: RedRequest) -> Standing:
        """Leave it in finance's queue."""
        del request
        return _WAITING

    async def issue_red(self, tenant_id: TenantId, request_id: str) -> Standing:
        """Leave it in finance's queue."""
        del tenant_id, request_id
        return _WAITING

    async def find(self, tenant_id: TenantId, request_id: str) -> Standing | None:
        """Tell nothing: only a person knows."""
        del tenant_id, request_id
        return _WAITING

    async def download(self, tenant_id: TenantId, request_id: str, form: FileForm) -> FapiaoFile:
        """Refuse: the tax platform sends its files to the buyer itself."""
        del tenant_id, request_id
        raise FapiaoFileUnavailable(form=form.value.upper())
