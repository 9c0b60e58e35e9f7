"""``tallyard``: the command line, a door into `web.compose`."""

from importlib import import_module

import click

COMMANDS = {
    "serve": "web.commands.serve:serve",
    "worker": "web.commands.serve:worker",
    "migrate": "web.commands.serve:migrate_command",
    "backtest": "web.commands.backtest:backtest",
    "billing": "web.commands.billing:billing",
    "catalog": "web.commands.catalog:catalog",
    "entitlements": "web.commands.entitlements:entitlements",
    "events": "web.commands.events:events",
    "fapiao": "web.commands.fapiao:fapiao",
    "keys": "web.commands.keys:keys",
    "invoice": "web.commands.invoice_acts:invoice",
    "plan": "web.commands.plan:plan",
    "books": "web.commands.books:books",
    "report": "web.commands.report:report",
    "vouchers": "web.commands.report:vouchers",
    "standing": "web.commands.standing:standing",
    "staff": "web.commands.staff:staff",
    "demo": "web.commands.demo:demo",
    "doctor": "web.commands.doctor:doctor",
    "openapi": "web.commands.serve:openapi",
    "clean": "web.commands.demo:clean",
    "tax": "web.commands.tax:tax",
    "credit": "web.commands.credit:credit",
    "clock": "web.commands.clock:clock",
    "simulate": "web.commands.simulate:simulate",
    "usage": "web.commands.usage:usage",
    "webhooks": "web.commands.webhooks:webhooks",
}


class Verbs(click.Group):
    """Loads a verb when it is asked for: most need little of what all of them import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every verb, in the order of the alphabet."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one verb; None when there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tallyard")
def main() -> None:
    """Run Tallyard: plans, metering, billing and provisioning for modular inventory software."""


if __name__ == "__main__":
    main()
