"""Bodies as Go reads them: what Toxiproxy itself makes of most of these is in test_proxies and test_toxics."""

from __future__ import annotations

import pytest

from metricrig.relay.toxiproxy.api_errors import ApiError
from metricrig.relay.toxiproxy.json_bodies import (
    BOOLEAN,
    FRACTION,
    INTEGER,
    STRING,
    fields_of,
    first_value,
    single_precision,
)

FIELDS = (("name", STRING), ("enabled", BOOLEAN), ("rate", INTEGER), ("share", FRACTION))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"name": "a", "enabled": false}', {"name": "a", "enabled": False}),
        (b' \n\t{"NAME": "a"} trailing', {"name": "a"}),
        (b'{"name": null, "rate": 0}', {"rate": 0}),
        (b'{"share": 1, "rate": -9223372036854775808}', {"share": 1, "rate": -(2**63)}),
        (b'{"other": [{}]}', {}),
        (b"null", {}),
        (b'{"name": "\xff"}', {"name": "\N{REPLACEMENT CHARACTER}"}),
    ],
)
def test_fields_are_found(body: bytes, found: dict[str, object]) -> None:
    assert fields_of(first_value(body), "Proxy.", FIELDS) == found


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "EOF"),
        (b"  ", "EOF"),
        (b'{"name"', "unexpected EOF"),
        (b'{"name": "a', "unexpected EOF"),
        (b"[1,", "unexpected EOF"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b'{"name": 1}', "json: cannot unmarshal number into Go struct field Proxy.name of type string"),
        (b'{"enabled": "x"}', "json: cannot unmarshal string into Go struct field Proxy.enabled of type bool"),
        (b'{"rate": 1.5}', "json: cannot unmarshal number 1.5 into Go struct field Proxy.rate of type int64"),
        (b'{"rate": true}', "json: cannot unmarshal bool into Go struct field Proxy.rate of type int64"),
        (b'{"share": {}}', "json: cannot unmarshal object into Go struct field Proxy.share of type float32"),
        (b"[]", "json: cannot unmarshal array into Go value of type toxiproxy.Proxy"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"{1: 2}", "invalid character '1' looking for beginning of object key string"),
        (b'{"a" 2}', "invalid character '2' after object key"),
    ],
)
def test_what_is_wrong_is_said(body: bytes, why: str) -> None:
    with pytest.raises(ApiError) as raised:
        fields_of(first_value(body), "Proxy.", FIELDS)
    assert (raised.value.status, raised.value.message) == (400, f"bad request body: {why}")


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 100_000, b'{"a":' * 100_000])
def test_what_is_monstrous_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="bad request body"):
        fields_of(first_value(body), "Proxy.", FIELDS)


@pytest.mark.parametrize(
    ("number", "kept"), [(1.0, "1"), (0, "0"), (0.2, "0.2"), (0.1 + 0.2, "0.3"), (1 / 3, "0.33333334")]
)
def test_a_number_of_32_bits_is_told_in_few_digits(number: float, kept: str) -> None:
    assert str(single_precision(number)) == kept


def test_a_number_beyond_32_bits_is_refused() -> None:
    with pytest.raises(ApiError, match="float32"):
        single_precision(1e300)
