"""Building a tenant's snapshot, to the bare reads that it needs.

Six modules, 200 features of every kind, a plan, two booked add-ons, grants and overrides. Ours
reads in one transaction, builds every window, writes the canonical bytes and signs them; storing
is not part of it. The baseline makes the same reads, one statement a table, through the same pool,
in a transaction of the same role under the same row-level security, and does nothing with the rows.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import text

from control_plane.catalog.domain import Catalog
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.entitlements.domain.build import build_snapshot
from control_plane.entitlements.gather import gather_facts
from control_plane.entitlements.services.grant_feature import GrantFeature
from control_plane.entitlements.services.override_feature import OverrideFeature
from control_plane.entitlements.signer import Signer
from control_plane.kernel.calendar import Period
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import ChangeId, TenantId, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import BookAddon
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from tests.support import cluster
from tests.support.timelines import at, started

MODULES, FEATURES = 6, 200
BUILDS = {"small": 40, "full": 400}
_READS = [
    text(f"SELECT * FROM {source}")
    for source in (
        "test_clocks WHERE tenant_id = :tenant",
        "organisations WHERE id = :tenant",
        "subscription_changes WHERE tenant_id = :tenant ORDER BY subscription_id, seq",
        "plan_versions WHERE id = ANY(:plans)",
        "addon_versions WHERE id = ANY(:addons)",
        "catalog_revisions ORDER BY revision DESC LIMIT 1",
        (
            "feature_grants g LEFT JOIN feature_grant_ends e USING (tenant_id, id) "
            "WHERE g.tenant_id = :tenant"
        ),
        "api_keys WHERE tenant_id = :tenant AND revoked_at IS NULL",
        "service_tokens WHERE tenant_id = :tenant AND revoked_at IS NULL",
        "standings WHERE tenant_id = :tenant",
    )
]


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the median time of a build."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            tenant_id = _seed(settings)
            ours, bare, length = asyncio.run(_measure(settings, tenant_id, BUILDS[size]))
        finally:
            cluster.drop_database(settings)
    value, baseline = median(ours) * 1000, median(bare) * 1000
    yield {
        "name": "snapshot_build",
        "value": round(value, 2),
        "unit": "ms (p50)",
        "baseline": round(baseline, 2),
        "ratio": round(value / baseline, 3),
        "conditions": {
            "modules": MODULES,
            "features": FEATURES,
            "builds": len(ours),
            "payload_bytes": length,
            "baseline_is": f"the same {len(_READS)} reads: same pool, role and row-level security",
        },
    }


def _catalogue() -> str:
    """Write a catalogue of six modules, with a plan and two add-ons over all of them."""
    codes = [f"m{n}" for n in range(MODULES)]
    named = "name: {en: N, zh: 名}"
    lines = ["modules:", *(f"  - {{code: {code}, {named}}}" for code in codes), "features:"]
    lines += [f"  - {{code: {c}, kind: boolean, module: {c}, {named}}}" for c in codes]
    kinds = ("boolean", "metered, per: day", "metered, per: month, mode: soft", "concurrency")
    granted = {}
    for n in range(FEATURES - MODULES):
        kind, module = kinds[n % len(kinds)], codes[n % MODULES]
        lines.append(f"  - {{code: {module}.f{n}, kind: {kind}, module: {module}, {named}}}")
        granted[f"{module}.f{n}"] = "true" if kind == "boolean" else str(100 + n)
    held = ", ".join(f"{code}: {value}" for code, value in granted.items())
    more = ", ".join(f"{c}: 50" for c, value in list(granted.items())[:40] if value != "true")
    fee = f'[{{code: fee, kind: flat, amount: "1.00", {named}}}]'
    lines += [
        "plans:",
        f"  - {{code: big, {named}, modules: [{', '.join(codes)}], entitlements: {{{held}}},",
        f"     prices: [{{currency: CNY, interval: month, charges: {fee}}}]}}",
        "addons:",
    ]
    lines += [
        f'  - {{code: {code}, season: "618", {named}, requires: [{", ".join(codes)}], '
        f"grants: {{{more}}}, "
        'prices: [{currency: CNY, amount: "1.00"}]}'
        for code in ("peak_a", "peak_b")
    ]
    return "\n".join(lines) + "\n"


def _seed(settings: Settings) -> TenantId:
    tenant_id = TenantId(new_id())
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, "
            "created_at, state) VALUES (%s, 'bench', 'Bench', 'Asia/Shanghai', 'en', 'CNY', "
            "false, '2026-01-01Z', 'active')",
            [tenant_id],
        )
        for n in range(3):
            connection.execute(
                "INSERT INTO api_keys "
                "(tenant_id, id, name, prefix, hash, scopes, created_by, created_at) "
                "VALUES (%s, %s, 'bench', %s, %s, '{read}', 'bench', '2026-01-01Z')",
                [tenant_id, new_id(), f"key{n}", sha256(bytes([n])).hexdigest()],
            )
    return tenant_id


async def _measure(
    settings: Settings, tenant_id: TenantId, builds: int
) -> tuple[list[float], list[float], int]:
    database, clock = Database(settings), FakeClock(at(1))
    work, signer = UnitOfWork(database), Signer.load(settings.signing_key_path)
    catalog = (await ApplyCatalog(database, clock)(_catalogue())).catalog
    await _buy(work, clock, tenant_id, catalog)
    bound = {
        "tenant": tenant_id,
        "plans": [catalog.plan("big").id],
        "addons": [addon.id for addon in catalog.addons.values()],
    }
    ours, bare, length = [], [], 0
    for _ in range(builds):
        begun = time.perf_counter()
        length = await _build(work, TenantClock(clock), signer, tenant_id)
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        async with work(tenant_id) as session:
            for statement in _READS:
                (await session.execute(statement, bound)).all()
        bare.append(time.perf_counter() - begun)
    await database.close()
    return ours, bare, length


async def _build(
    work: UnitOfWork, tenant_clock: TenantClock, signer: Signer, tenant_id: TenantId
) -> int:
    async with work(tenant_id) as session:
        reading = await tenant_clock.read(session, tenant_id)
        facts = await gather_facts(session, tenant_id, reading)
    snapshot = build_snapshot(facts, revision=1, issued_at=reading.now)
    if len(snapshot.features) != FEATURES:
        raise AssertionError(f"{len(snapshot.features)} features")
    return len(signer.sign(snapshot.to_bytes()).payload)


async def _buy(work: UnitOfWork, clock: FakeClock, tenant_id: TenantId, catalog: Catalog) -> None:
    timeline = started(catalog.plan("big").id)
    for number, addon in enumerate(catalog.addons.values()):
        window = Period(at(30 + 10 * number), at(60 + 10 * number))
        timeline = timeline.with_change(
            ChangeId(new_id()), BookAddon(addon.id, window), effective_at=at(0), known_at=at(0)
        )
    async with work(tenant_id) as session:
        await SubscriptionRepository(session).add(tenant_id, timeline)
    grant = GrantFeature(work, TenantClock(clock))
    override = OverrideFeature(work, TenantClock(clock))
    for code in [c for c, f in catalog.features.items() if f.per == "day"][:5]:
        five = Decimal(5)
        await grant(tenant_id=tenant_id, feature=code, value=five, reason="bench", actor="bench")
        await override(
            tenant_id=tenant_id,
            feature=code,
            value=five,
            reason="bench",
            actor="bench",
            starts_at=at(2),
            ends_at=at(3),
        )
