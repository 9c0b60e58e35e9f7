"""A top-up's receipt, or prepayment invoice, as PDF."""

import asyncio
import json
from dataclasses import dataclass, field
from uuid import UUID

from billing.documents.exporting import ExportedFile, Exporter
from billing.errors_tax import BalanceNotFound
from billing.repositories.wallets import WalletRepository
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ExportReceipt:
    """The document of a paid top-up, from its frozen body alone."""

    work: UnitOfWork
    exporter: Exporter = field(default_factory=Exporter)

    async def __call__(
        self, *, tenant_id: TenantId, topup_id: UUID, language: str = "en"
    ) -> ExportedFile:
        """Return the file; drawn in a thread, so that other requests go on.

        Raises:
            BalanceNotFound: there is none: the top-up is not paid.
        """
        async with self.work(tenant_id) as session:
            body = await WalletRepository(session).body(tenant_id, topup_id)
        if body is None:
            raise BalanceNotFound(what="top-up")
        return await asyncio.to_thread(
            self.exporter.export_receipt, json.loads(body), sha256_hex(body), language
        )
