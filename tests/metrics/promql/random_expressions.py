"""PromQL that Prometheus 2 and 3 accept, each expression twice: as it is, and with a matcher in its selectors."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import strategies as st

MARK = 'view="§1"'


class Written(NamedTuple):
    """An expression, or a piece of one, without and with the matcher."""

    without: str
    confined: str


Pieces = list[Written]
Draw = st.DrawFn

NAMES = ["up", "x", "e5", "job:up:sum", "by_total", "on_off", "nano", "rate", "info", "sum", "count_values", "topk"]
KEYWORDS = ["and", "OR", "unless", "by", "Without", "offset", "start", "END"]
STRINGS = ['""', '"a"', '"}"', '"\\"}"', "'{\"'", "'#'", "`\\`", '`"{`', '"é\\u00e9\\n"', '"(by (a"']
NUMBERS = ["1", ".5", "1.", "1e-3", "0x1F", "0xe", "NaN", "inf"]
DURATIONS = ["5m", "1h30m", "90s"]
GAPS = ["", "", " ", "\t ", "\n", "\r\n", " # up{a} ) by (\n", "#'\"`\r"]
ON = ["on (a, b)", "ignoring(a,)", "ON # c )\n (by)", "on()"]
GROUP = ["group_left()", "group_right (c)", "GROUP_LEFT(c, sum)", "group_left"]
BY = ["by (a)", "without()", "BY # )\n (sum, by)", "by(group_left,)"]
_GLUED = re.compile(r"[A-Za-z0-9_:.]{2}")


def same(*texts: str) -> Pieces:
    return [Written(text, text) for text in texts]


@st.composite
def selectors(draw: Draw) -> Pieces:
    name = draw(st.sampled_from([*NAMES, *KEYWORDS]))
    labels = draw(st.lists(st.tuples(st.sampled_from(["a", "by", "sum", "on"]), st.sampled_from(STRINGS)), max_size=2))
    inner = [same(label, "!=", value) for label, value in labels]
    if draw(st.booleans()):
        inner.append(same("__name__", "=", '"up"'))
    elif not inner and draw(st.booleans()):
        return [Written(name, f"{name}{{{MARK}}}")]
    named = not any(pieces[0].without == "__name__" for pieces in inner)
    separated = [piece for pieces in inner for piece in [*pieces, *same(",")]]
    trailing = draw(st.booleans())
    braces = [Written("{", f"{{{MARK}," if inner else f"{{{MARK}"), *(separated if trailing else separated[:-1])]
    return [*(same(name) if named else []), *braces, *same("}")]


@st.composite
def shifted(draw: Draw, of: Pieces) -> Pieces:
    duration = draw(st.sampled_from(DURATIONS))
    several = [[], ["offset", duration], ["Offset", "-", duration], ["@", "123.4"], ["@", "start", "(", ")"]]
    return [*of, *same(*draw(st.sampled_from([*several, ["@", "end", "(", ")", "offset", duration]])))]


@st.composite
def ranges(draw: Draw) -> Pieces:
    duration = draw(st.sampled_from(DURATIONS))
    if draw(st.booleans()):
        return draw(shifted([*draw(selectors()), *same(f"[{duration}]")]))
    subquery = draw(st.sampled_from([f"[{duration}:1m]", f"[{duration}:]", f"[{duration}: 5s]"]))
    return draw(shifted([*same("("), *draw(vectors()), *same(")", subquery)]))


@st.composite
def calls(draw: Draw) -> Pieces:
    if draw(st.booleans()):
        return [*same(draw(st.sampled_from(["rate", "absent_over_time"])), "("), *draw(ranges()), *same(")")]
    if draw(st.booleans()):
        function = draw(st.sampled_from(["abs", "absent", "timestamp", "sort"]))
        return [*same(function, "("), *draw(vectors()), *same(")")]
    last = draw(st.sampled_from(STRINGS))
    return [*same("label_replace", "("), *draw(vectors()), *same(",", '"b"', ",", last, ",", '"c"', ",", "'(.*)'", ")")]


@st.composite
def aggregations(draw: Draw) -> Pieces:
    operator = draw(st.sampled_from(["sum", "COUNT", "max"]))
    body = [*same("("), *draw(vectors()), *same(")")]
    if draw(st.booleans()):
        operator, body = "topk", [*same("(", "2", ","), *body[1:]]
    by = same(draw(st.sampled_from(BY)))
    return draw(
        st.sampled_from([[*same(operator), *by, *body], [*same(operator), *body, *by], [*same(operator), *body]])
    )


@st.composite
def pairs(draw: Draw) -> Pieces:
    left, right = draw(vectors()), draw(vectors())
    if draw(st.booleans()):
        between = [draw(st.sampled_from(["and", "OR", "unless"])), *draw(st.sampled_from([[], ["on(a)"]]))]
        return [*left, *same(*between), *right]
    between = [*draw(st.sampled_from([["+"], ["-"], ["^"], ["atan2"], ["=="], ["!=", "bool"], ["<", "BOOL"]]))]
    if draw(st.booleans()):
        between.append(draw(st.sampled_from(ON)))
        group = draw(st.sampled_from(["", *GROUP]))
        # Parentheses behind it would be its labels.
        between += [group] if group and not (group == "group_left" and right[0].without == "(") else []
    return [*left, *same(*between), *right]


@st.composite
def scaled(draw: Draw) -> Pieces:
    """In parentheses: beside another operator a number would become the operand of it."""
    number = draw(st.sampled_from(NUMBERS))
    left, right = (
        [*same(number, "*"), *draw(vectors())],
        [*draw(vectors()), *same(draw(st.sampled_from("+-/%>")), number)],
    )
    return [*same("("), *draw(st.sampled_from([left, right])), *same(")")]


def vectors() -> st.SearchStrategy[Pieces]:
    return st.deferred(lambda: _VECTORS)


_PLAIN = selectors().flatmap(shifted)
_VECTORS = st.one_of(
    _PLAIN,
    _PLAIN,
    calls(),
    aggregations(),
    pairs(),
    scaled(),
    vectors().map(lambda pieces: [*same("("), *pieces, *same(")")]),
    selectors().map(lambda pieces: [*same("-"), *pieces]),
    vectors().map(lambda pieces: [*same("vector", "(", "scalar", "("), *pieces, *same(")", ")")]),
)


@st.composite
def _spaced(draw: Draw) -> Written:
    pieces = draw(vectors())
    without = confined = ""
    for piece in pieces:
        gap = draw(st.sampled_from(GAPS))
        if not gap and _GLUED.fullmatch(without[-1:] + piece.without[:1]):
            gap = " "
        without, confined = without + gap + piece.without, confined + gap + piece.confined
    return Written(without, confined)


EXPRESSIONS = _spaced()
