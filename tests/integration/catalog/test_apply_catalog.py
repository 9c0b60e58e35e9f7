"""Publishing appends: what was sold stays as it was sold, and nobody can rewrite it."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from control_plane.catalog.diff import Effect
from control_plane.catalog.errors import (
    AddonNotFound,
    AddonVersionNotFound,
    CatalogInvalid,
    PlanNotFound,
    PlanVersionNotFound,
)
from control_plane.catalog.repository import NOTHING_ON_SALE, CatalogRepository
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.catalog.services.diff_catalog import DiffCatalog
from control_plane.catalog.services.read_catalog import ReadCatalog
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, new_id
from tests.support.catalogue import SMALL, spoiled

DEARER = spoiled('"3999.00"', '"4200.00"')


@pytest.fixture
def apply_catalog(database, clock):
    return ApplyCatalog(database, clock)


@pytest.fixture
def read_catalog(database):
    return ReadCatalog(database)


def counts(admin):
    return tuple(
        admin.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("catalog_revisions", "plan_versions", "addon_versions")
    )


async def test_before_the_first_apply_nothing_is_on_sale(read_catalog):
    assert await read_catalog() == NOTHING_ON_SALE


async def test_what_was_applied_is_on_sale(apply_catalog, read_catalog):
    published = await apply_catalog(SMALL)

    catalog = await read_catalog()

    assert catalog == published.catalog
    assert list(catalog.plans) == ["growth", "scale", "receiving"]
    assert {"618", "double11", "anniversary"} == set(catalog.seasons)


async def test_applying_the_same_file_again_stores_nothing(apply_catalog, admin):
    await apply_catalog(SMALL)
    before = counts(admin)

    again = await apply_catalog("# a comment more\n" + SMALL)

    assert again.differences == ()
    assert counts(admin) == before == (1, 3, 1)


async def test_a_new_version_leaves_what_was_sold_untouched(apply_catalog, work, tenant_id, clock):
    sold = (await apply_catalog(SMALL)).catalog.plan("scale")
    clock.advance(days=30)

    await apply_catalog(DEARER)

    async with work(tenant_id) as session:
        catalogs = CatalogRepository(session)
        now = await catalogs.plan("scale")
        assert (now.version, now.prices[0].charges[0].amount.minor) == (2, 420_000)
        assert await catalogs.plan_version(sold.id) == sold
        assert sold.prices[0].charges[0].amount.minor == 399_900
        assert await catalogs.revision() == 2
        assert list(await catalogs.meters()) == ["outbound_lines"]


async def test_a_withdrawn_plan_is_not_sold_but_still_known(apply_catalog, work, tenant_id):
    sold = (await apply_catalog(SMALL)).catalog.plan("receiving")
    start, end = SMALL.index("  - code: receiving"), SMALL.index("addons:")

    await apply_catalog(SMALL[:start] + SMALL[end:])

    async with work(tenant_id) as session:
        catalogs = CatalogRepository(session)
        with pytest.raises(PlanNotFound, match="receiving"):
            await catalogs.plan("receiving")
        assert await catalogs.plan_version(sold.id) == sold


async def test_diff_tells_the_same_as_apply_and_stores_nothing(
    database, apply_catalog, read_catalog, admin
):
    await apply_catalog(SMALL)
    before = counts(admin)

    told = await DiffCatalog(database)(DEARER)

    assert [(d.section, d.code, d.effect, d.version) for d in told.differences] == [
        ("plans", "scale", Effect.CHANGED, 2)
    ]
    assert counts(admin) == before
    assert (await read_catalog()).plan("scale").version == 1
    assert (await apply_catalog(DEARER)).differences == told.differences


async def test_a_faulty_file_stores_nothing(apply_catalog, admin):
    with pytest.raises(CatalogInvalid) as caught:
        await apply_catalog(spoiled('"3999.00"', '"39.999"'))

    assert [p.code for p in caught.value.problems] == ["too_fine"]
    assert counts(admin) == (0, 0, 0)


async def test_a_published_meter_keeps_its_meaning(apply_catalog, admin):
    await apply_catalog(SMALL)

    with pytest.raises(CatalogInvalid) as caught:
        await apply_catalog(spoiled("property: lines", "property: units"))

    assert [p.code for p in caught.value.problems] == ["meaning_changed"]
    assert counts(admin) == (1, 3, 1)


async def test_publishers_at_once_number_versions_one_after_the_other(database, clock, admin):
    await ApplyCatalog(database, clock)(SMALL)
    files = [spoiled('"3999.00"', f'"4{n}00.00"') for n in range(6)]

    await asyncio.gather(*(ApplyCatalog(database, clock)(file) for file in files))

    versions = admin.execute(
        "SELECT version, count(*) FROM plan_versions WHERE code = 'scale' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert versions == [(n, 1) for n in range(1, 8)]
    assert counts(admin)[0] == 7


async def test_equal_files_at_once_publish_once(database, clock, admin):
    await asyncio.gather(*(ApplyCatalog(database, clock)(SMALL) for _ in range(6)))

    assert counts(admin) == (1, 3, 1)


@pytest.mark.parametrize("table", ["catalog_revisions", "plan_versions", "addon_versions"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET body = '{{}}'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_what_was_published_cannot_be_changed_by_anybody(
    apply_catalog, admin, table, statement
):
    await apply_catalog(SMALL)

    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute(statement.format(table))


async def test_a_tenant_may_read_the_catalogue_and_never_write_it(
    apply_catalog, work, staff, tenant_id
):
    await apply_catalog(SMALL)

    async with staff() as session:
        assert await CatalogRepository(session).revision() == 1
    for table in ("catalog_revisions", "plan_versions", "addon_versions"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with work(tenant_id) as session:
                await session.execute(text(f"INSERT INTO {table} SELECT * FROM {table}"))


async def test_versions_that_never_were_are_refused_by_name(apply_catalog, work, tenant_id):
    await apply_catalog(SMALL)

    async with work(tenant_id) as session:
        catalogs = CatalogRepository(session)
        with pytest.raises(PlanVersionNotFound, match="plv_"):
            await catalogs.plan_version(PlanVersionId(new_id()))
        with pytest.raises(AddonVersionNotFound, match="adv_"):
            await catalogs.addon_version(AddonVersionId(new_id()))
        with pytest.raises(AddonNotFound):
            await catalogs.addon("peak_619")
        assert (await catalogs.addon("peak_618")).version == 1


async def test_publication_is_dated_by_the_clock(apply_catalog, admin, clock):
    clock.advance(hours=5)
    await apply_catalog(SMALL)

    (published_at,) = admin.execute("SELECT published_at FROM catalog_revisions").fetchone()
    assert published_at - clock.now() == timedelta(0)
