"""The fields of a ``Service`` that every service of the catalogue passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.probe import Readiness
    from metricrig.service import Environment, FileContent, Limits, Named
    from metricrig.tools import Image


class Options(TypedDict, total=False):
    """What may be given to any service of the catalogue besides its own options."""

    version: str | None
    image: str | Image | None
    limits: Limits | None
    own_clock: bool
    runtime: str | None
    user: str | None
    env: Environment
    files: Mapping[str, FileContent]
    ready: Readiness
    needs: Sequence[Named | str]
    start_within: float
    stop_within: float
