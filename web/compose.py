"""The composition root: where concrete parts meet.

`Application` holds every use case as an attribute, built on first use. Web,
worker and command line are three doors into it.
"""

from control_plane.kernel.clock import Clock
from control_plane.runtime.settings import Settings
from web.parts.work import WorkPart


class Application(WorkPart):
    """Everything Tallyard can do, in one process."""

    def end_streams(self) -> None:
        """Bring every stream that is open to its end: the process is about to go."""
        if "snapshot_feeds" in vars(self):
            self.snapshot_feeds.end()
        if "held_states" in vars(self):
            self.held_states.end()

    async def close(self) -> None:
        """Let go of every connection; services go on running."""
        await self.close_entitlements()
        await self.close_sources()
        await self.close_telling()
        if "provisioner" in vars(self):
            await self.provisioner.close()
        await self.close_stores()
        await self.database.close()


def compose(settings: Settings, clock: Clock | None = None) -> Application:
    """Put the application together; nothing is opened before it is used."""
    return Application(settings, clock)
