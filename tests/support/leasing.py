"""A tenant with quotas, and instances that lease of them, on real PostgreSQL."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from control_plane.entitlements.held_states import HeldStates
from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.services.use_leases import UseLeases
from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.envelope import Envelope, load_public_keys, verify
from control_plane.sdk.lease_messages import (
    LeaseOp,
    LeaseOperation,
    LeaseRequest,
    LeaseResult,
    parse_leases,
)
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Mode, Snapshot, Standing, Window

ZONE = "Asia/Shanghai"
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


def granted(
    kind: FeatureKind, value: int | str, *, burst: int | None = None, **more: object
) -> FeatureGrant:
    """A feature with one window that has no end."""
    window = Window(
        BEGIN, None, "plan:test@1", Decimal(value), None if burst is None else Decimal(burst)
    )
    return FeatureGrant(kind, (window,), **more)  # type: ignore[arg-type] # terms by name


def quotas(limit: int = 1000) -> dict[str, FeatureGrant]:
    """One feature of every kind."""
    metered = FeatureKind.METERED
    return {
        "orders": granted(metered, limit, per="day", meter="orders"),
        "exports": granted(metered, limit, per="ever"),
        "soft": granted(metered, limit, per="day", mode=Mode.SOFT),
        "rolling": granted(metered, limit, rolling_seconds=600),
        "calls": granted(FeatureKind.RATE, 10, burst=limit),
        "jobs": granted(FeatureKind.CONCURRENCY, limit),
        "people": granted(FeatureKind.SEATS, limit),
        "module": FeatureGrant(FeatureKind.BOOLEAN, (Window(BEGIN, None, "plan:test@1"),)),
    }


class Unheard:
    """News that never comes: what is held passes for the newest until the database objects."""

    epoch: int | None = 1
    heard_seconds = 0.0

    def subscribe(self, _: object) -> Callable[[], None]:
        return lambda: None


def new_tenant(connection: "psycopg.Connection[tuple[object, ...]]") -> TenantId:
    """An organisation, made behind row-level security."""
    tenant_id = TenantId(new_id())
    connection.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, 'bench', 'Bench', %s, 'en', 'CNY', false, '2026-01-01Z', 'active')",
        [tenant_id, ZONE],
    )
    return tenant_id


@dataclass
class Leasing:
    """The lease server, and what tests say to it."""

    work: UnitOfWork
    clock: Clock
    signer: Signer
    tenant_id: TenantId
    revision: int = 0
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.accounts = LeaseAccounts(HeldStates(self.work, Unheard()), self.clock)
        self.keys = load_public_keys(self.signer.public_keys_text())
        self.use = UseLeases(self.work, self.accounts, self.signer)

    async def publish(
        self,
        features: Mapping[str, FeatureGrant],
        standing: Standing = Standing.ACTIVE,
        *,
        test_clock_at: datetime | None = None,
    ) -> None:
        """Make this the tenant's newest entitlement."""
        self.revision += 1
        snapshot = Snapshot(
            tenant=format_id("ten", self.tenant_id),
            revision=self.revision,
            issued_at=self.clock.now(),
            zone=ZONE,
            features=features,
            standing=standing,
            test_clock_at=test_clock_at,
        )
        async with self.work(self.tenant_id) as session:
            signed = self.signer.sign(snapshot.to_bytes())
            await SnapshotRepository(session).add(self.tenant_id, snapshot, signed)

    async def ask(
        self,
        *operations: LeaseOperation,
        holder: str = "ins_a",
        request_id: str | None = None,
        epoch: int = 1,
    ) -> list[LeaseResult]:
        """Send a request, check the signature of its answer and read that."""
        request = LeaseRequest(request_id or str(new_id()), holder, epoch, operations)
        return self.read(await self.use(self.tenant_id, request), request)

    def read(self, envelope: Envelope, request: LeaseRequest) -> list[LeaseResult]:
        """Check an answer as its holder does."""
        answer = parse_leases(
            verify(envelope, self.keys),
            tenant=format_id("ten", self.tenant_id),
            holder=request.holder,
            request_id=request.request_id,
            asked=request.operations,
        )
        return list(answer.results)

    async def acquire(self, feature: str, units: int, *, need: int = 1, **more: str) -> LeaseResult:
        period = (
            more.pop("period", "")
            or (await self.accounts.terms(self.tenant_id, feature)).period.key
        )
        [result] = await self.ask(
            LeaseOperation(LeaseOp.ACQUIRE, feature=feature, period=period, units=units, need=need),
            **more,  # type: ignore[arg-type] # texts by name
        )
        return result

    async def renew(
        self, lease: LeaseResult, *, spent: int, units: int, fence: int | None = None, **more: str
    ) -> LeaseResult:
        [result] = await self.ask(
            LeaseOperation(
                LeaseOp.RENEW,
                lease=lease.lease,
                fence=lease.fence if fence is None else fence,
                spent=spent,
                units=units,
            ),
            **more,  # type: ignore[arg-type] # texts by name
        )
        return result

    async def close(self, lease: LeaseResult, *, spent: int, **more: str) -> LeaseResult:
        [result] = await self.ask(
            LeaseOperation(LeaseOp.CLOSE, lease=lease.lease, fence=lease.fence, spent=spent),
            **more,  # type: ignore[arg-type] # texts by name
        )
        return result
