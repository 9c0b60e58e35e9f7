"""Parts of the installation that not everybody needs, imported when they are."""

import importlib
from typing import Any

from control_plane.kernel.errors import ErrorKind, TallyardError


class ExtraMissing(TallyardError):
    """What was asked for needs a library that is not installed."""

    code = "extra_missing"
    kind = ErrorKind.UNAVAILABLE
    message = "This needs the extra “{extra}” (the module {module}), which is not installed."
    remedy = "Install it where Tallyard runs: pip install 'tallyard[{extra}]'."


def need(extra: str, module: str) -> Any:
    """Import ``module``, which comes with the distribution's extra ``extra``.

    Untyped, because the library may be absent where types are checked.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        root = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != root:
            raise  # installed, and broken
        raise ExtraMissing(extra=extra, module=root) from None
