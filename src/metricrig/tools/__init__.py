"""Tools: executables that services need, from the first source that can deliver them.

``obtain(tool)`` gives an :class:`Executable`, or says precisely why each source could not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricrig.tools.tool import DebianPackage, Executable, GoModule, Image, Release, Tool, Wheel

if TYPE_CHECKING:
    from metricrig.tools.acquisition import Prospect, obtain, survey
    from metricrig.tools.tool_cache import Installed, installed

_LATER = {
    "Installed": "tool_cache",
    "installed": "tool_cache",
    "Prospect": "acquisition",
    "obtain": "acquisition",
    "survey": "acquisition",
}
__all__ = [
    "DebianPackage",
    "Executable",
    "GoModule",
    "Image",
    "Installed",
    "Prospect",
    "Release",
    "Tool",
    "Wheel",
    "installed",
    "obtain",
    "survey",
]


def __getattr__(name: str) -> Any:
    """What obtains is imported when it is first named: most runs of pytest that import metricrig start nothing."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
