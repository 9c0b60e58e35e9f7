"""Reads the published catalogue, and appends to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.catalog.codec import addon_body, addon_from_body, plan_body, plan_from_body
from control_plane.catalog.definitions import Definitions, definitions_body, definitions_from_body
from control_plane.catalog.domain import AddonVersion, Catalog, Feature, Meter, PlanVersion
from control_plane.catalog.errors import AddonVersionNotFound, PlanVersionNotFound
from control_plane.catalog.models import AddonVersionRow, CatalogRevisionRow, PlanVersionRow
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, format_id
from control_plane.kernel.seasons import SEASONS

NOTHING_ON_SALE = Catalog(modules={}, features={}, meters={}, seasons=SEASONS, plans={}, addons={})
"""The catalogue before the first ``apply``."""


@dataclass(frozen=True, slots=True)
class CatalogRepository:
    """The catalogue, within one transaction. Any role may read; only the owner may append."""

    session: AsyncSession

    async def current(self) -> Catalog:
        """Return what is on sale now: `NOTHING_ON_SALE` before the first ``apply``."""
        newest = await self._newest()
        if newest is None:
            return NOTHING_ON_SALE
        body = json.loads(newest.body)
        definitions = _definitions(newest.body)
        plans = await self.plan_versions(PlanVersionId(UUID(i)) for i in body["plans"])
        addons = await self.addon_versions(AddonVersionId(UUID(i)) for i in body["addons"])
        return Catalog(
            modules=definitions.modules,
            features=definitions.features,
            meters=definitions.meters,
            seasons=definitions.seasons,
            plans={plan.code: plan for plan in plans.values()},
            addons={addon.code: addon for addon in addons.values()},
        )

    async def revision(self) -> int:
        """Return the number of the catalogue on sale; 0 before the first ``apply``."""
        return await self.session.scalar(select(func.max(CatalogRevisionRow.revision))) or 0

    async def meters(self) -> Mapping[str, Meter]:
        """Return the meters by code, with one query; none before the first ``apply``."""
        newest = await self._newest()
        return {} if newest is None else _definitions(newest.body).meters

    async def features(self) -> Mapping[str, Feature]:
        """Return the features by code, with one query; none before the first ``apply``."""
        newest = await self._newest()
        return {} if newest is None else _definitions(newest.body).features

    async def plan(self, code: str) -> PlanVersion:
        """Return the version of a plan that is on sale, or raise PlanNotFound."""
        return (await self.current()).plan(code)

    async def addon(self, code: str) -> AddonVersion:
        """Return the version of an add-on that is on sale, or raise AddonNotFound."""
        return (await self.current()).addon(code)

    async def plan_version(self, plan_version_id: PlanVersionId) -> PlanVersion:
        """Return any version ever published, or raise PlanVersionNotFound."""
        return (await self.plan_versions([plan_version_id]))[plan_version_id]

    async def addon_version(self, addon_version_id: AddonVersionId) -> AddonVersion:
        """Return any version ever published, or raise AddonVersionNotFound."""
        return (await self.addon_versions([addon_version_id]))[addon_version_id]

    async def plan_versions(self, ids: Iterable[PlanVersionId]) -> dict[PlanVersionId, PlanVersion]:
        """Return versions by id, in the order asked for.

        Raises:
            PlanVersionNotFound: one of them was never published.
        """
        wanted = list(dict.fromkeys(ids))
        rows = await self.session.scalars(
            select(PlanVersionRow).where(col(PlanVersionRow.id).in_(wanted))
        )
        found = {row.id: _plan(row.id, row.version, row.body) for row in rows}
        for missing in (i for i in wanted if i not in found):
            raise PlanVersionNotFound(plan_version_id=format_id("plv", missing))
        return {i: found[i] for i in wanted}

    async def addon_versions(
        self, ids: Iterable[AddonVersionId]
    ) -> dict[AddonVersionId, AddonVersion]:
        """Return versions by id, in the order asked for.

        Raises:
            AddonVersionNotFound: one of them was never published.
        """
        wanted = list(dict.fromkeys(ids))
        rows = await self.session.scalars(
            select(AddonVersionRow).where(col(AddonVersionRow.id).in_(wanted))
        )
        found = {row.id: _addon(row.id, row.version, row.body) for row in rows}
        for missing in (i for i in wanted if i not in found):
            raise AddonVersionNotFound(addon_version_id=format_id("adv", missing))
        return {i: found[i] for i in wanted}

    async def latest_plans(self) -> dict[str, PlanVersion]:
        """Return the newest version of every plan ever published, sold or withdrawn."""
        rows = await self.session.scalars(
            select(PlanVersionRow)
            .distinct(col(PlanVersionRow.code))
            .order_by(col(PlanVersionRow.code), col(PlanVersionRow.version).desc())
        )
        return {row.code: _plan(row.id, row.version, row.body) for row in rows}

    async def latest_addons(self) -> dict[str, AddonVersion]:
        """Return the newest version of every add-on ever published, sold or withdrawn."""
        rows = await self.session.scalars(
            select(AddonVersionRow)
            .distinct(col(AddonVersionRow.code))
            .order_by(col(AddonVersionRow.code), col(AddonVersionRow.version).desc())
        )
        return {row.code: _addon(row.id, row.version, row.body) for row in rows}

    def add_plan(self, plan: PlanVersion, published_at: datetime) -> None:
        """Append a version of a plan."""
        text, digest = _stored(plan_body(plan))
        self.session.add(
            PlanVersionRow(
                id=plan.id,
                code=plan.code,
                version=plan.version,
                body=text,
                body_sha256=digest,
                published_at=published_at,
            )
        )

    def add_addon(self, addon: AddonVersion, published_at: datetime) -> None:
        """Append a version of an add-on."""
        text, digest = _stored(addon_body(addon))
        self.session.add(
            AddonVersionRow(
                id=addon.id,
                code=addon.code,
                version=addon.version,
                body=text,
                body_sha256=digest,
                published_at=published_at,
            )
        )

    async def put_on_sale(self, catalog: Catalog, source: str, published_at: datetime) -> int:
        """Append a revision of the catalogue and return its number.

        Its plan and add-on versions must have been added. The caller holds a
        lock, so that two publishers cannot draw the same number.
        """
        await self.session.flush()
        revision = await self.revision() + 1
        body = {
            **definitions_body(catalog),
            "plans": [str(plan.id) for plan in catalog.plans.values()],
            "addons": [str(addon.id) for addon in catalog.addons.values()],
        }
        text, digest = _stored(body)
        row = CatalogRevisionRow(
            revision=revision,
            body=text,
            body_sha256=digest,
            source=source,
            published_at=published_at,
        )
        self.session.add(row)
        await self.session.flush()
        return revision

    async def _newest(self) -> CatalogRevisionRow | None:
        newest = select(CatalogRevisionRow).order_by(col(CatalogRevisionRow.revision).desc())
        return await self.session.scalar(newest.limit(1))


@lru_cache(maxsize=16)
def _definitions(body: str) -> Definitions:
    return definitions_from_body(json.loads(body))


def _stored(body: dict[str, Any]) -> tuple[str, str]:
    encoded = canonical_json(body)
    return encoded.decode(), sha256_hex(encoded)


# Versions never change, so what was read once stays read: the key holds the whole row.
@lru_cache(maxsize=1024)
def _plan(version_id: UUID, version: int, body: str) -> PlanVersion:
    return plan_from_body(PlanVersionId(version_id), version, json.loads(body))


@lru_cache(maxsize=1024)
def _addon(version_id: UUID, version: int, body: str) -> AddonVersion:
    return addon_from_body(AddonVersionId(version_id), version, json.loads(body))
