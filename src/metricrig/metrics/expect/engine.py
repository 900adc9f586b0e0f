"""Engines: the product and version that answers a query, for what a query means differs between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from metricrig._core.errors import UsageError

if TYPE_CHECKING:
    from metricrig.metrics.results import Product

Version = tuple[int, ...]
_NEWEST_VERSION = 9999


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine's ways. ``Engine.of(product, version)`` knows them; without a version, the newest of its kind.

    Prometheus: ``left_closed`` ranges hold a sample that lies exactly on their start; ``clamps_first`` weighs the
    counter's zero before it decides how far to extrapolate; ``ignores_small_deltas`` between buckets; it
    ``compensates_sum`` and ``compensates_average``, which then are as exact as one addition.
    VictoriaMetrics: ``widens_rate`` even where a window is given; ``instant_by_step`` takes the step for the scrape
    interval of an instant query; ``newest_intervals`` estimates it from the last scrapes; ``never_falls`` keeps a
    counter without its resets from falling; ``raises_buckets`` mends broken histograms upwards.
    """

    name: str
    is_prometheus: bool = False
    left_closed: bool = False
    clamps_first: bool = False
    ignores_small_deltas: bool = False
    compensates_sum: bool = False
    compensates_average: bool = False
    widens_rate: bool = False
    instant_by_step: bool = True
    newest_intervals: bool = True
    never_falls: bool = True
    raises_buckets: bool = True
    version: str = field(default="", compare=False)

    KNOWN: ClassVar[tuple[str, ...]] = ("victoriametrics", "prometheus2", "prometheus3")

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()

    @classmethod
    def of(cls, product: str, version: str | None = None) -> Engine:
        """The engine of a server: ``Engine.of("prometheus", "2.42.0")``, ``Engine.of("victoriametrics", "1.79.5")``."""
        kind = re.sub(r"[^a-z]", "", product.lower())
        major = re.sub(r"\D", "", product)
        if kind == "prometheus":
            return _prometheus(_numbers(version) if version else (int(major or 3), _NEWEST_VERSION))
        if kind == "victoriametrics":
            return _victoriametrics(_numbers(version) if version else (1, _NEWEST_VERSION))
        raise UsageError(f"engine {product!r} is not known: {', '.join(cls.KNOWN)}, or Engine.of(product, version)")


def chosen(engine: Engine | str | None) -> Engine | None:
    """An engine, or the one of that name, or none yet."""
    return engine if engine is None or isinstance(engine, Engine) else Engine.of(engine)


def meant(engine: Engine | None, product: Product | None) -> Engine:
    """The one that was chosen, or else the one that has answered, or else the newest VictoriaMetrics."""
    if engine is not None:
        return engine
    return Engine.of(product.name, product.version) if product else Engine.of("victoriametrics")


def remark(engine: Engine | None, product: Product | None) -> str:
    """What to say of an answer that differs from what was computed."""
    if product is None:
        return "" if engine else _NOT_SAID
    answering = Engine.of(product.name, product.version)
    if engine is None:
        return "" if product.version else f"computed for the newest {product}, for it hides its version"
    if engine == answering or (not product.version and engine.is_prometheus == answering.is_prometheus):
        return ""
    return f"computed for {engine}, which was asked for; {product} has answered"


_NOT_SAID = "computed for the newest VictoriaMetrics: grid.expect.on(...) names another engine, if one is behind this"


def _prometheus(version: Version) -> Engine:
    if not (2, 0) <= version < (4,):
        raise UsageError(f"expectations know Prometheus 2 and 3, not {_dotted(version)}")
    # 3.0 made ranges left-open; 2.51 moved the clamp behind the extrapolation's threshold. Averages of 2.55 to 3.4 are
    # running means, compensated: what is certain of them is what is certain of those that are not.
    return Engine(
        f"prometheus{version[0]}",
        is_prometheus=True,
        left_closed=version < (3,),
        clamps_first=version < (2, 51),
        ignores_small_deltas=version >= (2, 49),
        compensates_sum=version >= (2, 54),
        compensates_average=version >= (3, 5),
        version=_known(version),
    )


def _victoriametrics(version: Version) -> Engine:
    if not (1, 79) <= version < (2,):
        raise UsageError(f"expectations know VictoriaMetrics from 1.79 on, not {_dotted(version)}")
    return Engine(
        "victoriametrics",
        widens_rate=version < (1, 85, 3),
        instant_by_step=_since(version, (1, 108, 1), (1, 102, 10), (1, 97, 15)),
        newest_intervals=_since(version, (1, 134), (1, 122, 13), (1, 110, 28)),
        never_falls=version >= (1, 97),
        raises_buckets=_since(version, (1, 103), (1, 102, 2), (1, 97, 7)),
        version=_known(version),
    )


def _since(version: Version, main: Version, *long_term: Version) -> bool:
    """Whether a version has what came with one release, or with a patch of a long-term line."""
    return version >= main or any(version[:2] == line[:2] and version >= line for line in long_term)


def _numbers(version: str) -> Version:
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    if found is None:
        raise UsageError(f"{version!r} is no version, such as 1.128.0")
    return tuple(int(part) for part in found[1].split("."))


def _known(version: Version) -> str:
    """As it was said: the newest of its kind has none."""
    return "" if _NEWEST_VERSION in version else _dotted(version)


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
