"""A process that serves "calls": records each, says so on stdout, and reports beside it.

``python -m tests.support.call_recorder FOLDER FIRST URL``. A number stands on stdout only after
the call of that number was recorded, as an answer goes out only then.
"""

import asyncio
import http.client
import json
import os
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.call_reporter import CallReporter
from control_plane.sdk.call_spool import CallSpool

SEGMENT_BYTES = 16_384


def main(folder: str, first: str, url: str) -> None:
    spool = CallSpool(
        Path(folder), source="/instances/ins_1", subject="m", segment_bytes=SEGMENT_BYTES
    )
    threading.Thread(target=_report, args=(spool, url), daemon=True).start()
    clock, number = SystemClock(), int(first)
    while True:
        spool.record("t.call", clock.now(), {"calls": 1, "n": number})
        os.write(1, b"%d\n" % number)
        number += 1


def _report(spool: CallSpool, url: str) -> None:
    asyncio.run(_report_forever(spool, url))


async def _report_forever(spool: CallSpool, url: str) -> None:
    async def send(events):
        return await asyncio.to_thread(_post, url, events)

    reporter = CallReporter(spool, send, batch_size=50)
    while True:
        await reporter.flush()
        spool.sync()
        await asyncio.sleep(0.005)


def _post(url: str, events: list[dict]) -> list[dict]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    try:
        connection.request("POST", place.path, json.dumps(events))
        answer = connection.getresponse()
        if answer.status != 200:
            raise ConnectionError(answer.status)
        return json.loads(answer.read())["results"]
    finally:
        connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
