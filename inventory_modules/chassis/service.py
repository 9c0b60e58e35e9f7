"""A running instance put together: its database, its subscription, its ways to the outside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from litestar.handlers import HTTPRouteHandler

from control_plane.kernel.clock import Clock
from control_plane.sdk.call_reporter import CallReporter, Reporters
from control_plane.sdk.call_spool import CallSpool
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.commands import CommandGate
from control_plane.sdk.control_link import ControlLink
from control_plane.sdk.courier import Courier
from control_plane.sdk.envelope import load_public_keys
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_thread import LeaseThread
from control_plane.sdk.reporter import UsageReporter, UsageSpool
from control_plane.sdk.subscriber import Subscriber
from inventory_modules.chassis import snapshot_keeper, units
from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.control_client import ControlClient
from inventory_modules.chassis.database import Database, connect
from inventory_modules.chassis.settings import Settings
from inventory_modules.chassis.snapshot_keeper import SnapshotKeeper
from inventory_modules.chassis.units import UnitDesk
from inventory_modules.chassis.usage import UsageSource

DATABASE_FILE = "data.sqlite3"
CALLS_FOLDER = "calls"
_SCHEMA = {"snapshot_keeper": snapshot_keeper.SCHEMA, "units": units.SCHEMA}
_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=2)
_KEEPALIVE_SECONDS = 30  # shorter than the server's, so that it is the client that lets go


@dataclass(frozen=True, slots=True)
class Chassis:
    """What a module is built on."""

    settings: Settings
    clock: Clock
    database: Database
    session: aiohttp.ClientSession
    state: EntitlementState
    subscriber: Subscriber
    keeper: SnapshotKeeper
    gate: Gate
    commands: CommandGate
    reporter: Reporters
    usage: UsageSource
    calls: CallSpool
    units: UnitDesk


@dataclass(frozen=True, slots=True)
class ModuleParts:
    """What a module adds to the chassis.

    ``catch_up`` brings waiting work forward as far as it can now and says whether all is done;
    ``pending`` counts what is left.
    """

    routes: Sequence[HTTPRouteHandler]
    catch_up: Callable[[], Awaitable[bool]]
    pending: Callable[[], int]


@dataclass(frozen=True, slots=True)
class ModuleDefinition:
    """A module: its tables, and how it is put together. What it is stands in its manifest."""

    schema: Mapping[str, Sequence[str]]
    build: Callable[[Chassis], ModuleParts]


@asynccontextmanager
async def open_chassis(
    settings: Settings, definition: ModuleDefinition, clock: Clock
) -> AsyncIterator[Chassis]:
    """Open the instance's database and connections, and close them at the end."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data_dir / DATABASE_FILE, {**_SCHEMA, **definition.schema})
    spool = connect(database.path)
    UsageSpool.create_table(spool)
    usage = UsageSource(settings.instance_id, settings.module)
    calls = CallSpool(
        settings.data_dir / CALLS_FOLDER, source=usage.source, subject=settings.module
    )
    keys = KeyRing(load_public_keys(settings.public_keys))
    state = EntitlementState(tenant=settings.tenant_id, keys=keys, clock=clock)
    connector = aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
        client = ControlClient(session, settings.control_url, settings.service_token, clock)
        courier = Courier(client.send_events, clock)
        keeper = SnapshotKeeper(
            state=state, ring=keys, client=client, database=database, clock=clock
        )
        keeper.restore()
        subscriber = _subscriber(settings, state, keys, keeper)
        subscriber.start()
        desk = _unit_desk(settings, state, keys, database, clock)
        yield Chassis(
            settings=settings,
            clock=clock,
            database=database,
            session=session,
            state=state,
            subscriber=subscriber,
            keeper=keeper,
            gate=Gate(state, clock, keeper.refresh),
            commands=CommandGate(
                tenant=settings.tenant_id, instance=settings.instance_id, keys=keys, clock=clock
            ),
            reporter=Reporters((UsageReporter(spool, courier), CallReporter(calls, courier))),
            usage=usage,
            calls=calls,
            units=desk,
        )
        await desk.close()
        await asyncio.to_thread(subscriber.stop)
    await keeper.close()
    await database.close()
    spool.close()
    calls.close()


def _unit_desk(
    settings: Settings, state: EntitlementState, keys: KeyRing, database: Database, clock: Clock
) -> UnitDesk:
    """Return what hands out leased units; its thread asks for more before they run out."""
    book = LeaseBook(settings.instance_id, clock.monotonic, spare=units.SPARE_UNITS)
    link = ControlLink(settings.control_url, settings.service_token, clock=clock)
    thread = LeaseThread(book, link, tenant=settings.tenant_id, keys=keys)
    book.on_need = thread.wake
    state.attach(book)
    return UnitDesk(state, book, thread, database)


def _subscriber(
    settings: Settings, state: EntitlementState, keys: KeyRing, keeper: SnapshotKeeper
) -> Subscriber:
    """Return what keeps ``state`` new, from a thread of its own, and lets ``keeper`` know."""
    loop = asyncio.get_running_loop()

    def note(changed: bool) -> None:  # noqa: FBT001 - the shape of the callback
        loop.call_soon_threadsafe(keeper.note, changed)

    return Subscriber(
        state,
        url=settings.control_url,
        token=settings.service_token,
        ring=keys,
        on_news=note,
    )
