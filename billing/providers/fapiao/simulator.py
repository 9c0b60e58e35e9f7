"""The simulated tax platform as a provider: over the database for sandboxes, in memory for tests.

It keeps what it was told apart from what billing keeps, as a real platform does, so that it can be
asked what arrived after an answer was lost.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.errors import FapiaoFileUnavailable, FapiaoPlatformUnavailable
from billing.fapiao_port import (
    BlueRequest,
    FapiaoFile,
    FileForm,
    PlatformState,
    RedRequest,
    Standing,
)
from billing.models.fapiao import SIMULATED_FAPIAO
from billing.providers.fapiao.files import pdf_of, xml_of
from billing.providers.fapiao.platform import (
    Record,
    blue_record,
    issued,
    looked_at,
    red_record,
    standing_of,
)
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

SIMULATOR = "simulator"


class Drawer(Protocol):
    """One tenant's records within one transaction, and its present instant."""

    now: datetime

    async def get(self, request_id: str) -> Record | None:
        """Return a record, locked."""

    async def add(self, request_id: str, record: Record) -> Record:
        """Keep a record, unless there is one; return the one that stands."""

    async def put(self, request_id: str, record: Record) -> None:
        """Replace a record."""

    async def where(self, member: str, value: str) -> list[Record]:
        """Return the records that have a member of that value."""


class Cabinet(Protocol):
    """Where the platform keeps its records."""

    def open(self, tenant_id: TenantId) -> AbstractAsyncContextManager[Drawer]:
        """Open a tenant's records; they are kept when the block ends well."""


@dataclass(frozen=True, slots=True)
class FapiaoSimulator:
    """A provider that issues nothing real.

    What ``silent`` names acts, and then does not answer, so that tests can lose answers.
    """

    cabinet: Cabinet
    name: str = SIMULATOR
    real: bool = False
    automatic: bool = True
    silent: set[str] = field(default_factory=set)

    async def submit(self, request: BlueRequest) -> Standing:
        """Take the request in; it is answered at the next look."""
        async with self.cabinet.open(request.tenant_id) as drawer:
            record = await drawer.add(request.request_id, blue_record(request))
        return self._answer("submit", record)

    async def request_red(self, request: RedRequest) -> Standing:
        """Open a confirmation sheet."""
        async with self.cabinet.open(request.tenant_id) as drawer:
            blues = await drawer.where("number", request.blue_number)
            reds = await drawer.where("blue_number", request.blue_number)
            found = red_record(request, blues[0] if blues else None, reds, drawer.now)
            record = await drawer.add(request.request_id, found)
        return self._answer("request_red", record)

    async def issue_red(self, tenant_id: TenantId, request_id: str) -> Standing:
        """Issue the red fapiao of a confirmed sheet."""
        async with self.cabinet.open(tenant_id) as drawer:
            record = await drawer.get(request_id)
            if record is None:
                raise FapiaoPlatformUnavailable(provider=self.name, reason=f"no {request_id}")
            if record["state"] == PlatformState.CONFIRMED:
                record = issued(record, request_id, drawer.now)
                await drawer.put(request_id, record)
        return self._answer("issue_red", record)

    async def find(self, tenant_id: TenantId, request_id: str) -> Standing | None:
        """Say how a request stands; being looked at is what moves it here."""
        async with self.cabinet.open(tenant_id) as drawer:
            record = await drawer.get(request_id)
            if record is not None:
                record = looked_at(record, request_id, drawer.now)
                await drawer.put(request_id, record)
        return None if record is None else self._answer("find", record)

    async def download(self, tenant_id: TenantId, request_id: str, form: FileForm) -> FapiaoFile:
        """Draw the file of an issued fapiao."""
        async with self.cabinet.open(tenant_id) as drawer:
            record = await drawer.get(request_id)
        if record is None or record["number"] is None or form is FileForm.OFD:
            raise FapiaoFileUnavailable(form=form.value.upper())
        if form is FileForm.XML:
            return FapiaoFile(xml_of(record), "application/xml")
        return FapiaoFile(pdf_of(record), "application/pdf")

    async def play_buyer(self, tenant_id: TenantId, request_id: str, *, accept: bool) -> bool:
        """Confirm or refuse a sheet in the buyer's place; False where none waits."""
        async with self.cabinet.open(tenant_id) as drawer:
            record = await drawer.get(request_id)
            if record is None or record["state"] != PlatformState.AWAITING_BUYER:
                return False
            await drawer.put(request_id, {**record, "accepted": accept})
            return True

    def _answer(self, operation: str, record: Record) -> Standing:
        if operation in self.silent:
            raise FapiaoPlatformUnavailable(provider=self.name, reason="the answer was lost")
        return standing_of(record)


@dataclass(slots=True)
class MemoryCabinet:
    """Records that are forgotten when the process ends."""

    clock: Clock
    records: dict[tuple[TenantId, str], Record] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self, tenant_id: TenantId) -> AsyncIterator[Drawer]:
        """Open a tenant's records."""
        yield _MemoryDrawer(self.clock.now(), tenant_id, self.records)


@dataclass(slots=True)
class _MemoryDrawer:
    now: datetime
    tenant_id: TenantId
    records: dict[tuple[TenantId, str], Record]

    async def get(self, request_id: str) -> Record | None:
        return self.records.get((self.tenant_id, request_id))

    async def add(self, request_id: str, record: Record) -> Record:
        return self.records.setdefault((self.tenant_id, request_id), record)

    async def put(self, request_id: str, record: Record) -> None:
        self.records[self.tenant_id, request_id] = record

    async def where(self, member: str, value: str) -> list[Record]:
        mine = (r for (tenant, _), r in self.records.items() if tenant == self.tenant_id)
        return [record for record in mine if record.get(member) == value]


@dataclass(frozen=True, slots=True)
class DatabaseCabinet:
    """Records in a table of their own, one tenant's at a time, by the tenant's own clock."""

    work: UnitOfWork
    tenant_clock: TenantClock

    @asynccontextmanager
    async def open(self, tenant_id: TenantId) -> AsyncIterator[Drawer]:
        """Open a tenant's records in one transaction."""
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            yield _DatabaseDrawer(now, tenant_id, session)


@dataclass(slots=True)
class _DatabaseDrawer:
    now: datetime
    tenant_id: TenantId
    session: AsyncSession

    async def get(self, request_id: str) -> Record | None:
        table = SIMULATED_FAPIAO.c
        found: Record | None = await self.session.scalar(
            select(table.record)
            .where(table.tenant_id == self.tenant_id, table.request_id == request_id)
            .with_for_update()
        )
        return found

    async def add(self, request_id: str, record: Record) -> Record:
        values = {"tenant_id": self.tenant_id, "request_id": request_id, "record": record}
        statement = insert(SIMULATED_FAPIAO).values(values).on_conflict_do_nothing()
        await self.session.execute(statement)
        return await self.get(request_id) or record

    async def put(self, request_id: str, record: Record) -> None:
        table = SIMULATED_FAPIAO.c
        mine = (table.tenant_id == self.tenant_id, table.request_id == request_id)
        await self.session.execute(update(SIMULATED_FAPIAO).where(*mine).values(record=record))

    async def where(self, member: str, value: str) -> list[Record]:
        table = SIMULATED_FAPIAO.c
        rows = await self.session.scalars(
            select(table.record).where(
                table.tenant_id == self.tenant_id, table.record[member].astext == value
            )
        )
        return list(rows)
