"""Logs as one JSON object a line, each naming tenant, instance and module."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from inventory_modules.chassis.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send structlog and the standard library's records to stderr in one form."""

    def name_instance(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["tenant_id"] = settings.tenant_id
        event["instance_id"] = settings.instance_id
        event["module"] = settings.module
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_instance,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
