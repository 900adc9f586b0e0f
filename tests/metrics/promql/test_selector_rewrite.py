"""One matcher more in each selector, and nothing else is changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics.promql.random_expressions import EXPRESSIONS, MARK, Written

from metricrig import UsageError
from metricrig.metrics.promql.selector_rewrite import confined, tokens

SELECTORS = [
    ("up", "up{V}"),
    ("up{}", "up{V}"),
    ('up{job="a"}', 'up{V,job="a"}'),
    ('up { job="a", }', 'up {V, job="a", }'),
    ("up {\n# nothing }\n}", "up {V\n# nothing }\n}"),
    ('up # a {b="c"}\n {job="a"}', 'up # a {b="c"}\n {V,job="a"}'),
    ('{__name__=~"a|b"}', '{V,__name__=~"a|b"}'),
    ('{"my.metric", "a b"!="}"}', '{V,"my.metric", "a b"!="}"}'),
    ('x{a="}",b=\'{"\',c=`\\`,d="\\"}"}', 'x{V,a="}",b=\'{"\',c=`\\`,d="\\"}"}'),
    ('x{a="#"} + y', 'x{V,a="#"} + y{V}'),
    ("job:up:sum", "job:up:sum{V}"),
    (":up", ":up{V}"),
    ("up[5m]", "up{V}[5m]"),
    ("up [ 5m : 1m ]", "up{V} [ 5m : 1m ]"),
    ("up[5m # ]\n]", "up{V}[5m # ]\n]"),
    ('"up" + `up` + \'up "up\'', '"up" + `up` + \'up "up\''),
    ("up # down\r+ up # up", "up{V} # down\r+ up{V} # up"),
    ("\n up\t", "\n up{V}\t"),
]
OPERATORS = [
    ("a and b or c unless d atan2 e", "a{V} and b{V} or c{V} unless d{V} atan2 e{V}"),
    ("and AND and", "and{V} AND and{V}"),
    ("or or(unless unless offset offset 5m)", "or{V} or(unless{V} unless offset{V} offset 5m)"),
    ("a == bool b", "a{V} == bool b{V}"),
    ("a > BOOL on(b, c)d", "a{V} > BOOL on(b, c)d{V}"),
    ("a * on (b) group_left c", "a{V} * on (b) group_left c{V}"),
    ("a * Ignoring (b) Group_Right (c, d,) e", "a{V} * Ignoring (b) Group_Right (c, d,) e{V}"),
    ("a * on () group_left () (c)", "a{V} * on () group_left () (c{V})"),
    ("a*b-c/d%e^f", "a{V}*b{V}-c{V}/d{V}%e{V}^f{V}"),
    ("a<b<=c>d>=e!=f==-+g", "a{V}<b{V}<=c{V}>d{V}>=e{V}!=f{V}==-+g{V}"),
    ("by_total / offset_x ^ on_off - bool_1", "by_total{V} / offset_x{V} ^ on_off{V} - bool_1{V}"),
    ("a offset -5m @ start() or b", "a{V} offset -5m @ start() or b{V}"),
    ("a @ 123.4 and b @ -1e3 and c @end( )", "a{V} @ 123.4 and b{V} @ -1e3 and c{V} @end( )"),
    ("rate(a[5m] offset 1h30m)", "rate(a{V}[5m] offset 1h30m)"),
    ("max_over_time(rate(a[1m])[5m:] @ 1 offset 2w)", "max_over_time(rate(a{V}[1m])[5m:] @ 1 offset 2w)"),
]
AGGREGATIONS = [
    ("sum(a)", "sum(a{V})"),
    ("sum by (a) (a)", "sum by (a) (a{V})"),
    ("SUM BY(sum,by,)(a)", "SUM BY(sum,by,)(a{V})"),
    ("sum(a) by (a)", "sum(a{V}) by (a)"),
    ("sum(a)by(b)and a", "sum(a{V})by(b)and a{V}"),
    ('sum without ("a)", `b(`) (a)', 'sum without ("a)", `b(`) (a{V})'),
    ("sum # by\n by # (b)\n (c # )\n) (d)", "sum # by\n by # (b)\n (c # )\n) (d{V})"),
    ("topk(2, a) without ()", "topk(2, a{V}) without ()"),
    ('count_values("v", a)', 'count_values("v", a{V})'),
    ("sum", "sum{V}"),
    ("sum + rate - count by (by) (by)", "sum{V} + rate{V} - count by (by) (by{V})"),
    ("sum{} and by{}", "sum{V} and by{V}"),
    ("start - end", "start{V} - end{V}"),
    ('label_replace(a, "b", "$1", "c", "(.*)")', 'label_replace(a{V}, "b", "$1", "c", "(.*)")'),
    ("time() - vector(scalar(a))", "time() - vector(scalar(a{V}))"),
]
NUMBERS = [
    ("1 + .5 + 1. + 1e-3 + 1E+3", "1 + .5 + 1. + 1e-3 + 1E+3"),
    ("0x1F + 0XAbC", "0x1F + 0XAbC"),
    ("0xe-up", "0xe-up{V}"),
    ("1e-3-up", "1e-3-up{V}"),
    ("nan + NaN - Inf + -inf", "nan + NaN - Inf + -inf"),
    ("nano + infinity + i", "nano{V} + infinity{V} + i{V}"),
    ("5m + 1h30m", "5m + 1h30m"),
    ("", ""),
]


@pytest.mark.parametrize(("expression", "expected"), SELECTORS + OPERATORS + AGGREGATIONS + NUMBERS)
def test_each_selector_gets_the_matcher(expression: str, expected: str) -> None:
    assert confined(expression, 'v="1"') == expected.replace("V", 'v="1"')


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ('up{a="b', "character 3 "),
        ("up{a='b\n'}", "character 3 "),
        ('up{a="b"} # }\n + up{ # }', "character 20 "),
        ("up[5m", "character 3 "),
        ("up[up{}]", "character 3 "),
        ("sum(up) by (`a", "character 13 "),
        ('"a\\', "character 1 "),
        ("up ~ up", "character 4 "),
        ("up ! up", "character 4 "),
        ("up; up", "character 3 "),
        ("up\N{NO-BREAK SPACE}", "character 3 "),
        ("{{}}", "character 1 "),
    ],
)
def test_what_cannot_be_read_is_not_sent(expression: str, place: str) -> None:
    with pytest.raises(UsageError, match=f"{place}on it is not PromQL"):
        confined(expression, 'v="1"')


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a b", "a{V} b{V}"),  # two operands in a row: no PromQL, today
        ("a + on(b) fill(0) c", "a{V} + on(b) fill(0) c{V}"),  # newer than we know
        ("by (a + b)", "by (a{V} + b{V})"),
        ("group_left(sum(b))", "group_left(sum(b{V}))"),
        ('a{b="c"}{d="e"}', 'a{V,b="c"}{V,d="e"}'),
        ("sum((", "sum(("),
    ],
)
def test_what_may_be_wrong_is_left_to_the_server_with_a_matcher_wherever_there_may_be_a_selector(
    expression: str, expected: str
) -> None:
    assert confined(expression, 'v="1"') == expected.replace("V", 'v="1"')


def test_info_would_find_the_series_of_others() -> None:
    with pytest.raises(UsageError, match="group_left"):
        confined("info (up)", 'v="1"')
    assert confined("info + sum(info)", "V") == "info{V} + sum(info{V})"


@given(EXPRESSIONS)
def test_any_expression_has_the_matcher_where_it_was_written_without(written: Written) -> None:
    assert confined(written.without, MARK) == written.confined


@given(st.text(alphabet=" \n#\"'`\\(){}[]abyon,:=~!@+-e0x5.m", max_size=30))
def test_every_text_is_cut_without_a_loss_or_refused(text: str) -> None:
    try:
        several = tokens(text)
    except UsageError:
        return
    assert "".join(token.text + token.gap for token in several) == text
