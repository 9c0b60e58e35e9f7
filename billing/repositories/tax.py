"""Legal entities, tax rates, billing profiles and exemptions."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.content import GoodsClass
from billing.domain.tax.parties import (
    Address,
    Bank,
    BillingProfile,
    EntityTax,
    LegalEntity,
    PrepaidPolicy,
)
from billing.domain.tax.rates import TaxRate
from billing.domain.tax.sale import Exemption, ExportCode
from billing.errors_tax import EntityNotFound
from control_plane.catalog.domain import Text
from control_plane.kernel.ids import TenantId, new_id

_ENTITIES = text("SELECT * FROM legal_entities ORDER BY code")
_ENTITY = text("SELECT * FROM legal_entities WHERE code = :code")
_ENTITY_OF = text(
    "SELECT coalesce(a.entity, CASE WHEN o.sandbox THEN 'sandbox' ELSE 'live' END) "
    "FROM organisations o LEFT JOIN billing_accounts a ON a.tenant_id = o.id "
    "WHERE o.id = :tenant_id"
)
_SAVE_ENTITY = text(
    "INSERT INTO legal_entities (code, prefix, name, sandbox, country, tax_id, registration, "
    "address, email, phone, bank, currency, prepaid_policy, tax, updated_at) "
    "VALUES (:code, :prefix, :name, :sandbox, :country, :tax_id, :registration, "
    "CAST(:address AS jsonb), :email, :phone, CAST(:bank AS jsonb), :currency, :prepaid_policy, "
    "CAST(:tax AS jsonb), :now) ON CONFLICT (code) DO UPDATE SET prefix = excluded.prefix, "
    "name = excluded.name, country = excluded.country, tax_id = excluded.tax_id, "
    "registration = excluded.registration, address = excluded.address, email = excluded.email, "
    "phone = excluded.phone, bank = excluded.bank, currency = excluded.currency, "
    "prepaid_policy = excluded.prepaid_policy, tax = excluded.tax, updated_at = excluded.updated_at"
)
_RATES = text(
    "SELECT jurisdiction, category, valid_from, valid_to, revision, code, rate, reason "
    "FROM tax_rates WHERE CAST(:jurisdictions AS text[]) IS NULL "
    "OR jurisdiction = ANY (:jurisdictions) "
    "ORDER BY jurisdiction, category, valid_from, revision"
)
_ADD_RATE = text(
    "INSERT INTO tax_rates (id, jurisdiction, category, valid_from, valid_to, revision, code, "
    "rate, reason, recorded_at) VALUES (:id, :jurisdiction, :category, :valid_from, :valid_to, "
    ":revision, :code, :rate, CAST(:reason AS jsonb), :now)"
)
_PROFILE = text("SELECT * FROM billing_profiles WHERE tenant_id = :tenant_id")
_SAVE_PROFILE = text(
    "INSERT INTO billing_profiles (tenant_id, legal_name, business, country, tax_id, registration, "
    "line1, line2, city, region, postcode, email, phone, purchase_order, updated_at) "
    "VALUES (:tenant_id, :legal_name, :business, :country, :tax_id, :registration, :line1, :line2, "
    ":city, :region, :postcode, :email, :phone, :purchase_order, :now) "
    "ON CONFLICT (tenant_id) DO UPDATE SET legal_name = excluded.legal_name, "
    "business = excluded.business, country = excluded.country, tax_id = excluded.tax_id, "
    "registration = excluded.registration, line1 = excluded.line1, line2 = excluded.line2, "
    "city = excluded.city, region = excluded.region, postcode = excluded.postcode, "
    "email = excluded.email, phone = excluded.phone, purchase_order = excluded.purchase_order, "
    "updated_at = excluded.updated_at"
)
_PROFILES = text("SELECT * FROM billing_profiles WHERE tenant_id = ANY (:tenants)")
_ALL_EXEMPTIONS = text(
    "SELECT tenant_id, jurisdiction, category, code, certificate, reason, valid_from, "
    "least(valid_to, revoked_from) AS valid_to FROM tax_exemptions "
    "WHERE tenant_id = ANY (:tenants) ORDER BY tenant_id, valid_from, id"
)
_EXEMPTIONS = text(
    "SELECT id, jurisdiction, category, code, certificate, reason, valid_from, "
    "least(valid_to, revoked_from) AS valid_to FROM tax_exemptions "
    "WHERE tenant_id = :tenant_id ORDER BY valid_from, id"
)
_ADD_EXEMPTION = text(
    "INSERT INTO tax_exemptions (tenant_id, id, jurisdiction, category, code, certificate, reason, "
    "valid_from, valid_to, recorded_at) VALUES (:tenant_id, :id, :jurisdiction, :category, :code, "
    ":certificate, CAST(:reason AS jsonb), :valid_from, :valid_to, :now) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_REVOKE = text(
    "UPDATE tax_exemptions SET revoked_from = :day WHERE tenant_id = :tenant_id AND id = :id "
    "AND revoked_from IS NULL RETURNING true"
)


@dataclass(frozen=True, slots=True)
class TaxRepository:
    """Reads by any session; entities and rates are written by the owner's."""

    session: AsyncSession

    async def entities(self) -> list[LegalEntity]:
        """Return every legal entity."""
        rows = await self.session.execute(_ENTITIES)
        return [entity_of(row) for row in rows.mappings()]

    async def entity(self, code: str) -> LegalEntity:
        """Return a legal entity.

        Raises:
            EntityNotFound: there is none of this code.
        """
        row = (await self.session.execute(_ENTITY, {"code": code})).mappings().one_or_none()
        if row is None:
            raise EntityNotFound(entity=code, field="entity")
        return entity_of(row)

    async def entity_code(self, tenant_id: TenantId) -> str:
        """Return which legal entity bills a tenant: its account's, or else the default one."""
        code: str | None = await self.session.scalar(_ENTITY_OF, {"tenant_id": tenant_id})
        return code or "live"

    async def save_entity(self, entity: LegalEntity, now: datetime) -> None:
        """Insert a legal entity, or replace all of it but whether it is a sandbox's."""
        values = asdict(entity)
        for name in ("address", "bank", "tax"):
            values[name] = None if values[name] is None else json.dumps(values[name])
        await self.session.execute(_SAVE_ENTITY, {**values, "now": now})

    async def rates(self, jurisdictions: Iterable[str] | None = None) -> list[TaxRate]:
        """Return all revisions of all rates, or of those of some jurisdictions."""
        wanted = None if jurisdictions is None else sorted(set(jurisdictions))
        rows = await self.session.execute(_RATES, {"jurisdictions": wanted})
        return [_rate(row) for row in rows.mappings()]

    async def add_rate(self, rate: TaxRate, now: datetime) -> None:
        """Append a rate, or a revision of one."""
        values = asdict(rate)
        values["reason"] = None if rate.reason is None else json.dumps(asdict(rate.reason))
        await self.session.execute(_ADD_RATE, {**values, "id": new_id(), "now": now})

    async def profile(self, tenant_id: TenantId) -> BillingProfile | None:
        """Return the customer's profile; None before it was filled in."""
        row = (await self.session.execute(_PROFILE, {"tenant_id": tenant_id})).mappings().first()
        return None if row is None else profile_of(row)

    async def save_profile(
        self, tenant_id: TenantId, profile: BillingProfile, now: datetime
    ) -> None:
        """Replace the customer's profile."""
        values = asdict(profile)
        values.update(values.pop("address"))
        await self.session.execute(_SAVE_PROFILE, {**values, "tenant_id": tenant_id, "now": now})

    async def exemptions(self, tenant_id: TenantId) -> list[tuple[UUID, Exemption]]:
        """Return the customer's exemptions with their ids; those revoked end on that day."""
        rows = await self.session.execute(_EXEMPTIONS, {"tenant_id": tenant_id})
        return [(row["id"], _exemption(row)) for row in rows.mappings()]

    async def profiles_of(self, tenants: Collection[TenantId]) -> dict[TenantId, BillingProfile]:
        """Return the profiles of many customers at once; who has none is left out."""
        rows = await self.session.execute(_PROFILES, {"tenants": list(tenants)})
        return {TenantId(row["tenant_id"]): profile_of(row) for row in rows.mappings()}

    async def exemptions_of(self, tenants: Collection[TenantId]) -> dict[TenantId, list[Exemption]]:
        """Return the exemptions of many customers at once; who has none is left out."""
        found: dict[TenantId, list[Exemption]] = {}
        rows = await self.session.execute(_ALL_EXEMPTIONS, {"tenants": list(tenants)})
        for row in rows.mappings():
            found.setdefault(TenantId(row["tenant_id"]), []).append(_exemption(row))
        return found

    async def add_exemption(
        self, tenant_id: TenantId, exemption: Exemption, now: datetime
    ) -> UUID | None:
        """Record a certificate and return its id; None when it is recorded already."""
        values = asdict(exemption)
        values["reason"] = json.dumps(asdict(exemption.reason))
        exemption_id = new_id()
        values.update(tenant_id=tenant_id, id=exemption_id, now=now)
        added = await self.session.scalar(_ADD_EXEMPTION, values)
        return exemption_id if added else None

    async def revoke_exemption(self, tenant_id: TenantId, exemption_id: UUID, day: date) -> bool:
        """End an exemption from a day on; False when there is none to end."""
        values = {"tenant_id": tenant_id, "id": exemption_id, "day": day}
        return bool(await self.session.scalar(_REVOKE, values))


def entity_of(row: Mapping[Any, Any]) -> LegalEntity:
    """Read a legal entity's row."""
    values: dict[str, Any] = {name: v for name, v in row.items() if name != "updated_at"}
    address, bank, tax = values["address"], values["bank"], values["tax"]
    values["address"] = None if address is None else Address(**address)
    values["bank"] = None if bank is None else Bank(**bank)
    values["tax"] = None if tax is None else _entity_tax(tax)
    values["prepaid_policy"] = PrepaidPolicy(values["prepaid_policy"])
    return LegalEntity(**values)


def _entity_tax(said: dict[str, Any]) -> EntityTax:
    return EntityTax(
        registrations=tuple(said["registrations"]),
        oss=said["oss"],
        export=ExportCode(said["export"]),
        goods=tuple(said["goods"]),
        en16931=said["en16931"],
        goods_classes=tuple(
            (category, GoodsClass(**goods)) for category, goods in said.get("goods_classes", ())
        ),
    )


def _rate(row: RowMapping) -> TaxRate:
    values: dict[str, Any] = dict(row)
    values["reason"] = None if values["reason"] is None else Text(**values["reason"])
    return TaxRate(**values)


def profile_of(row: Mapping[Any, Any]) -> BillingProfile:
    """Read a billing profile's row."""
    address = Address(
        line1=row["line1"],
        line2=row["line2"],
        city=row["city"],
        region=row["region"],
        postcode=row["postcode"],
        country=row["country"],
    )
    return BillingProfile(
        legal_name=row["legal_name"],
        address=address,
        business=row["business"],
        tax_id=row["tax_id"],
        registration=row["registration"],
        email=row["email"],
        phone=row["phone"],
        purchase_order=row["purchase_order"],
    )


_KEYS = {"id", "tenant_id"}


def _exemption(row: RowMapping) -> Exemption:
    values: dict[str, Any] = {name: value for name, value in row.items() if name not in _KEYS}
    values["reason"] = Text(**values["reason"])
    return Exemption(**values)
