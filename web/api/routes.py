"""Every route of the API. A new noun is added here, and so to every test that walks the table."""

from litestar import Router

from web.api import (
    audit,
    catalog,
    clocks,
    credit_notes,
    documents,
    entitlements,
    fapiao,
    health,
    instances,
    invoices,
    keys,
    payments,
    plan_migrations,
    quotes,
    sessions,
    sign_ups,
    staff,
    staff_billing,
    staff_fapiao,
    staff_life,
    staff_reports,
    subscriptions,
    tenants,
    usage,
)


def api_routes() -> list[Router]:
    """List the API's routers."""
    nouns = (
        audit,
        catalog,
        clocks,
        entitlements,
        health,
        instances,
        invoices,
        credit_notes,
        documents,
        fapiao,
        payments,
        plan_migrations,
        quotes,
        sessions,
        keys,
        sign_ups,
        staff,
        staff_billing,
        staff_life,
        staff_reports,
        staff_fapiao,
        subscriptions,
        tenants,
        usage,
    )
    return [noun.router for noun in nouns]
