"""The world of two companies, made once for a process and put into every database after."""

import psycopg

from tests.scenarios.isolation.world import World, make_world
from tests.support.api import Site
from tests.support.databases import Contents
from tests.support.stages import start_over

_kept: list[tuple[World, Contents]] = []


async def world_in(site: Site, admin: psycopg.Connection) -> World:
    """Fill a fresh site's database; the site's clock must stand where all of them begin."""
    if not _kept:
        made = await make_world(site, admin)
        _kept.append((made, Contents.of(admin)))
        return made
    [(world, contents)] = _kept
    application = site.application
    settings, clock = application.settings, application.clock
    await application.close()
    contents.put(admin)
    start_over(application, settings, clock)
    return world
