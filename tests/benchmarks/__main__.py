"""Runs the benchmarks: ``python -m tests.benchmarks [NAME]``, one JSON line per figure.

Each benchmark is a file beside this one with ``run(size) -> Iterable[dict]``.
``SIZE=full`` takes larger data; without it each takes a minute or two.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from tests.support import cluster as clusters


def names() -> list[str]:
    folder = Path(__file__).parent
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def main() -> int:
    wanted = sys.argv[1:] or names()
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}")
        return 2
    server = clusters.start_cluster(durable=True)
    try:
        for name in wanted:
            module = importlib.import_module(f"tests.benchmarks.{name}")
            for figure in module.run(os.environ.get("SIZE", "small")):
                print(json.dumps(figure, ensure_ascii=False), flush=True)
    finally:
        clusters.stop_cluster(server)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
