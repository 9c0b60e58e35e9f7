"""A tenant who buys and cancels, and module services that answer the control plane's commands."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from control_plane.catalog.repository import CatalogRepository
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope, load_public_keys, verify
from control_plane.sdk.messages import parse_command
from control_plane.subscriptions.domain import Cancel, ChangePlan, Start, new_timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from tests.support.catalogue import SMALL


@dataclass
class Shop:
    """Sells plans of the small catalogue without asking for money."""

    database: Database
    work: UnitOfWork
    clock: Clock

    async def open(self, source: str = SMALL) -> None:
        await ApplyCatalog(self.database, self.clock)(source)

    async def buy(
        self, tenant_id: TenantId, plan: str = "growth", *, at: datetime | None = None
    ) -> SubscriptionId:
        now = self.clock.now()
        start = at or now
        async with self.work(tenant_id) as session:
            version = await CatalogRepository(session).plan(plan)
            anchor = Anchor(start, "Asia/Shanghai", Interval.MONTH)
            subscription_id = SubscriptionId(new_id())
            timeline = new_timeline(
                subscription_id,
                ChangeId(new_id()),
                Start(version.id, "CNY", Interval.MONTH, anchor),
                effective_at=start,
                known_at=now,
            )
            await SubscriptionRepository(session).add(tenant_id, timeline)
        return subscription_id

    async def change(self, tenant_id: TenantId, bought: SubscriptionId, plan: str) -> None:
        async with self.work(tenant_id) as session:
            version = await CatalogRepository(session).plan(plan)
            await self._append(session, tenant_id, bought, ChangePlan(version.id, Interval.MONTH))

    async def cancel(self, tenant_id: TenantId, bought: SubscriptionId) -> None:
        async with self.work(tenant_id) as session:
            await self._append(session, tenant_id, bought, Cancel())

    async def _append(self, session, tenant_id, bought, action) -> None:
        subscriptions = SubscriptionRepository(session)
        await subscriptions.lock(bought)
        now = self.clock.now()
        await subscriptions.append(tenant_id, bought, action, effective_at=now, known_at=now)


def export_zip(identity: dict[str, str], *, rows: int = 3, counted: int | None = None) -> bytes:
    """An export as a module service writes it; ``counted`` makes its manifest lie."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.sqlite3"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO documents VALUES (?)", [(n,) for n in range(rows)])
        data = path.read_bytes()
    manifest = {
        "format": 1,
        **identity,
        "exported_at": "2026-01-10T02:00:00Z",
        "files": {"data.sqlite3": {"sha256": sha256(data).hexdigest(), "bytes": len(data)}},
        "tables": {"documents": rows if counted is None else counted},
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest))
        bundle.writestr("data.sqlite3", data)
    return archive.getvalue()


@dataclass
class FakeModules:
    """Answers as every instance's HTTP side; knows modules by what the test tells it."""

    public_keys: str
    module_of: Callable[[str], str]
    settled: bool = True
    revision: int = 1_000
    spoil: Callable[[bytes], bytes] = lambda archive: archive
    counted: int | None = None
    received: list[tuple[str, str]] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        keys = load_public_keys(self.public_keys)
        envelope = Envelope.from_header(request.headers["Tallyard-Command"])
        command = parse_command(verify(envelope, keys))
        module = self.module_of(command.instance)
        assert request.url.path == f"/_tallyard/{command.action}"
        self.received.append((command.action.value, module))
        if command.action == "export":
            identity = {"tenant": command.tenant, "instance": command.instance, "module": module}
            archive = export_zip(identity, counted=self.counted)
            return httpx.Response(200, content=self.spoil(archive))
        return httpx.Response(200, json={"revision": self.revision, "settled": self.settled})
