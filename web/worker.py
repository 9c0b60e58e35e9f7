"""The worker process: ticks, and finds in the data what is due."""

import asyncio
import signal

import structlog

from control_plane.runtime.jobs import JobRunner, Ticker, run_when_told
from control_plane.runtime.notices import notices
from control_plane.runtime.outbox import PROMPT_CHANNEL
from control_plane.runtime.settings import Settings
from web.compose import compose

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Any number of workers may run at once."""
    application = compose(settings)
    await application.check_stores()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = JobRunner(application.system, application.clock)
    ticker = Ticker(application.jobs, runner)
    ticker.start()
    told = notices(settings, PROMPT_CHANNEL)
    prompt = loop.create_task(run_when_told(application.prompt_relay, runner, told))
    log.info("worker_started", jobs=[job.name for job in application.jobs])
    try:
        await stop.wait()
    finally:
        prompt.cancel()
        await ticker.stop()
        await asyncio.gather(prompt, return_exceptions=True)
        await application.close()
        log.info("worker_stopped")
