"""Every route of the API. A new noun is added here, and so to every test that walks the table."""

from litestar import Router

from web.api import (
    audit,
    catalog,
    clocks,
    entitlements,
    health,
    instances,
    invoices,
    keys,
    payments,
    sessions,
    sign_ups,
    staff,
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
        payments,
        sessions,
        keys,
        sign_ups,
        staff,
        subscriptions,
        tenants,
        usage,
    )
    return [noun.router for noun in nouns]
