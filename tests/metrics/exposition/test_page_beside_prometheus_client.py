"""Random and hostile pages, read by us and by prometheus_client.

The two are compared where both read a page. They differ on purpose: prometheus_client renames untyped counters
(``foo`` becomes ``foo_total``), keeps contradicting duplicates, takes the last of several words after a value for a
timestamp, and its text reader ignores exemplars. So the pages below are untyped, and duplicates are left out.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from metricrig.metrics.exposition import BadPage, Page
from metricrig.metrics.exposition.labels import escaped

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
# __name__ is how prometheus_client stores the name; \x1c and others are line ends for str.splitlines, not for us.
LABEL_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], include_characters='\n"\\{}, =#'), max_size=8
)
VALUES = st.floats() | st.integers(-(2**53), 2**53).map(float)
SERIES = st.tuples(NAMES, st.dictionaries(LABEL_NAMES, TEXTS, max_size=4))
HOSTILE = st.text(st.sampled_from('ab1 \t\n"\\{}=,#._-+eNIF\r'), max_size=60)


def written(series: tuple[str, dict[str, str]], value: float, suffix: str = "") -> str:
    name, labels = series
    inside = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items())
    return f"{name}{'{' + inside + '}' if labels else ''} {shown(value)}{suffix}"


def shown(value: float) -> str:
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN" if math.isnan(value) else repr(value))


def theirs(read: Any, text: str) -> list[Any]:
    return [plain(each) for family in read(text) for each in family.samples]


def plain(sample: Any) -> Any:
    return sample.name, dict(sample.labels), repr(float(sample.value)), sample.timestamp


def distinct(page: dict[Any, float]) -> list[tuple[tuple[str, dict[str, str]], float]]:
    return [((name, dict(labels)), value) for (name, labels), value in page.items()]


PAGES = st.dictionaries(
    SERIES.map(lambda series: (series[0], tuple(sorted(series[1].items())))), VALUES, max_size=12
).map(distinct)


@given(PAGES, st.sampled_from(["", " 1700000000123", " -5"]))
def test_a_page_of_text_reads_the_same(page: list[Any], suffix: str) -> None:
    text = "\n".join(written(series, value, suffix) for series, value in page)
    assert [plain(each) for each in Page(text)] == theirs(read_text, text)


@given(PAGES)
def test_one_name_is_what_a_whole_read_has_of_it(page: list[Any]) -> None:
    text = "\n".join(written(series, value) for series, value in page)
    for name in {name for (name, _), _ in page} | {"a", "a1"}:
        assert list(map(plain, Page(text).samples(name))) == [plain(each) for each in Page(text) if each.name == name]


@given(PAGES)
def test_an_openmetrics_page_reads_the_same(page: list[Any]) -> None:
    # They want the samples of a family together, and labels in one line to be of a family: one gauge for each name.
    # A family's name must not clash with another's suffixes there.
    first = [(series, value) for series, value in page if series[0] == page[0][0][0]]
    text = "\n".join(written(series, value) for series, value in first) + "\n# EOF\n"
    text = text.lstrip("\n")
    ours = [plain(each) for each in Page(text, "application/openmetrics-text")]
    assert ours == theirs(read_openmetrics, text)


@settings(max_examples=300)
@given(HOSTILE)
def test_hostile_text_is_read_or_refused(text: str) -> None:
    places = []
    for content_type in ("text/plain", "application/openmetrics-text"):
        try:
            page = Page(text, content_type)
            whole = list(page)
            page.families()
        except BadPage as bad:
            places.append(bad.line)
            continue
        for name in {sample.name for sample in whole}:
            assert list(map(plain, Page(text, content_type).samples(name))) == [
                plain(sample) for sample in whole if sample.name == name
            ]
    assert all(1 <= line <= text.count("\n") + 1 for line in places)


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_hostile_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        list(Page(data))
    except BadPage:
        return


def test_a_hostile_line_is_refused_in_linear_time() -> None:
    for line in ("a" * 200_000 + "{", 'a{b="' + "\\" * 200_001, "a{" + 'b="c",' * 50_000 + "}x", "a " + "1 " * 100_000):
        try:
            list(Page(line))
        except BadPage:
            continue
        raise AssertionError(line[:20])
