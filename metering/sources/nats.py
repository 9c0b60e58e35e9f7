"""Usage from a NATS JetStream (the extra ``nats``).

The stream is read in its order from the place that the database remembers; the broker's own
acknowledgements are not used, so it has nothing to forget. Source: NATS documentation, JetStream
consumers (deliver policy "by start sequence", acknowledgement policy "none").
"""

from dataclasses import dataclass, field
from typing import Any

import structlog

from control_plane.kernel.clock import Clock
from control_plane.kernel.instants import instant_text
from control_plane.runtime.extras import need
from metering.services.take_messages import TakeMessages
from metering.sources.messages import Message, tenant_place

log = structlog.get_logger()

_AT_ONCE = 256
_FETCH_SECONDS = 0.5
_MOST_SILENCES = 4
_CONNECT_SECONDS = 5
_MOST_SECONDS = 20.0
_INACTIVE_SECONDS = 300.0


class MessagesMissed(Exception):
    """The broker handed out messages that did not arrive here."""


@dataclass(slots=True)
class _Reading:
    """An open way to the stream, and the number of the next message on it."""

    connection: Any
    subscription: Any
    source: str
    following: int = 1
    silences: int = 0


@dataclass(slots=True)
class ReadNats:
    """Reads what is new, as a job of the worker, until nothing is left or 20 seconds are over.

    The connection stays open from one run to the next. After any failure it is opened anew, at
    the place that the database remembers.
    """

    url: str
    stream: str
    subject: str
    take: TakeMessages
    clock: Clock
    name: str = "read-nats"
    every_seconds: float = 1.0
    _reading: _Reading | None = field(default=None)

    async def run(self) -> int:
        """Take in what waits, and return how many messages that were.

        Raises:
            ExtraMissing: the library is not installed.
            SubjectWithoutTenant: the subjects do not say whose usage they carry.
            Exception: the broker or the database failed; nothing is lost.
        """
        place = tenant_place(self.subject)
        started, handled = self.clock.monotonic(), 0
        try:
            reading = self._reading or await self._open()
            self._reading = reading
            while self.clock.monotonic() - started < _MOST_SECONDS:
                messages = await self._fetch(reading)
                if messages:
                    await self.take(reading.source, messages, tenant_place=place)
                    handled += len(messages)
                elif not await self._more(reading):
                    break
        except BaseException:
            await self.close()
            raise
        return handled

    async def close(self) -> None:
        """Let go of the broker."""
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading.connection.close()

    async def _open(self) -> _Reading:
        nats, api = need("nats", "nats"), need("nats", "nats.js.api")
        connection = await nats.connect(
            self.url,
            allow_reconnect=False,
            connect_timeout=_CONNECT_SECONDS,
            error_cb=_note,
            name="tallyard",
        )
        try:
            jetstream = connection.jetstream()
            info = await jetstream.stream_info(self.stream)
            # A stream made anew counts from 1 again: it is another source.
            source = f"nats:{self.stream}@{instant_text(info.created)}"
            after = await self.take.reached(source)
            if info.state.first_seq > after + 1:
                log.warning(
                    "stream_begins_later", source=source, after=after, first=info.state.first_seq
                )
            config = api.ConsumerConfig(
                deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=api.AckPolicy.NONE,
                inactive_threshold=_INACTIVE_SECONDS,
                mem_storage=True,
            )
            subscription = await jetstream.pull_subscribe(
                self.subject, stream=self.stream, config=config
            )
        except BaseException:
            await connection.close()
            raise
        return _Reading(connection, subscription, source)

    async def _fetch(self, reading: _Reading) -> list[Message]:
        try:
            found = await reading.subscription.fetch(_AT_ONCE, timeout=_FETCH_SECONDS)
        except TimeoutError:
            found = []
        messages = []
        for one in found:
            place = one.metadata.sequence
            if place.consumer != reading.following:
                raise MessagesMissed(f"{place.consumer} came where {reading.following} was due")
            reading.following += 1
            reading.silences = 0
            kind = (one.headers or {}).get("Content-Type")
            messages.append(Message(place.stream, one.subject, one.data, kind))
        return messages

    async def _more(self, reading: _Reading) -> bool:
        """Ask the broker, after silence, whether there is something to read."""
        info = await reading.subscription.consumer_info()
        handed_out = int(info.delivered.consumer_seq)
        if not info.num_pending and handed_out < reading.following:
            reading.silences = 0
            return False
        reading.silences += 1
        if reading.silences == _MOST_SILENCES:
            raise MessagesMissed(f"{handed_out} were handed out, {reading.following} is due")
        return True


async def _note(error: Exception) -> None:
    log.warning("nats_error", reason=f"{type(error).__name__}: {error}")
