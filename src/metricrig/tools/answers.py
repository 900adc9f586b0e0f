"""Earlier answers to requests for tools: the same question gets the same answer on this machine, whoever asks.

Otherwise what a project gets would depend on what others have put into the cache meanwhile. A question is a tool, what
is wanted of it, and the sources that may be asked.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from metricrig._core.cache_directory import cache_root
from metricrig._core.digest import digest_of
from metricrig._core.whole_file import write_whole
from metricrig.tools import tool_cache
from metricrig.tools.version_numbers import platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metricrig.tools.tool import Executable
    from metricrig.tools.tool_request import ToolRequest


def recall(request: ToolRequest, sources: Sequence[str]) -> Executable | None:
    """The answer, as long as it is in the cache."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        entry = str(json.loads(_note(request, sources).read_text(encoding="utf-8"))["entry"])
        if entry == Path(entry).name:
            found = tool_cache.usable(request, tool_cache.shelf(request.tool.name) / entry)
            return found if found is not None and request.satisfied_by(found.version) else None
    return None


def note(request: ToolRequest, sources: Sequence[str], answer: Executable) -> None:
    """Keep it; a cache that cannot be written costs asking again."""
    shelf, place = tool_cache.shelf(request.tool.name), _note(request, sources)
    with suppress(OSError, ValueError):
        entry = answer.path.relative_to(shelf).parts[0]
        content = {"tool": request.tool.name, "wanted": request.wanted, "sources": list(sources), "entry": entry}
        tool_cache.make_directory(place.parent)
        write_whole(place, json.dumps(content))


def _note(request: ToolRequest, sources: Sequence[str]) -> Path:
    question = json.dumps([request.tool.name, request.specifier, list(sources), platform()])
    return cache_root() / "answers" / f"{digest_of(question)}.json"
