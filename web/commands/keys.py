"""``tallyard keys``: what snapshots and commands are signed with, changed in three steps."""

from datetime import timedelta

import click

from control_plane.entitlements.services.rotate_keys import OVERLAP, HeldKey, KeyUse, RotateKeys
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.instants import instant_text
from control_plane.runtime.settings import load_settings
from web.commands.failing import refusals, shell_language
from web.i18n import N_, translate

_OVERLAP_MINUTES = int(OVERLAP / timedelta(minutes=1))

_NEXT = {
    KeyUse.SIGNING: N_("Nothing is under way."),
    KeyUse.ANNOUNCED: N_("Services learn of the new key now. Then: tallyard keys rotate"),
    KeyUse.LEAVING: N_("The new key signs. Then: tallyard keys retire"),
}

_overlap = click.option(
    "--overlap-minutes",
    type=click.IntRange(0),
    default=_OVERLAP_MINUTES,
    show_default=True,
    help="How long ago the step before must have been.",
)


@click.group()
def keys() -> None:
    """Rotate the signing keys: announce, rotate, retire. No service is restarted."""


@keys.command("list")
@refusals
def list_keys() -> None:
    """List the keys of the file, and what is to be done next."""
    _tell(_rotation().held())


@keys.command()
@refusals
def announce() -> None:
    """Make a new key, and let services learn to trust it."""
    _tell(_rotation().announce())


@keys.command()
@_overlap
@refusals
def rotate(overlap_minutes: int) -> None:
    """Sign with the announced key from now on; the old one stays trusted."""
    _tell(_rotation().rotate(overlap=timedelta(minutes=overlap_minutes)))


@keys.command()
@_overlap
@refusals
def retire(overlap_minutes: int) -> None:
    """Forget the old key: services trust it no more."""
    _tell(_rotation().retire(overlap=timedelta(minutes=overlap_minutes)))


def _rotation() -> RotateKeys:
    return RotateKeys(load_settings().signing_key_path, SystemClock())


def _tell(held: list[HeldKey]) -> None:
    for key in held:
        since = "" if key.since is None else f"  {instant_text(key.since)}"
        click.echo(f"{key.key_id}  {key.use.value:<9}{since}".rstrip())
    click.echo(translate(shell_language(), _NEXT[held[-1].use]), err=True)
