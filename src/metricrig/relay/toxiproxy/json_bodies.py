"""JSON bodies, read as Go reads them into a struct: what clients send is what they got used to with Toxiproxy.

Names of fields are compared without regard to case, unknown ones are ignored, ``null`` leaves a field as it was, a
number with a fraction is no integer, and what follows the first value is not looked at.
"""

from __future__ import annotations

import json
import struct
from math import inf
from typing import TYPE_CHECKING, Any

from metricrig._core.frozen_class import frozen
from metricrig.relay.toxiproxy.api_errors import bad_request_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INT64 = range(-(2**63), 2**63)
_SHORT_INTEGER = 1e21
"""From here on Go writes an exponent."""
_SPACE = " \t\r\n"


@frozen
class Kind:
    """What a field holds: Go's name for it, and whether a value is one."""

    name: str
    holds: Callable[[object], bool]
    numeric: bool = False


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value not in (inf, -inf)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT64


STRING = Kind("string", lambda value: isinstance(value, str))
BOOLEAN = Kind("bool", lambda value: isinstance(value, bool))
INTEGER = Kind(
    "int64", lambda value: isinstance(value, int) and not isinstance(value, bool) and value in _INT64, numeric=True
)
FRACTION = Kind("float32", _number, numeric=True)
OBJECT = Kind("toxics.NoopToxic", lambda value: isinstance(value, dict))

Fields = tuple[tuple[str, Kind], ...]


def first_value(body: bytes) -> object:
    """The first JSON value of a body."""
    text = body.decode("utf-8", "replace").lstrip(_SPACE)
    if not text:
        raise bad_request_body("EOF")
    try:
        value, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise bad_request_body(_complaint(text, error)) from None
    except (ValueError, RecursionError) as error:  # a number of ten thousand digits; ten thousand brackets
        raise bad_request_body(str(error)) from None
    return value


def fields_of(value: object, path: str, fields: Fields) -> dict[str, Any]:
    """The fields that an object has of these, each with a value of its kind. ``path`` is Go's way to them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request_body(unfit(value, "value", f"toxiproxy.{path.strip('.')}"))
    kinds: Mapping[str, tuple[str, Kind]] = {name.lower(): (name, kind) for name, kind in fields}
    found = {}
    for given, content in value.items():
        name, kind = kinds.get(given.lower(), ("", None))
        if kind is None or content is None:
            continue
        if not kind.holds(content):
            raise bad_request_body(unfit(content, f"struct field {path}{name}", kind.name, numeric=kind.numeric))
        found[name] = content
    return found


def single_precision(value: float) -> float:
    """A number as it comes back from 32 bits, in as few digits as tell it: 0.2 stays 0.2, and 1.0 is 1."""
    try:
        (kept,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        raise bad_request_body(unfit(value, "value", FRACTION.name, numeric=True)) from None
    for digits in range(1, 10):
        short = float(f"{kept:.{digits}g}")
        if struct.pack("<f", short) == struct.pack("<f", kept):
            return int(short) if short.is_integer() and abs(short) < _SHORT_INTEGER else short
    return float(kept)


def _no_number(name: str) -> object:
    raise bad_request_body(f"invalid character {name[0]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text.rstrip(_SPACE)) or error.msg.startswith("Unterminated"):
        return "unexpected EOF"
    place = next((go for python, go in _PLACES.items() if error.msg.startswith(python)), "")
    return f"invalid character {text[error.pos]!r}{place}"


_PLACES = {
    "Expecting value": " looking for beginning of value",
    "Expecting property name": " looking for beginning of object key string",
    "Expecting ':'": " after object key",
}
"""What Python says of a place, and what Go does."""


def unfit(value: object, where: str, kind: str, *, numeric: bool = False) -> str:
    """That a value is not what is to be there, in Go's words: which number it is, where another one would do."""
    number = f"number {json.dumps(value)}" if numeric else "number"
    said = number if isinstance(value, int | float) and not isinstance(value, bool) else _NAMES[type(value)]
    return f"json: cannot unmarshal {said} into Go {where} of type {kind}"


_NAMES: Mapping[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
