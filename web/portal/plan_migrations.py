"""Staff: who pays more and who less under a plan's newest version, and moving them there."""

from dataclasses import dataclass
from datetime import date, datetime

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.life.migrations import Impact, MigrationMode
from billing.services.migrations.impact_csv import impact_csv
from billing.services.migrations.preview_migration import MigrationPreview
from billing.services.migrations.read_migrations import MigrationView
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import local_day_start
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import PlanMigrationId, format_id
from control_plane.kernel.money import Money
from web.api.common import choice_from, id_from, principal
from web.compose import Application
from web.i18n import N_, translate
from web.patience import as_long_as_a_request_may
from web.portal.asking import FormUnreadable
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.shell import Choice, Form

STAFF = {"permission": Permission.STAFF_FINANCE}
ZONE = "UTC"
_MODES = (
    (MigrationMode.AT_RENEWAL, N_("at renewal")),
    (MigrationMode.AT_ONCE, N_("at once")),
    (MigrationMode.ON_DATE, N_("on a date")),
)
_REASONS = {
    "ended": N_("has ended"),
    "ends_before": N_("ends before"),
    "another_plan": N_("is on another plan"),
    "leaves_before": N_("changes its plan before"),
    "up_to_date": N_("has the newest version"),
    "price_not_found": N_("the newest version is not sold this way"),
    "billing_account_parked": N_("billing is halted"),
    "module_already_subscribed": N_("a module is covered by another subscription"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A migration as a form says it."""

    plan: str
    mode: MigrationMode
    on: str

    @property
    def on_date(self) -> datetime | None:
        """The first instant of the day, in UTC; None for the other modes.

        Raises:
            FormUnreadable: the day cannot be read.
        """
        if self.mode is not MigrationMode.ON_DATE:
            return None
        try:
            return local_day_start(date.fromisoformat(self.on), ZONE)
        except ValueError as error:
            raise FormUnreadable(reason=str(error)) from error

    @property
    def address(self) -> dict[str, str | None]:
        """The fields of an address that asks the same again."""
        return {"plan": self.plan, "mode": self.mode.value, "on": self.on or None}


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """One subscription in a migration's preview."""

    customer: str
    version: str
    before: Money | None
    after: Money | None
    difference: Money | None
    effective_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class MigrationPage:
    """The form, the preview of what it asks, and the migrations there were."""

    plans: tuple[Choice, ...]
    modes: tuple[Choice, ...]
    on: str
    asked: Asked | None
    preview: MigrationPreview | None
    rows: tuple[ImpactRow, ...]
    csv: str
    made: tuple[tuple[str, MigrationView], ...]


@get("/operator/plan-migrations", opt=STAFF, include_in_schema=False)
async def migrations_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the form and, when a plan is named, what its migration would mean."""
    asked = _asked(dict(request.query_params))
    return await _shown(request, application, asked, Form(), 200)


async def _preview(application: Application, asked: Asked) -> MigrationPreview:
    async with as_long_as_a_request_may("tallyard plan migrate"):
        return await application.preview_migration(
            plan_code=asked.plan, mode=asked.mode, on_date=asked.on_date
        )


async def _shown(
    request: PageRequest, application: Application, asked: Asked | None, form: Form, status: int
) -> Page:
    language = language_of(request)
    preview = None
    if asked is not None and not form.problem:
        try:
            preview = await _preview(application, asked)
        except TallyardError as error:
            form, status = refused(error, Submitted({}), language)
    catalog = await application.read_catalog()
    view = MigrationPage(
        plans=tuple(
            Choice(
                plan.code,
                f"{plan.name.in_language(language)} ({plan.label})",
                asked is not None and asked.plan == plan.code,
            )
            for plan in catalog.plans.values()
        ),
        modes=tuple(
            Choice(m.value, translate(language, words), asked is not None and asked.mode is m)
            for m, words in _MODES
        ),
        on="" if asked is None else asked.on,
        asked=asked,
        preview=preview,
        rows=() if preview is None else tuple(_row(i, language) for i in preview.impacts),
        csv="" if asked is None else query("/operator/plan-migrations.csv", asked.address),
        made=tuple(
            (format_id("pmg", m.migration.id), m) for m in await application.list_migrations()
        ),
    )
    return await page(
        request,
        application,
        "operator/plan_migrations.html",
        "plan_versions",
        status=status,
        view=view,
        form=form,
    )


def _asked(fields: dict[str, str]) -> Asked | None:
    if not fields.get("plan"):
        return None
    mode = choice_from(MigrationMode, fields.get("mode", "at_renewal"), field="mode")
    return Asked(fields["plan"], mode, fields.get("on", ""))


def _row(impact: Impact, language: str) -> ImpactRow:
    reason = impact.reason or ""
    return ImpactRow(
        customer=impact.customer,
        version=impact.from_label,
        before=impact.before,
        after=impact.after,
        difference=impact.difference,
        effective_at=impact.effective_at,
        reason=translate(language, _REASONS[reason]) if reason in _REASONS else reason,
    )


@get("/operator/plan-migrations.csv", opt=STAFF, include_in_schema=False)
async def migrations_csv(
    request: PageRequest, application: NamedDependency[Application]
) -> Response[str]:
    """Download the preview."""
    asked = _asked(dict(request.query_params))
    if asked is None:
        raise FormUnreadable(reason="plan")
    found = await _preview(application, asked)
    return Response(
        impact_csv(found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{asked.plan}-migration.csv"'},
    )


@post("/operator/plan-migrations", opt=STAFF, status_code=303, include_in_schema=False)
async def start(request: PageRequest, application: NamedDependency[Application]) -> Page | Redirect:
    """Decide the migration that was previewed."""
    form = await submitted(request)
    asked = _asked({name: form.one(name) for name in ("plan", "mode", "on")})
    if asked is None:
        raise FormUnreadable(reason="plan")
    try:
        made = await application.start_migration(
            plan_code=asked.plan,
            mode=asked.mode,
            on_date=asked.on_date,
            actor=principal(request).actor,
        )
    except TallyardError as error:
        shown, status = refused(error, Submitted({}), language_of(request))
        return await _shown(request, application, asked, shown, status)
    return see(f"/operator/plan-migrations/{format_id('pmg', made.id)}", done="migrating")


@get("/operator/plan-migrations/{migration_id:str}", opt=STAFF, include_in_schema=False)
async def migration_page(
    request: PageRequest, migration_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show how far a migration is, and why what failed did."""
    wanted = PlanMigrationId(id_from("pmg", migration_id))
    found = await application.list_migrations.one(wanted)
    owners = await application.list_organisations.of(move.tenant_id for move in found.moves)
    rows = [(owners[move.tenant_id].name, move) for move in found.moves]
    language = language_of(request)
    words = {code: translate(language, text) for code, text in _REASONS.items()}
    return await page(
        request,
        application,
        "operator/plan_migration.html",
        "plan_versions",
        view=found,
        rows=rows,
        words=words,
    )
