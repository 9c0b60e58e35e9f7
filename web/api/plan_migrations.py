"""Moving a plan's subscriptions to its newest version."""

from datetime import datetime

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.life.migrations import Impact, MigrationMode
from billing.services.migrations.preview_migration import MigrationPreview
from billing.services.migrations.read_migrations import MigrationView
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import PlanMigrationId, format_id
from web.api.common import ApiRequest, choice_from, id_from, instant_from, principal
from web.compose import Application
from web.patience import as_long_as_a_request_may

FINANCE = {"permission": Permission.STAFF_FINANCE}


class MigrationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A plan, and when: ``at_once``, ``at_renewal``, or ``on_date`` with its date."""

    plan_code: str
    mode: str = "at_renewal"
    on_date: str | None = None

    def read(self) -> tuple[str, MigrationMode, datetime | None]:
        """Read the decision."""
        on_date = instant_from(self.on_date, field="on_date") if self.on_date else None
        return self.plan_code, choice_from(MigrationMode, self.mode, field="mode"), on_date


class ImpactView(msgspec.Struct):
    """What it means for one subscription per period, before tax, on its last period's usage.

    ``reason`` says why a subscription would be left alone, or could not be moved.
    """

    tenant_id: str
    customer: str
    subscription_id: str
    from_version: str
    before: str | None
    after: str | None
    difference: str | None
    currency: str | None
    effective_at: datetime | None
    reason: str | None


class MigrationPreviewView(msgspec.Struct):
    """Everybody who ever held the plan, and how many pay more, less, or are left alone."""

    to_version: str
    moved: int
    dearer: int
    cheaper: int
    left_alone: int
    subscriptions: list[ImpactView]


class MoveView(msgspec.Struct):
    """What became of one subscription."""

    tenant_id: str
    subscription_id: str
    state: str
    reason: str | None
    effective_at: datetime | None


class PlanMigrationView(msgspec.Struct):
    """A migration and how far it is."""

    id: str
    plan: str
    to_version: str
    mode: str
    on_date: datetime | None
    made_at: datetime
    pending: int
    moved: int
    skipped: int
    failed: int
    moves: list[MoveView]


def impact_view(impact: Impact) -> ImpactView:
    """Show one subscription's part."""
    before, after, difference = impact.before, impact.after, impact.difference
    return ImpactView(
        tenant_id=format_id("ten", impact.tenant_id),
        customer=impact.customer,
        subscription_id=format_id("sub", impact.subscription_id),
        from_version=impact.from_label,
        before=None if before is None else before.decimal_text(),
        after=None if after is None else after.decimal_text(),
        difference=None if difference is None else difference.decimal_text(),
        currency=None if before is None else before.currency.code,
        effective_at=impact.effective_at,
        reason=impact.reason,
    )


def preview_view(preview: MigrationPreview) -> MigrationPreviewView:
    """Show what a migration would mean."""
    return MigrationPreviewView(
        to_version=preview.to_label,
        moved=len(preview.moved),
        dearer=len(preview.dearer),
        cheaper=len(preview.cheaper),
        left_alone=len(preview.impacts) - len(preview.moved),
        subscriptions=[impact_view(impact) for impact in preview.impacts],
    )


def migration_view(view: MigrationView) -> PlanMigrationView:
    """Show a migration."""
    counts = {state.value: count for state, count in view.counts.items()}
    return PlanMigrationView(
        id=format_id("pmg", view.migration.id),
        plan=view.migration.plan_code,
        to_version=view.to_label,
        mode=view.migration.mode.value,
        on_date=view.migration.on_date,
        made_at=view.migration.made_at,
        pending=counts.get("pending", 0),
        moved=counts.get("moved", 0),
        skipped=counts.get("skipped", 0),
        failed=counts.get("failed", 0),
        moves=[
            MoveView(
                tenant_id=format_id("ten", move.tenant_id),
                subscription_id=format_id("sub", move.subscription_id),
                state=move.state.value,
                reason=move.reason,
                effective_at=move.effective_at,
            )
            for move in view.moves
        ],
    )


@post("/plan-migration-previews", status_code=200, opt={**FINANCE, "idempotent": False})
async def preview_migration(
    data: JSONBody[MigrationRequest], application: NamedDependency[Application]
) -> MigrationPreviewView:
    """Show who would pay more and who less under a plan's newest version. Changes nothing.

    Refused where that takes longer than an answer may; `tallyard plan migrate` takes its time.
    """
    plan, mode, on_date = data.read()
    async with as_long_as_a_request_may("tallyard plan migrate"):
        found = await application.preview_migration(plan_code=plan, mode=mode, on_date=on_date)
    return preview_view(found)


@post("/plan-migrations", opt=FINANCE)
async def start_migration(
    request: ApiRequest,
    data: JSONBody[MigrationRequest],
    application: NamedDependency[Application],
) -> PlanMigrationView:
    """Move everybody on a plan to its newest version; the worker does it tenant by tenant.

    The same decision again returns the first one, and has what failed of it tried again.
    """
    plan, mode, on_date = data.read()
    made = await application.start_migration(
        plan_code=plan, mode=mode, on_date=on_date, actor=principal(request).actor
    )
    return migration_view(await application.list_migrations.one(made.id))


@get("/plan-migrations", opt=FINANCE)
async def list_migrations(application: NamedDependency[Application]) -> list[PlanMigrationView]:
    """List the migrations, the newest first, with how far each is."""
    return [migration_view(view) for view in await application.list_migrations()]


@get("/plan-migrations/{migration_id:str}", opt=FINANCE)
async def get_migration(
    migration_id: FromPath[str], application: NamedDependency[Application]
) -> PlanMigrationView:
    """Read one migration with what became of every subscription."""
    wanted = PlanMigrationId(id_from("pmg", migration_id))
    return migration_view(await application.list_migrations.one(wanted))


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[preview_migration, start_migration, list_migrations, get_migration],
)
