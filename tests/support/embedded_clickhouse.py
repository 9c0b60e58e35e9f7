"""ClickHouse for tests: the real engine, embedded. A process has one, over a folder of its own."""

import atexit
import shutil
import tempfile
from functools import cache

from metering.stores.clickhouse.client import ConnectedClickHouse
from metering.stores.clickhouse.schema import TABLES, make_tables


@cache
def folder() -> str:
    """The folder of this process's engine, gone with the process."""
    made = tempfile.mkdtemp(prefix="tallyard-chdb-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def embedded() -> ConnectedClickHouse:
    """This process's engine, opened once: it takes two seconds and half a gigabyte."""
    return ConnectedClickHouse(f"chdb://{folder()}")


async def emptied() -> ConnectedClickHouse:
    """This process's engine, with tables that hold nothing."""
    clickhouse = embedded()
    await make_tables(clickhouse)
    for table in TABLES:
        await clickhouse.run(f"TRUNCATE TABLE {table}")
    return clickhouse
