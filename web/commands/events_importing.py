"""One run of ``tallyard events import``: its progress, its place, its summary."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from control_plane.kernel.ids import TenantId
from metering.domain.events import IngestResult, IngestStatus
from metering.services.import_events import REFUSED, ImportEvents, Tally
from metering.sources.chunks import Place
from metering.sources.files import EventFile
from web.commands.failing import shell_language
from web.compose import Application
from web.i18n import N_, translate
from web.problems import problem_of

_WORDS = {
    IngestStatus.ACCEPTED: N_("accepted"),
    IngestStatus.DUPLICATE: N_("duplicate"),
    IngestStatus.CONFLICT: N_("conflict"),
    IngestStatus.REJECTED: N_("rejected"),
    IngestStatus.QUARANTINED: N_("quarantined"),
}
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was imported, kept until it is imported whole.

    It is good for the same file, unchanged, read in the same way for the same organisation.
    """

    path: Path
    stamp: str

    @classmethod
    def of(cls, folder: Path, file: EventFile, tenant: str) -> "Position":
        """Return the place where a run's position is kept."""
        state = file.path.stat()
        told = repr((tenant, file.form, file.shape, file.delimiter))
        name = sha256(f"{file.path.absolute()}\n{told}".encode()).hexdigest()
        return cls(folder / f"{name}.json", f"{state.st_size}:{state.st_mtime_ns}")

    def read(self) -> tuple[Place, Tally]:
        """Return where to go on, and what was counted until there."""
        try:
            kept = json.loads(self.path.read_bytes())
        except (FileNotFoundError, ValueError):
            return Place(), Tally()
        if kept["stamp"] != self.stamp:
            return Place(), Tally()
        counts = Counter({IngestStatus(name): n for name, n in kept["counts"].items()})
        return Place(**kept["place"]), Tally(counts, Counter(kept["reasons"]), kept["first"])

    def write(self, place: Place, tally: Tally) -> None:
        """Keep it; a kill leaves the one before, from which going on counts nothing twice."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        kept = {
            "stamp": self.stamp,
            "place": {"offset": place.offset, "rows": place.rows},
            "counts": tally.counts,
            "reasons": tally.reasons,
            "first": tally.first,
        }
        fresh.write_text(json.dumps(kept))
        fresh.replace(self.path)

    def forget(self) -> None:
        """Begin at the first row the next time."""
        self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class _RefusedRows:
    """Writes what was refused, a line of JSON each; no file where there is nothing to say."""

    path: Path
    language: str
    going_on: bool
    _stream: IO[bytes] | None = field(default=None)

    def write(self, number: int, row: object, result: IngestResult) -> None:
        """Write a row that will not count, with the reason."""
        if result.status not in REFUSED or result.refusal is None:
            return
        if self._stream is None:
            self._stream = self.path.open("ab" if self.going_on else "wb")
        problem = problem_of(result.refusal, language=self.language)
        said = {
            "row": number,
            "status": result.status.value,
            "reason": result.reason,
            "message": problem.detail,
            "remedy": problem.remedy,
            "event": row.decode(errors="replace") if isinstance(row, bytes) else row,
        }
        try:
            line = _encode(said)
        except (UnicodeEncodeError, ValueError, TypeError):
            line = _encode(said | {"event": ascii(row)})
        self._stream.write(line + b"\n")

    def flush(self) -> None:
        """Have what was written outlive this process."""
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._stream is not None:
            self._stream.close()


@dataclass(frozen=True, slots=True)
class Import:
    """What one run was told; without a position it is a rehearsal."""

    file: EventFile
    tenant_id: TenantId
    refused: Path
    position: Position | None

    async def __call__(self, application: Application) -> Tally:
        """Import the file, show how far it is, and say what became of its rows."""
        await application.read_organisation(self.tenant_id)
        language = shell_language()
        start, tally = self.position.read() if self.position else (Place(), Tally())
        if start.rows:
            said = translate(language, N_("Going on after row {row}."), row=start.rows)
            click.echo(said, err=True)
        before, began = tally.rows, time.monotonic()
        await self._run(application, start, tally, language)
        if self.position is not None:
            self.position.forget()
        speed = round((tally.rows - before) / max(time.monotonic() - began, 0.001))
        for line in self._told(tally, language, speed):
            click.echo(line)
        return tally

    async def _run(
        self, application: Application, start: Place, tally: Tally, language: str
    ) -> None:
        takes = application.ingest_usage if self.position else application.rehearse_ingest()
        refused = _RefusedRows(self.refused, language, going_on=start.rows > 0)
        with ExitStack() as stack:
            stack.callback(refused.close)
            bar = stack.enter_context(_bar())
            task = bar.add_task("", total=self.file.extent(), completed=start.offset)
            chunks = self.file.chunks(start)
            async for chunk, results in ImportEvents(takes)(self.tenant_id, chunks):
                for number, row, result in zip(chunk.numbers, chunk.rows, results, strict=True):
                    tally.add(number, result)
                    refused.write(number, row, result)
                refused.flush()
                if self.position is not None:
                    self.position.write(chunk.following, tally)
                done = translate(language, N_("{rows} rows"), rows=f"{tally.rows:,}")
                bar.update(task, completed=chunk.following.offset, description=done)

    def _told(self, tally: Tally, language: str, speed: int) -> Iterator[str]:
        if self.position is None:
            yield translate(language, N_("This is what would happen; nothing was changed."))
        table = Table(box=None, show_header=False, pad_edge=False)
        for status, word in _WORDS.items():
            if tally.counts[status] or status in {IngestStatus.ACCEPTED, IngestStatus.DUPLICATE}:
                table.add_row(translate(language, word), f"{tally.counts[status]:,}")
        console = Console()
        with console.capture() as drawn:
            console.print(table)
        yield drawn.get().rstrip()
        for code, rows, first in tally.main_reasons():
            said = N_("{code}: {rows} row(s), first in row {first}")
            yield "  " + translate(language, said, code=code, rows=rows, first=first)
        if tally.refused:
            said = N_("Refused rows are in {file}.")
            yield translate(language, said, file=self.refused)
        yield translate(language, N_("{speed} events a second"), speed=f"{speed:,}")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
