"""Reading a page: each trap that other readers fell into."""

from __future__ import annotations

import math

import pytest

from metricrig.metrics.exposition import BadPage, Exemplar, Family, Labels, NotOneSample, Page, Sample
from metricrig.metrics.exposition.series_keys import SeriesKeys

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("line", "name", "labels", "value"),
    [
        ("up 1", "up", {}, 1),
        ("up{} 1", "up", {}, 1),
        ("up\t1", "up", {}, 1),
        (" \tup  1 ", "up", {}, 1),
        ("up 1\r", "up", {}, 1),
        ('up{a="1",b="2"} 3', "up", {"a": "1", "b": "2"}, 3),
        ('up{ a = "1" , b="2", } 3', "up", {"a": "1", "b": "2"}, 3),
        ('up {a="1"}3', "up", {"a": "1"}, 3),
        ('up{a="}"} 3', "up", {"a": "}"}, 3),
        ('up{a="} 7"} 3', "up", {"a": "} 7"}, 3),
        ('up{a="x # {b"} 3', "up", {"a": "x # {b"}, 3),
        ('up{a=",b=\\"c"} 3', "up", {"a": ',b="c'}, 3),
        (r'up{a="\\n\n\""} 3', "up", {"a": '\\n\n"'}, 3),
        ('up{a="\\x"} 3', "up", {"a": "\\x"}, 3),
        ('up{a=""} 3', "up", {"a": ""}, 3),
        ('up{a="ä→"} 3', "up", {"a": "ä→"}, 3),
        ('{"up"} 3', "up", {}, 3),
        ('{"my.name",a="1"} 3', "my.name", {"a": "1"}, 3),
        ('{a="1","my.name"} 3', "my.name", {"a": "1"}, 3),
        ('{"my \\"n\\" }", "a.b"="1"} 3', 'my "n" }', {"a.b": "1"}, 3),
        ("ns:up:sum 1", "ns:up:sum", {}, 1),
        ("up +Inf", "up", {}, math.inf),
        ("up -Inf", "up", {}, -math.inf),
        ("up 1e3", "up", {}, 1000),
        ("up -.5", "up", {}, -0.5),
    ],
)
def test_a_line(line: str, name: str, labels: dict[str, str], value: float) -> None:
    for page in (Page(line), Page(f"# a comment\nother 5\n{line}\nlast 6\n")):
        found = page.samples(name)
        assert found == [Sample(name, Labels(labels), value)]
        assert found[0] in list(page)
        assert Page(page.text.encode()).samples(name) == found


def test_nan_is_a_value() -> None:
    assert math.isnan(Page("up NaN").value("up"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("up", "expected a value"),
        ("up 1 2 3", "expected a value"),
        ("up x", "'x' is not a number"),
        ("up 1_000", "is not a number"),
        ("up \u0661", "is not a number"),
        ("up 1 NaN", "is not a timestamp"),
        ("up-1", "expected a metric name"),
        ("up{a=1} 2", "expected a metric name"),
        ('up{a="1} 2', "expected a metric name"),
        ('up{a="1" b="2"} 2', "expected a metric name"),
        ('up{a="1",a="2"} 2', "twice"),
        ('up{a="\\"",a="2"} 2', "twice"),
        ('up{"up"} 2', "two names"),
        ('{"a","b"} 2', "two names"),
        ('{a="1"} 2', "without a name"),
        ("{} 2", "without a name"),
        ("# TYPE up", "without a type"),
    ],
)
def test_a_broken_line_is_named(line: str, why: str) -> None:
    with pytest.raises(BadPage, match=why) as caught:
        list(Page(f"first 1\n\n{line}\nlast 2\n"))
    assert caught.value.line == 3
    assert caught.value.text == line
    assert f"line 3: {caught.value.why}\n  {line}" in str(caught.value)


def test_one_name_is_read_without_the_rest() -> None:
    page = Page("up 1\nbroken{ 5\nup_total 3\n")
    assert page.value("up") == 1
    with pytest.raises(BadPage, match="line 2"):
        page.names()


def test_a_fault_in_the_lines_of_one_name_has_its_place_on_the_page() -> None:
    with pytest.raises(BadPage, match="line 3: 'x' is not a number"):
        Page("a 1\nb 2\nup x\n").samples("up")


@pytest.mark.parametrize("name", ["up", "p", "u", "up_total", "text", "a", "x", "_total"])
def test_other_places_of_a_name_are_not_samples(name: str) -> None:
    text = '# HELP up up is up\n# TYPE up gauge\nup_total{x="up "} 1\nnot_up 2\nfoo{up="1"} 3\n{"foo",a="up"} 4\n'
    page = Page(text)
    expected = [sample for sample in Page(text) if sample.name == name]
    assert page.samples(name) == expected


def test_timestamps_are_seconds_in_either_format() -> None:
    assert Page("up 1 1700000000500\n").samples("up")[0].timestamp == 1700000000.5
    assert Page("up 1 1700000000.5\n# EOF\n", OPENMETRICS).samples("up")[0].timestamp == 1700000000.5


def test_exemplars_are_read() -> None:
    page = Page('h_bucket{le="1"} 5 # {trace="a b}"} 0.5 1700000000.25\n# EOF\n', OPENMETRICS)
    (sample,) = page.samples("h_bucket")
    assert sample.value == 5
    assert sample.exemplar == Exemplar(Labels({"trace": "a b}"}), 0.5, 1700000000.25)


@pytest.mark.parametrize("text", ["up 1\n", "up 1\n# EO", "up 1\n# EOF\nup 2\n"])
def test_an_openmetrics_page_without_its_end_is_cut_off(text: str) -> None:
    with pytest.raises(BadPage, match="cut off"):
        Page(text, OPENMETRICS)


def test_nothing_follows_the_end() -> None:
    with pytest.raises(BadPage, match="something follows"):
        list(Page("up 1\n# EOF\nup 1\n# EOF\n", OPENMETRICS))


@pytest.mark.parametrize("text", ["<!DOCTYPE html><p>404", "<html>"])
def test_what_is_obviously_no_metrics_page(text: str) -> None:
    with pytest.raises(BadPage, match="no metrics page"):
        Page(text, "text/html")


def test_bytes_that_are_no_text_have_a_line() -> None:
    with pytest.raises(BadPage, match="line 2: not UTF-8"):
        Page(b'up 1\nx{a="\xff"} 2\n')


def test_the_same_sample_twice_is_one() -> None:
    page = Page('a{x="1",y="2"} 3\na{y="2", x="1"} 3\n{"a",x="1",y="2"} 3\nn NaN\nn NaN\n')
    assert len(page) == 2
    assert page.samples("a") == [Sample("a", Labels({"x": "1", "y": "2"}), 3)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a 1", "a 2"),
        ('a{x="1",y="2"} 1', 'a{y="2",x="1"} 2'),
        ('a{x="1"} 1', '{"a",x="1"} 2'),
        ('a{x="\\"",y="2"} 1', 'a{y="2",x="\\""} 2'),
        ('a{x="1"} 1', 'a{x="1",} 2'),
        ('a{x="1"} 1', 'a {x="1"} 2'),
        ("a 1", "a{} 2"),
        ("a{} 1", "a 2"),
        ('{"a.b",x="1"} 1', '{x="1","a.b"} 2'),
    ],
)
def test_contradictions_name_both_lines(first: str, second: str) -> None:
    name = Page(first).names()[0]
    for read in (list, lambda page: page.samples(name)):
        with pytest.raises(BadPage) as caught:
            read(Page(f"{first}\nother 1\n{second}\n"))
        assert caught.value.line == 3
        assert f"on line 1: {first}" in caught.value.why


def test_values_that_look_alike_are_other_series() -> None:
    assert len(Page('a{x="1",y="2"} 1\na{y="1",x="2"} 2\na{x="1"} 3\na{x="1,y=2"} 4\na 5\n')) == 5


def test_of_several_moments_the_newest_counts() -> None:
    assert Page("a 1 1000\na 2 3000\na 3 2000\n").value("a") == 2


def test_families() -> None:
    page = Page(
        "# HELP foo A \\\\ and\\na line\n# TYPE foo counter\nfoo 1\n# TYPE h histogram\n# UNIT h seconds\n"
        'h_bucket{le="+Inf"} 1\nh_count 1\nh_sum 1\nplain 3\n# HELP only help\nonly 1\n# just a comment\n#\n',
    )
    assert page.families() == (
        Family("foo", "counter", help="A \\ and\na line"),
        Family("h", "histogram", unit="seconds"),
        Family("only", "untyped", help="help"),
        Family("plain", "untyped"),
    )
    assert page.names() == ("foo", "h_bucket", "h_count", "h_sum", "plain", "only")


def test_a_family_declared_twice() -> None:
    same = "# TYPE a counter\na 1\n# TYPE a counter\n"
    assert Page(same).families() == (Family("a", "counter"),)
    with pytest.raises(BadPage, match=r"line 3: another TYPE on line 1: # TYPE a counter"):
        Page("# TYPE a counter\na 1\n# TYPE a gauge\n").families()


def test_a_counter_keeps_its_name() -> None:
    assert Page("# TYPE foo counter\nfoo 1\n").names() == ("foo",)


def test_value_of_none_or_several() -> None:
    page = Page('orders_total{s="a"} 1\norders_total{s="b"} 2\n')
    assert page.value("orders_total", s="b") == 2
    with pytest.raises(NotOneSample, match="2 series match"):
        page.value("orders_total")
    with pytest.raises(NotOneSample, match=r'of that name there are: orders_total{s="a"} 1'):
        page.value("orders_total", s="c")
    with pytest.raises(NotOneSample, match="near it are: orders_total"):
        page.value("order_total")


def test_keys_learnt_from_one_page_serve_the_next() -> None:
    keys = SeriesKeys()
    first = Page('a{x="1"} 1\nb 2\n', keys=keys)
    second = Page('b 3\na{x="1"} 4\nc 5 1000\n', keys=keys)
    assert [sample.value for sample in first] == [1, 2]
    assert [(sample.name, sample.value) for sample in second] == [("b", 3), ("a", 4), ("c", 5)]
    assert second.samples("a")[0].labels is first.samples("a")[0].labels


def test_labels_are_values() -> None:
    labels = Labels({"a": "1", "b": 'x"'})
    assert labels == {"b": 'x"', "a": "1"}
    assert hash(labels) == hash(Labels({"b": 'x"', "a": "1"}))
    assert str(labels) == '{a="1", b="x\\""}'
