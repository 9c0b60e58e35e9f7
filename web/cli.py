"""``tallyard``: the command line, a door into `web.compose`."""

import click

from web.commands.catalog import catalog
from web.commands.demo import clean, demo
from web.commands.doctor import doctor
from web.commands.invoice import invoice
from web.commands.serve import migrate_command, openapi, serve, worker
from web.commands.staff import staff


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tallyard")
def main() -> None:
    """Run Tallyard: plans, metering, billing and provisioning for modular inventory software."""


for command in (
    serve,
    worker,
    migrate_command,
    catalog,
    invoice,
    staff,
    demo,
    doctor,
    openapi,
    clean,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
