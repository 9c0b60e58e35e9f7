"""``tallyard staff``: people who work for the vendor."""

import click

from control_plane.identity.domain import StaffRole
from web.commands.catalog import run
from web.commands.failing import refusals


@click.group()
def staff() -> None:
    """Manage the vendor's own people."""


@staff.command()
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in StaffRole]),
)
@click.password_option(help="At least ten characters.")
@refusals
def create(email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Create a person with a vendor role."""
    run(
        lambda application: application.create_staff_user(
            email=email,
            password=password,
            name=name,
            staff_roles=[StaffRole(role) for role in roles],
        )
    )
    click.echo(f"{email} may sign in as {', '.join(roles)}.")
