"""Processes of the command line that are forked from one which has imported it already.

Every call is a process of its own, with its own environment, output and exit status, that runs
``web.cli`` from its first line; only reading the code from disk is done once.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

PATIENCE_SECONDS = 120
# What takes longest to import of what is not ours.
LIBRARIES = (
    *("litestar", "sqlalchemy.ext.asyncio", "sqlmodel", "psycopg", "alembic", "httpx", "requests"),
    *("pydantic", "jinja2", "babel", "cryptography", "msgspec", "rich", "structlog", "xlsxwriter"),
    *("stripe", "aiodocker", "aiohttp", "pypdf", "apscheduler", "fontTools", "argon2", "yaml"),
)


class ForkServer:
    """A process that has imported some modules, and becomes many that have."""

    def __init__(self, modules: Iterable[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        self._turn = threading.Lock()
        atexit.register(self.stop)

    def run(
        self, arguments: Iterable[str], environment: Mapping[str, str], folder: Path
    ) -> tuple[int, str, str]:
        """Run ``tallyard`` with these arguments; its exit status, output and errors."""
        out, err = folder / "out", folder / "err"
        asked = {"arguments": [*arguments], "environment": {**environment}, "cwd": str(Path.cwd())}
        with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(
                json.dumps({**asked, "out": str(out), "err": str(err)}),
                file=self._process.stdin,
                flush=True,
            )
            if not select.select([self._process.stdout], [], [], PATIENCE_SECONDS)[0]:
                self.stop()
                raise TimeoutError(asked["arguments"])
            status = int(self._process.stdout.readline())
        return status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")

    def stop(self) -> None:
        """End the server; a command that still runs is ended with it."""
        self._process.kill()
        self._process.wait(20)


def _serve(modules: Iterable[str]) -> None:
    for name in modules:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(asked)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _become(asked: dict) -> None:
    """Be what ``python -m web.cli`` is after its imports, and end as it does."""
    status = 1
    try:
        _take_place(asked)
        status = _status_of(_program(asked["arguments"]).main)
    except BaseException:  # noqa: BLE001 - as the interpreter itself does at the end
        traceback.print_exc()
    finally:
        threading._shutdown()
        atexit.unregister(ForkServer.stop)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _take_place(asked: dict) -> None:
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, path in ((1, asked["out"]), (2, asked["err"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _program(arguments: list[str]) -> ModuleType:
    """Load ``web.cli`` anew, as the program and under the program's name."""
    spec = util.find_spec("web.cli")
    assert spec is not None
    assert spec.loader is not None
    assert spec.origin is not None
    program = util.module_from_spec(spec)
    spec.loader.exec_module(program)
    sys.modules["__main__"] = program
    sys.argv = [spec.origin, *arguments]
    return program


def _status_of(main: Callable[[], object]) -> int:
    try:
        main()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    _serve(sys.argv[1:])
