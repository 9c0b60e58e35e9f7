"""Finance: how one customer is billed. Grace, payment term, policies, orders, exemptions."""

from collections.abc import Mapping
from dataclasses import replace

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from web.api.common import id_from, principal
from web.compose import Application
from web.i18n import N_, translate
from web.portal.asked_terms import AskedTerms, changes
from web.portal.customer_frame import (
    ACT,
    URL,
    ConfirmView,
    CustomerFrame,
    confirm_page,
    owner_of,
    read_frame,
)
from web.portal.customer_tab import CustomerTab
from web.portal.exemption_rows import exemption_rows, tax_choices
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of
from web.portal.policy_words import choices_of, ordered_names, policy_title, policy_words
from web.portal.views.shell import Choice
from web.portal.views.terms import OrderRow, PolicyRow, TermsView

_FROM_NOW_ON = N_(
    "It holds for whatever is invoiced from now on. What is due already is invoiced first, by the "
    "terms until now."
)


class BillingDetailsMissing(TallyardError):
    """A number is to be printed for a customer that has no billing details."""

    code = "billing_details_missing"
    kind = ErrorKind.CONFLICT
    message = "This customer has not filled in its billing details."
    remedy = "Ask for them first, or keep the number with one subscription."


async def _read(request: PageRequest, application: Application, frame: CustomerFrame) -> TermsView:
    owner, language = frame.owner, language_of(request)
    profile = await application.read_billing_profile(owner)
    tables = await application.read_tax()
    account, vendor = frame.account, application.settings.vendor_name
    kept = AskedTerms.of(account, currency(frame.currency))
    return TermsView(
        grace_hours=str(kept.hours),
        threshold="" if kept.threshold is None else kept.threshold.decimal_text(),
        policies=_policies(kept.policies, language),
        purchase_order=None if profile is None else profile.purchase_order or "",
        orders=await _orders(application, owner, language),
        entities=tuple(
            Choice(
                entity.code,
                entity.name or vendor,
                account is not None and entity.code == account.entity,
            )
            for entity in tables.entities
            if entity.sandbox == frame.sandbox
        ),
        exemptions=await exemption_rows(application, owner, frame.zone, language),
        **tax_choices(tables, language),
    )


TERMS = CustomerTab("terms", "billing_terms", "finance/terms.html", _read)


@get(f"{URL}/terms", opt=ACT, include_in_schema=False)
async def terms_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show how a customer is billed, and record in its audit trail that it was looked at."""
    return await TERMS.open(request, application, tenant_id)


def _policies(chosen: Mapping[str, str | int], language: str) -> tuple[PolicyRow, ...]:
    usual = DEFAULTS.body()
    return tuple(
        PolicyRow(
            name=name,
            title=policy_title(name, language),
            choices=tuple(
                Choice(value, policy_words(name, value, language)) for value in choices_of(name)
            ),
            chosen=str(chosen.get(name, "")),
            usual=policy_words(name, usual[name], language),
        )
        for name in ordered_names()
    )


async def _orders(application: Application, owner: TenantId, language: str) -> tuple[OrderRow, ...]:
    kept = await application.purchase_orders.read(owner)
    return tuple(
        OrderRow(
            format_id("sub", found.id),
            found.plan.name.in_language(language),
            kept.get(found.id, ""),
        )
        for found in await application.list_subscriptions(owner)
    )


@post(f"{URL}/terms/preview", opt=ACT, status_code=200, include_in_schema=False)
async def preview_terms(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show what would change of the terms, each with what it is now."""
    form, owner, language = await submitted(request), owner_of(tenant_id), language_of(request)
    frame = await read_frame(application, owner, "terms", language)
    code = currency(frame.currency)
    try:
        asked = AskedTerms.read(form, code)
    except TallyardError as error:
        shown, status = refused(error, form, language)
        return await TERMS.show(request, application, owner, shown, status)
    kept = AskedTerms.of(frame.account, code)
    view = ConfirmView(
        title=translate(language, N_("Change how this customer is billed")),
        lead=translate(language, _FROM_NOW_ON),
        facts=changes(kept, asked, language),
        action=f"{frame.base}/terms",
        fields=tuple((name, form.one(name)) for name in form.fields if not name.startswith("_")),
        back=f"{frame.base}/terms",
        button=translate(language, N_("Bill like this from now on")),
    )
    return await confirm_page(request, application, frame, view)


@post(f"{URL}/terms", opt=ACT, status_code=303, include_in_schema=False)
async def set_terms(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Bill the customer as was shown."""
    form, owner = await submitted(request), owner_of(tenant_id)
    actor = principal(request).actor

    async def act() -> None:
        async with application.work(owner):
            organisation = await application.read_organisation(owner)
            asked = AskedTerms.read(form, currency(organisation.currency))
            # What is due is closed by the old terms before the new ones are kept.
            await application.set_policies(tenant_id=owner, policies=asked.policies, actor=actor)
            await application.set_billing_terms(
                tenant_id=owner,
                policies=asked.policies,
                grace=asked.grace,
                threshold_minor=None if asked.threshold is None else asked.threshold.minor,
                actor=actor,
            )

    return await TERMS.attempt(request, application, tenant_id, form, act, "terms_kept")


@post(f"{URL}/legal-entity", opt=ACT, status_code=303, include_in_schema=False)
async def assign(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Have the customer billed by another company."""
    form = await submitted(request)

    async def act() -> None:
        await application.assign_entity(
            tenant_id=owner_of(tenant_id),
            entity=form.one("entity"),
            actor=principal(request).actor,
        )

    return await TERMS.attempt(request, application, tenant_id, form, act, "entity")


@post(f"{URL}/purchase-order", opt=ACT, status_code=303, include_in_schema=False)
async def set_purchase_order(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Keep the purchase order of all invoices, or, with a subscription named, of its own."""
    form, owner = await submitted(request), owner_of(tenant_id)
    number, actor = form.one("purchase_order"), principal(request).actor

    async def act() -> None:
        if subscription := form.one("subscription"):
            wanted = SubscriptionId(id_from("sub", subscription))
            await application.purchase_orders.set(
                tenant_id=owner, subscription_id=wanted, value=number, actor=actor
            )
            return
        profile = await application.read_billing_profile(owner)
        if profile is None:
            raise BillingDetailsMissing
        await application.save_billing_profile(
            tenant_id=owner, profile=replace(profile, purchase_order=number), actor=actor
        )

    return await TERMS.attempt(request, application, tenant_id, form, act, "order_kept")
