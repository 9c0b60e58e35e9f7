"""Where usage comes from beside HTTP: brokers."""

from collections.abc import Sequence
from functools import cached_property

from control_plane.runtime.jobs import Job
from metering.services.list_dead_messages import ListDeadMessages
from metering.services.take_messages import TakeMessages
from metering.sources.nats import ReadNats
from web.parts.whatif import WhatIfPart


class SourcesPart(WhatIfPart):
    """Use cases of the streams that usage is read from."""

    @cached_property
    def take_messages(self) -> TakeMessages:
        return TakeMessages(self.work, self.system, self.ingest_usage, self.clock)

    @cached_property
    def list_dead_messages(self) -> ListDeadMessages:
        return ListDeadMessages(self.staff)

    @cached_property
    def read_nats(self) -> ReadNats:
        return ReadNats(
            self.settings.nats_url,
            self.settings.nats_stream,
            self.settings.nats_subject,
            self.take_messages,
            self.clock,
        )

    @cached_property
    def source_jobs(self) -> Sequence[Job]:
        """What the worker reads; nothing where no broker is set."""
        return (self.read_nats,) if self.settings.nats_url else ()

    async def close_sources(self) -> None:
        """Let go of what was opened."""
        if "read_nats" in vars(self):
            await self.read_nats.close()
