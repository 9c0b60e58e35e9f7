"""``python -m inventory_modules``: run the instance that the environment describes."""

import asyncio
import os
import sys

from control_plane.kernel.errors import TallyardError
from inventory_modules.chassis.logs import configure_logs
from inventory_modules.chassis.server import run
from inventory_modules.chassis.settings import load_settings
from inventory_modules.registry import check_peers, find_module


def main() -> int:
    """Run until told to stop; 0 then, 2 when the environment is wrong."""
    try:
        settings = load_settings(os.environ)
        definition = find_module(settings.module)
        check_peers(settings.module, settings.peers)
    except TallyardError as error:
        sys.stderr.write(f"{error} {error.advice}\n")
        return 2
    configure_logs(settings)
    asyncio.run(run(settings, definition))
    return 0


if __name__ == "__main__":
    sys.exit(main())
