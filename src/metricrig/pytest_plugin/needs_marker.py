"""The marker ``@pytest.mark.needs(...)``: whether the machine has something."""

from __future__ import annotations

import re
from typing import Any

from metricrig._core.errors import Unavailable, UsageError

_WORD = re.compile(r"(?P<name>[a-z][a-z-]*?)\s*(?P<version>[<>=~!\d].*)?")


def require(what: Any) -> None:
    """Raise ``Unavailable``, with reason and remedy, unless it is there: whoever declares a need may be skipped."""
    try:
        _require(what)
    except Unavailable as lacking:
        lacking.excuse = True
        raise


def _require(what: Any) -> None:
    from metricrig.runtimes.process.capabilities import MACHINE  # noqa: PLC0415 - only who needs something
    from metricrig.services.known_tools import look_up, tool_names  # noqa: PLC0415 - see above
    from metricrig.tools import Tool, obtain  # noqa: PLC0415 - see above

    match = _WORD.fullmatch(what) if isinstance(what, str) else None
    name, version = (match["name"], match["version"]) if match else ("", None)
    if isinstance(what, Tool):
        obtain(what)
    elif name in tool_names():
        obtain(look_up(name), version)
    elif name in MACHINE and version is None:
        found = MACHINE[name]()
        if not found.present:
            raise Unavailable(found.name, reason=found.says, remedy=found.remedy)
    else:
        known = ", ".join([*tool_names(), *MACHINE])
        raise UsageError(f'needs({what!r}): known are {known}; a tool may have a version: "prometheus>=3"')


def excuses(lacking: Unavailable) -> bool:
    """Whether a test may be skipped for it: the user has not named it himself, or has said that it may be missing."""
    from metricrig.services.known_tools import is_of_catalogue  # noqa: PLC0415 - see above

    return lacking.excuse or (lacking.sought is not None and is_of_catalogue(lacking.sought))
