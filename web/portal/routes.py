"""The portal's doors into the web process: its routes, its files and its problem page."""

from dataclasses import dataclass

from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from web.compose import Application
from web.portal import (
    addons,
    audit,
    balance,
    billing_details,
    clock,
    company_account,
    cost_centres,
    documents,
    entitlements,
    fapiao,
    finance,
    finance_backtest,
    finance_credits,
    finance_customer,
    finance_discounts,
    finance_documents,
    finance_exemptions,
    finance_fapiao,
    finance_groups,
    finance_quotes,
    finance_subscriptions,
    finance_tax,
    finance_terms,
    groups,
    home,
    invoices,
    keys,
    line_events,
    members,
    operator,
    plan_migrations,
    plans,
    preferences,
    quotes,
    reports,
    sign_in,
    subscription,
    usage,
    verification,
    vouchers,
)
from web.portal.problem_page import problem_page
from web.portal.rendering import STATIC
from web.problems import HtmlRenderer


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """What the web process needs to know of the portal beside its routes."""

    problem_page: HtmlRenderer | None


DOORS: tuple[ControllerRouterHandler, ...] = (
    preferences.set_preferences,
    preferences.settings_page,
    sign_in.front_door,
    sign_in.sign_in_page,
    sign_in.sign_in,
    sign_in.sign_up_page,
    sign_in.sign_up,
    sign_in.invitation_page,
    sign_in.join,
    sign_in.sign_out,
    sign_in.switch,
    company_account.start,
    company_account.callback,
)
"""What anybody reaches: signing in and up, invitations, language and theme."""

CUSTOMER: tuple[ControllerRouterHandler, ...] = (
    home.home_page,
    plans.plans_page,
    plans.preview_page,
    plans.confirm,
    quotes.quotes_page,
    quotes.quote_page,
    quotes.accept,
    quotes.decline,
    subscription.show,
    subscription.preview,
    subscription.confirm,
    addons.addons_page,
    addons.preview_page,
    addons.confirm,
    entitlements.entitlements_page,
    usage.usage_page,
    invoices.invoices_page,
    invoices.invoice_page,
    invoices.credit_note_page,
    invoices.invoice_pdf,
    fapiao.fapiao_page,
    fapiao.set_title,
    fapiao.ask,
    fapiao.fapiao_sheet,
    fapiao.fapiao_file,
    fapiao.retry,
    fapiao.withdraw,
    fapiao.play_buyer,
    groups.group_page,
    groups.issue_code,
    groups.join,
    groups.answer,
    groups.settings,
    groups.purchase_order,
    groups.consolidated_page,
    cost_centres.cost_centres_page,
    cost_centres.cost_centres_csv,
    line_events.invoice_events_page,
    line_events.note_events_page,
    verification.invoice_verified,
    verification.note_verified,
    balance.balance_page,
    balance.redeem,
    balance.open_wallet,
    balance.set_automatic,
    balance.ask_topup,
    balance.charge_topup,
    balance.cancel_topup,
    balance.receipt,
    balance.receipt_pdf,
    billing_details.details_page,
    billing_details.save,
    documents.invoice_document,
    documents.credit_note_document,
    keys.keys_page,
    keys.create_key,
    keys.revoke_key,
    members.members_page,
    members.invite,
    members.change_role,
    members.remove,
    audit.audit_page,
    clock.clock_page,
    clock.create_clock,
    clock.advance,
)
"""An organisation's own pages."""

STAFF: tuple[ControllerRouterHandler, ...] = (
    finance.finance_page,
    finance.invoices_csv,
    finance.finance_invoice,
    finance.finance_pdf,
    finance.record_transfer,
    finance_documents.act_on_invoice,
    finance_documents.finance_credit_note,
    verification.finance_invoice_verified,
    verification.finance_note_verified,
    reports.reports_page,
    reports.report_page,
    reports.report_download,
    vouchers.vouchers_page,
    vouchers.vouchers_file,
    finance_backtest.backtest_page,
    finance_backtest.run,
    finance_tax.tax_page,
    finance_tax.publish,
    finance_discounts.discounts_page,
    finance_discounts.offer,
    finance_discounts.end,
    finance_credits.end_recurring,
    finance_credits.customer_receipt,
    finance_customer.customers_page,
    finance_customer.balances_page,
    finance_customer.give_coupon,
    finance_customer.grant,
    finance_customer.open_wallet,
    finance_customer.ask_topup,
    finance_customer.topup_paid,
    finance_customer.preview_refund,
    finance_customer.refund,
    finance_customer.resume,
    finance_subscriptions.subscriptions_page,
    finance_subscriptions.negotiate_page,
    finance_subscriptions.preview_terms,
    finance_subscriptions.set_terms,
    finance_quotes.quote_form_page,
    finance_quotes.preview_quote,
    finance_quotes.change_quote,
    finance_quotes.send_quote,
    finance_quotes.customer_quote_page,
    finance_quotes.withdraw_quote,
    finance_terms.terms_page,
    finance_terms.preview_terms,
    finance_terms.set_terms,
    finance_terms.assign,
    finance_terms.set_purchase_order,
    finance_exemptions.exempt,
    finance_exemptions.revoke,
    finance_fapiao.queue_page,
    finance_fapiao.sheet_page,
    finance_fapiao.decide,
    finance_groups.list_page,
    finance_groups.sheet_page,
    finance_groups.pay,
    operator.tenants_page,
    operator.instances_page,
    operator.instance_page,
    plan_migrations.migrations_page,
    plan_migrations.migrations_csv,
    plan_migrations.start,
    plan_migrations.migration_page,
)
"""The vendor's pages."""


def portal_routes() -> list[ControllerRouterHandler]:
    """List the portal's route handlers, pages and static files."""
    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        opt={"public": True},
        include_in_schema=False,
        name="static",
    )
    return [static, *DOORS, *CUSTOMER, *STAFF]


def portal_config(application: Application) -> PortalConfig:
    """Name the page shown instead of a problem document; templates are the portal's own affair."""
    del application
    return PortalConfig(problem_page=problem_page)
