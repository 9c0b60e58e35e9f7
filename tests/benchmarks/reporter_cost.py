"""What recording one event adds to a request, against one dict append and one buffered write.

Measured is what stock query does between having an answer and giving it: the members of the event
put together and recorded, after which SIGKILL takes nothing. The baseline puts the same members
together, appends the event to a list, and writes a line that was encoded beforehand to a buffered
file: SIGKILL takes the list and the buffer. Meanwhile the recorder's files go to the disk every
half second on a thread of their own, as in a running service.

Each sample is the mean over a batch; batches of both sides alternate, so that a noisy neighbour
hits both; the garbage collector runs between batches.
"""

import gc
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from control_plane.sdk.call_spool import CallSpool
from inventory_modules.chassis.server import TO_DISK_SECONDS
from inventory_modules.chassis.usage import Call

BATCH = 100
SAMPLES = {"small": 3_000, "full": 10_000}
COLLECT_EVERY = 100
MICROSECONDS = 1e6
TYPE = "tallyard.stock_query.query_served"
CALL = Call("GET /v1/stock", "key_01h455vb4pex5vsknk084sn02q")

Batch = Callable[[int], None]


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the median of recording, in microseconds an event, beside its baseline."""
    now = datetime.now(UTC)  # noqa: TID251 - a benchmark measures the real clock
    with tempfile.TemporaryDirectory() as folder:
        spool = CallSpool(Path(folder) / "calls", source="/instances/ins_1", subject="stock_query")
        stop = threading.Event()
        disk = threading.Thread(target=_to_disk, args=(spool, stop))
        disk.start()
        try:
            with (Path(folder) / "bare").open("wb") as file:
                measured, baseline = _timings(
                    _recording(spool, now), _bare(file, now, spool), SAMPLES[size]
                )
        finally:
            stop.set()
            disk.join()
            spool.close()
    value, bare = _percentile(measured, 0.5), _percentile(baseline, 0.5)
    yield {
        "name": "reporter_cost",
        "value": round(value, 3),
        "unit": "µs an event, median",
        "baseline": round(bare, 3),
        "ratio": round(value / bare, 3),
        "conditions": {
            "batch": BATCH,
            "samples": SAMPLES[size],
            "p99": round(_percentile(measured, 0.99), 3),
            "p99_of_baseline": round(_percentile(baseline, 0.99), 3),
        },
    }


def _used(lines: int) -> dict[str, int | str]:
    return {"calls": 1, "lines": lines, "units": "0", **CALL.answered(200)}


def _recording(spool: CallSpool, now: datetime) -> Batch:
    record = spool.record

    def batch(lines: int) -> None:
        for _ in range(BATCH):
            record(TYPE, now, _used(lines))

    return batch


def _bare(file: IO[bytes], now: datetime, spool: CallSpool) -> Batch:
    spool.record(TYPE, now, _used(500))
    line = spool.holding()[0].read(1)[0].text + b"\n"
    kept: list[dict[str, object]] = []

    def batch(lines: int) -> None:
        kept.clear()
        for _ in range(BATCH):
            kept.append({"type": TYPE, "time": now, "data": _used(lines)})
            file.write(line)

    return batch


def _to_disk(spool: CallSpool, stop: threading.Event) -> None:
    while not stop.wait(TO_DISK_SECONDS):
        spool.sync()


def _timings(one: Batch, other: Batch, samples: int) -> tuple[list[float], list[float]]:
    timings: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    try:
        for n in range(samples):
            for batch, kept in zip((one, other), timings, strict=True):
                start = time.perf_counter()
                batch(n % 500)
                kept.append((time.perf_counter() - start) / BATCH * MICROSECONDS)
            if n % COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
    return timings


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]
