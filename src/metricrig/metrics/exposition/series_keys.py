"""A cache of series by how they are written: parsed once, then looked up."""

from __future__ import annotations

import functools
import re

from metricrig.metrics.exposition.errors import BadLine
from metricrig.metrics.exposition.grammar import KEY, NAME
from metricrig.metrics.exposition.labels import Labels, escaped, parsed
from metricrig.metrics.exposition.model import PageSeries

# An endpoint whose series come and go must not fill the memory: at 500 bytes each, this is 250 MB.
_MOST_KEYS = 500_000
# No line can hold it: marks texts that are only looked up, never read.
_UNREADABLE_PREFIX = "\n"


class SeriesKeys:
    """What is written before a value, and which series it means.

    Two ways of writing the same series (labels in another order, other blanks) lead to the same object: each is
    rewritten to the way that was seen first. On nearly all lines that is the way in which they are written.
    """

    def __init__(self) -> None:
        self.by_text: dict[str, PageSeries] = {}
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._usual: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._likely: re.Pattern[str] | None = None
        """The last key's way of being written, if it needs no rewriting: the next key's too, on most lines."""

    def make_room(self) -> None:
        """Forget everything if it has become too much; only between pages, whose series are compared by identity."""
        if len(self.by_text) > _MOST_KEYS:
            self.by_text.clear()
            self._shapes.clear()
            self._usual.clear()
            self._likely = None

    def plain(self, key: str) -> PageSeries | None:
        """The series, if the text is one and nothing else, and no error."""
        if self._likely is not None and self._likely.fullmatch(key):
            at = key.index("{")
            series = self.by_text[key] = PageSeries(key[:at], Labels(None, key[at:]))
            return series
        match = KEY.fullmatch(key)
        if match is None:
            return None
        name, braces = match.groups("")
        try:
            return self.learn(key, name, braces)
        except BadLine:
            return None

    def learn(self, key: str, name: str, braces: str) -> PageSeries:
        """The series that a key means."""
        if not name or "\\" in braces:
            return self._learn_odd(key, name, braces)
        pieces = braces.split('"')
        shape = tuple(pieces[:-1:2])
        names = self._shapes.get(shape) or self._learn_shape(shape)
        if "" in names:
            return self._learn_odd(key, name, braces)
        usual = self._usual[names]
        if usual != shape or not braces.endswith('"}'):
            pairs = dict(zip(map(_name, shape), pieces[1::2], strict=True))
            braces = "".join(f'{piece}"{pairs[_name(piece)]}"' for piece in usual) + "}"
        elif key == name + braces:
            self._likely = _pattern(shape)
        return self._kept(key, name + braces if names else name, name, Labels(None, braces))

    def _learn_shape(self, shape: tuple[str, ...]) -> tuple[str, ...]:
        """The sorted names in what stands between values, such as ``{method=`` and ``,code=``."""
        names = tuple(sorted(map(_name, shape)))
        if "" not in names and len(set(names)) < len(names):
            raise BadLine("the same label twice")
        self._shapes[shape] = names
        self._usual.setdefault(names, shape)
        return names

    def _learn_odd(self, key: str, name: str, braces: str) -> PageSeries:
        """The same for names in quotes, and for escapes."""
        found, pairs = parsed(braces)
        if bool(name) is bool(found):
            raise BadLine(f"two names for one sample: {name} and {found}" if name else "a sample without a name")
        braces = "{" + ",".join(f'{each}="{value}"' for each, value in pairs.items()) + "}"
        if "\\" not in braces and KEY.fullmatch(f"{name or found}{braces}"):  # it could have done without quotes
            return self.learn(key, name or found, braces)
        parts = [name or found, *(part for pair in sorted(pairs.items()) for part in pair)]
        return self._kept(key, _UNREADABLE_PREFIX + '"'.join(map(escaped, parts)), parts[0], Labels(pairs))

    def _kept(self, key: str, text: str, name: str, labels: Labels) -> PageSeries:
        series = self.by_text.get(text)
        if series is None:
            series = PageSeries(name, labels)
            if text != key:
                self.by_text[text] = series
        self.by_text[key] = series
        return series


def _name(piece: str) -> str:
    """Empty for what stands around a name in quotes."""
    return piece.strip("{ \t,=")


@functools.lru_cache(maxsize=1000)
def _pattern(shape: tuple[str, ...]) -> re.Pattern[str]:
    """What matches keys of this shape, if no value has an escape."""
    pairs = "".join(f'{re.escape(piece)}"[^"\\\\\\n]*+"' for piece in shape)
    return re.compile(f"{NAME}{pairs}}}")
