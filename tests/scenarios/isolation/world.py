"""Two companies with everything a company can have, and the people of the vendor."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg

from billing.domain.fapiao.title import TitleKind
from billing.domain.life.migrations import MigrationMode
from billing.domain.life.orders import Order
from billing.domain.life.requests import StartWanted
from billing.services.quotes.make_quote import QuoteWanted
from control_plane.identity.domain import StaffRole
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    InstanceId,
    InvoiceId,
    TenantId,
    format_id,
    new_id,
    parse_id,
)
from control_plane.kernel.money import Money
from control_plane.tenancy.domain import Role
from tests.scenarios.isolation.balances import keep_balances
from tests.scenarios.isolation.callers import Caller, by_key, by_session, by_token
from tests.support.api import PASSWORD, Company, Site
from tests.support.fapiao_world import TITLE, keep_fapiao
from tests.support.grant_rows import keep_grant
from tests.support.group_rows import keep_group
from tests.support.webhook_rows import keep_webhook

# Sessions belong to a person and say when they were last used, whoever they look at.
_NOT_DATA = {"sessions"}

FIELDS = {
    "plan_code": "scale",
    "plan": "scale",
    "addon_code": "peak_618",
    "addon": "peak_618",
    "interval": "month",
    "role": "viewer",
    "name": "Another name",
    "email": "somebody@example.com",
    "amount": "1999.00",
    "currency": "CNY",
    "reference": "BANK-1",
    "reason": "a reason",
    "to": "2026-02-01T00:00:00+08:00",
}


# The vendor's own: routes name them in their paths, but they are nobody's data.
_VENDORS = {
    "name": "trial-balance",
    "file": "trial_balance.csv",
    "feature": "outbound.orders_per_day",
}
EVERYBODYS = {"feature"}
"""What names something of the catalogue: another's id is the same as one's own."""
_NOT_OWN = {*_VENDORS, "migration_id"}


@dataclass(frozen=True)
class Tenant:
    """A company, its objects by the name that routes give their ids, and its callers.

    ``tokens`` confirm previews of its own subscription, by what was previewed.
    """

    tenant_id: TenantId
    ids: Mapping[str, str]
    words: tuple[str, ...]
    tokens: Mapping[str, str]
    owner: Caller
    key: Caller
    viewer: Caller
    reporter: Caller
    service: Caller

    def form(self, path: str) -> dict[str, str]:
        """Plausible fields for whatever form or body; each route reads the ones it knows."""
        return {**FIELDS, "token": self.tokens["addon" if "addon" in path else "plan"]}

    @property
    def marks(self) -> tuple[str, ...]:
        """What only this company's data holds."""
        own = (value for name, value in self.ids.items() if name not in _NOT_OWN)
        return (*own, *self.words)


@dataclass(frozen=True)
class World:
    """Bella asks; Rival owns what she must not see."""

    bella: Tenant
    rival: Tenant
    operator: Caller
    finance: Caller


async def make_world(site: Site, admin: psycopg.Connection) -> World:
    bella = await _tenant(site, admin, "Bella Pizza", "bella")
    rival = await _tenant(site, admin, "Rival Noodles", "rival")
    return World(
        bella=bella,
        rival=rival,
        operator=await _staff(site, StaffRole.OPERATOR),
        finance=await _staff(site, StaffRole.FINANCE),
    )


async def _staff(site: Site, role: StaffRole) -> Caller:
    email = f"{role.value}@vendor.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name=role.value, staff_roles={role}
    )
    return await by_session(site, role.value, email)


async def _tenant(site: Site, admin: psycopg.Connection, name: str, word: str) -> Tenant:
    company = await site.company(name)
    tenant_id = TenantId(parse_id("ten", company.tenant_id))
    ids = {**_VENDORS, "tenant_id": company.tenant_id}
    ids["quote_id"] = await _quoted(site, tenant_id)
    bought = await _made(company, "/v1/subscriptions", {"plan_code": "growth"})
    ids["subscription_id"], ids["invoice_id"] = bought["subscription_id"], bought["invoice_id"]
    key = await _made(company, "/v1/api-keys", {"name": f"{word}-till", "scopes": ["read"]})
    ids["key_id"] = key["id"]
    reporter = await _made(
        company, "/v1/api-keys", {"name": f"{word}-meter", "scopes": ["events:write"]}
    )
    guest, viewer = f"{word}-guest@example.com", f"{word}-viewer@example.com"
    ids["invitation_id"] = format_id("ivt", await invite(site, tenant_id, guest))
    ids["user_id"] = await join(site, tenant_id, viewer)
    instance = InstanceId(new_id())
    ids["instance_id"] = format_id("ins", instance)
    _run(admin, tenant_id, instance, word)
    ids.update(keep_group(admin, tenant_id, word))
    await site.application.set_fapiao_title(
        tenant_id=tenant_id, kind=TitleKind.COMPANY, texts=TITLE, actor="the owner"
    )
    billed = InvoiceId(parse_id("inv", bought["invoice_id"]))
    fapiao = keep_fapiao(admin, tenant_id, f"{word} 有限公司", billed)
    ids["fapiao_id"] = format_id("fap", fapiao)
    ids["note_id"] = await _credited(site, tenant_id, bought["invoice_id"])
    ids["migration_id"] = await _migrated(site)
    ids.update(await keep_webhook(site, tenant_id, word))
    ids.update(await keep_balances(site, tenant_id, word))
    ids.update(await keep_grant(site, tenant_id, word))
    await site.application.publish_snapshot(tenant_id)
    reserved = await site.application.reserve_units(
        tenant_id, "outbound.orders_per_day", 50, 86_400, holder=f"{word}-till"
    )
    ids["reservation_id"] = reserved.id
    token = await site.application.issue_service_token(
        tenant_id=tenant_id, instance_id=instance, module="outbound"
    )
    return Tenant(
        tenant_id=tenant_id,
        ids=ids,
        words=(
            name,
            company.email,
            viewer,
            guest,
            f"{word}-till",
            f"{word}.internal",
            f"{word} trading",
            f"{word}-wallet",
            f"{word}-hook",
        ),
        tokens={
            "plan": await _preview(company, bought, "plan-change", {"plan_code": "scale"}),
            "addon": await _preview(company, bought, "addon", {"addon_code": "peak_618"}),
        },
        owner=await by_session(site, f"{word}'s owner", company.email),
        key=await by_key(site, f"{word}'s key", company.key),
        viewer=await by_session(site, f"{word}'s viewer", viewer),
        reporter=await by_key(site, f"{word}'s key for events", reporter["secret"]),
        service=await by_token(site, f"{word}'s service", token),
    )


async def _credited(site: Site, tenant_id: TenantId, invoice_id: str) -> str:
    """A credit note over a cent of the first line."""
    invoice = InvoiceId(parse_id("inv", invoice_id))
    found = await site.application.get_invoice(tenant_id=tenant_id, invoice_id=invoice)
    line = found.invoice.content["lines"][0]["key"]
    note = await site.application.issue_credit_note(
        tenant_id=tenant_id,
        invoice_id=invoice,
        reason="a cent",
        actor="usr_staff",
        lines={line: Money(1, currency("CNY"))},
    )
    return format_id("crn", note.id)


async def _quoted(site: Site, tenant_id: TenantId) -> str:
    """An open quote, made before the tenant has any module."""
    quote = await site.application.make_quote(
        tenant_id=tenant_id,
        wanted=QuoteWanted(
            order=Order(StartWanted("stock_query_only")),
            valid_until=site.application.clock.now() + timedelta(days=30),
        ),
        actor="usr_staff",
    )
    return format_id("quo", quote.id)


async def _migrated(site: Site) -> str:
    """A decision of the vendor's, which belongs to no tenant."""
    made = await site.application.start_migration(
        plan_code="stock_query_only", mode=MigrationMode.AT_RENEWAL, actor="usr_staff"
    )
    return format_id("pmg", made.id)


async def _made(company: Company, path: str, body: dict[str, object]) -> dict[str, str]:
    answer = await company.post(path, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def _preview(
    company: Company, bought: Mapping[str, str], what: str, body: dict[str, object]
) -> str:
    path = f"/v1/subscriptions/{bought['subscription_id']}/{what}-previews"
    answer = await company.post(path, body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def invite(site: Site, tenant_id: TenantId, email: str) -> UUID:
    invitation = await site.application.invite_member(
        tenant_id=tenant_id,
        email=email,
        role=Role.VIEWER,
        actor="the owner",
        acting_roles={Role.OWNER},
    )
    return invitation.id


async def join(site: Site, tenant_id: TenantId, email: str) -> str:
    """Invite a viewer and accept for them; give their user id."""
    secret = site.application.invitation_links.secret(await invite(site, tenant_id, email))
    user_id, _ = await site.application.join_by_invitation(
        secret=secret, name=email, password=PASSWORD
    )
    return format_id("usr", user_id)


def _run(admin: psycopg.Connection, tenant_id: TenantId, instance: InstanceId, word: str) -> None:
    """Record a service as the provisioner would; nothing is started."""
    admin.execute(
        "INSERT INTO instances (tenant_id, id, module, runtime, desired, state, generation, port, "
        "base_url, created_at) VALUES (%s, %s, 'outbound', 'process', 'running', 'ready', 1, %s, "
        "%s, '2026-01-10Z')",
        [tenant_id, instance, 20000 + uuid.uuid4().int % 20000, f"http://{word}.internal:8080"],
    )


def state_of(admin: psycopg.Connection, tenant_id: TenantId) -> dict[str, tuple[int, str]]:
    """Every row of a tenant, as a count and a digest for each table."""
    tables = admin.execute(
        "SELECT c.relname, a.attname FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND (a.attname = 'tenant_id' OR (c.relname = 'organisations' AND a.attname = 'id'))"
    ).fetchall()
    found = {}
    for table, column in tables:
        if table in _NOT_DATA:
            continue
        row = admin.execute(
            f"SELECT count(*), md5(coalesce(string_agg(r::text, '|' ORDER BY r::text), '')) "
            f'FROM "{table}" r WHERE "{column}" = %s',
            [tenant_id],
        ).fetchone()
        assert row is not None
        found[table] = (row[0], row[1])
    return found
