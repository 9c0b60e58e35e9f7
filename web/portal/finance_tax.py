"""Finance: the vendor's companies and tax rates, published from a file."""

from collections.abc import Sequence

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from billing.domain.tax.rates import TaxRate
from billing.errors_tax import TaxFileInvalid
from billing.services.tax.apply_tax_sheet import TaxChange
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.exact import quantity_text
from web.compose import Application
from web.i18n import N_, filled, translate
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.discounts import RateRow, TaxPageView
from web.portal.views.shell import Form

READ = {"permission": Permission.STAFF_FINANCE}
URL = "/finance/tax"
_EFFECTS = {"added": N_("Added"), "changed": N_("Changed")}
_KINDS = {"entity": N_("company"), "rate": N_("rate")}


@get(URL, opt=READ, include_in_schema=False)
async def tax_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show companies and rates."""
    return await _show(request, application, Form())


@post(URL, opt={**READ, "staff": True}, status_code=303, include_in_schema=False)
async def publish(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Publish a tax file, or show what that would change."""
    form = await submitted(request)
    language, source, rehearsal = language_of(request), form.one("source"), bool(form.one("check"))
    try:
        changes = await application.apply_tax_sheet(source, dry_run=rehearsal)
    except TaxFileInvalid as error:
        problems = tuple(
            f"{p.line}:{p.column} {p.path} – "  # noqa: RUF001 - a dash between place and words
            + filled(language, str(said["message"]), dict(p.fields))
            for p, said in zip(error.problems, _listed(error), strict=True)
        )
        again, status = refused(error, form, language)
        return await _show(request, application, again, source, problems=problems, status=status)
    except TallyardError as error:
        again, status = refused(error, form, language)
        return await _show(request, application, again, source, status=status)
    if not rehearsal:
        return see(URL, done="tax")
    words = tuple(_words(change, language) for change in changes)
    return await _show(request, application, Form(form.shown_again), source, changes=words)


async def _show(
    request: PageRequest,
    application: Application,
    form: Form,
    source: str = "",
    *,
    changes: tuple[str, ...] | None = None,
    problems: tuple[str, ...] = (),
    status: int = 200,
) -> Page:
    tables = await application.read_tax()
    view = TaxPageView(
        entities=tables.entities,
        rates=_rows(tables.rates),
        source=source,
        changes=changes,
        problems=problems,
    )
    return await page(
        request,
        application,
        "finance/tax.html",
        "finance_tax",
        status=status,
        view=view,
        form=form,
    )


def _rows(rates: Sequence[TaxRate]) -> tuple[RateRow, ...]:
    """Show the last revision of every rate, the others not at all."""
    last = {(r.jurisdiction, r.category, r.valid_from): r for r in rates}
    newest = {(r.jurisdiction, r.category): r.valid_from for r in last.values()}
    return tuple(
        RateRow(rate, quantity_text(rate.rate), newest[place[:2]] == rate.valid_from)
        for place, rate in last.items()
    )


def _words(change: TaxChange, language: str) -> str:
    effect, kind = (translate(language, w) for w in (_EFFECTS[change.effect], _KINDS[change.what]))
    return f"{effect}: {kind} {change.label}"


def _listed(error: TaxFileInvalid) -> Sequence[dict[str, object]]:
    listed = error.fields["errors"]
    return listed if isinstance(listed, list) else ()
