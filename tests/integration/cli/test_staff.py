"""The vendor's own people, made from the shell."""

import httpx

from tests.integration.cli.shell import Shell
from tests.support.api import open_site

PASSWORD = "correct horse battery"
FIONA = ("--email", "fiona@vendor.example", "--name", "Fiona", "--role", "finance")


async def test_who_was_created_signs_in_and_sees_what_the_role_permits(
    tallyard: Shell, settings, clock
):
    made = tallyard("staff", "create", *FIONA, "--password", PASSWORD)

    assert (made.status, made.out) == (0, "fiona@vendor.example may sign in as finance.\n")
    async with open_site(settings, clock) as site, site.client() as browser:
        signed_in = await browser.post(
            "/v1/sessions", json={"email": "fiona@vendor.example", "password": PASSWORD}
        )
        assert signed_in.status_code == httpx.codes.CREATED
        invoices = await browser.get("/v1/staff/invoices")
        tenants = await browser.get("/v1/staff/tenants")
    assert invoices.status_code == httpx.codes.OK
    assert tenants.status_code == httpx.codes.FORBIDDEN, "an operator's view"


def test_what_cannot_be_created_is_refused_and_leaves_nobody(tallyard: Shell, admin):
    short = tallyard("staff", "create", *FIONA, "--password", "short")
    tallyard("staff", "create", *FIONA, "--password", PASSWORD)
    twice = tallyard("staff", "create", *FIONA, "--password", PASSWORD)
    role = tallyard("staff", "create", *FIONA, "--role", "wizard", "--password", PASSWORD)

    assert (short.status, twice.status, role.status) == (1, 1, 2)
    assert "fiona@vendor.example" in twice.err
    assert "'wizard'" in role.err
    assert admin.execute("SELECT count(*) FROM users").fetchone() == (1,)
