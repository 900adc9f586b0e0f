"""Every key of a YAML file arrives at its setting, gives way to its variable, and has a default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from exporter_suite.documents import least, put, without

if TYPE_CHECKING:
    from exporter_suite.configuration import Document
    from exporter_suite.reading import Reader, Understood


class Key(NamedTuple):
    """A key with a value, and another value in the environment."""

    path: str
    value: Any
    text: str
    """What the variable of the same name says."""
    meant: Any
    """The value that this is."""

    @property
    def setting(self) -> str:
        """The exporter's name for it."""
        return self.path.replace(".", "_")

    @property
    def variable(self) -> str:
        """The name in the environment."""
        return self.setting.upper()


KEYS = (
    Key("prometheus.metrics_port", value=9191, text="9292", meant=9292),
    Key("prometheus.bind_address", value="127.0.0.2", text="::1", meant="::1"),
    Key("prometheus.ssl.certfile", value="/c", text="/d", meant="/d"),
    Key("prometheus.ssl.keyfile", value="/k", text="/l", meant="/l"),
    Key("prometheus.ssl.client_cafile", value="/a", text="/b", meant="/b"),
    Key("prometheus.ssl.client_capath", value="/p", text="/q", meant="/q"),
    Key("prometheus.ssl.client_auth_required", value=True, text="no", meant=False),
    Key("gunicorn.workers", value=3, text="5", meant=5),
    Key("gunicorn.timeout", value=31, text="32", meant=32),
    Key("gunicorn.keepalive", value=7, text="8", meant=8),
    Key("redis.enabled", value=True, text="false", meant=False),
    Key("redis.host", value="there", text="elsewhere", meant="elsewhere"),
    Key("redis.port", value=6380, text="6381", meant=6381),
    Key("redis.db", value=4, text="5", meant=5),
    Key("redis.password", value="secret", text="other", meant="other"),
    Key("redis.key_prefix", value="shop", text="bank", meant="bank"),
    Key("redis.ttl_seconds", value=60, text="61", meant=61),
    Key("redis.ttl_disabled", value=True, text="false", meant=False),
    Key("cleanup.db_files", value=False, text="true", meant=True),
)
LEAST = {"prometheus_metrics_port": 9091, "prometheus_bind_address": "127.0.0.1", "gunicorn_workers": 2}
DEFAULTS = {
    "prometheus_ssl_enabled": False,
    "prometheus_ssl_certfile": None,
    "prometheus_ssl_keyfile": None,
    "prometheus_ssl_client_cafile": None,
    "prometheus_ssl_client_capath": None,
    "prometheus_ssl_client_auth_required": False,
    "gunicorn_timeout": 30,
    "gunicorn_keepalive": 2,
    "redis_enabled": False,
    "redis_host": "127.0.0.1",
    "redis_port": 6379,
    "redis_db": 0,
    "redis_password": None,
    "redis_key_prefix": "gunicorn",
    "redis_ttl_seconds": 300,
    "redis_ttl_disabled": False,
    "cleanup_db_files": True,
}
SWITCHED = ("redis", "prometheus.ssl")
"""The sections that count only if they are enabled."""
each_key = pytest.mark.parametrize("key", KEYS, ids=[key.path for key in KEYS])


def say(path: str, value: Any) -> Document:
    """The least document that says this."""
    section = path.rpartition(".")[0]
    document = put(least(), f"{section}.enabled", value=True) if section in SWITCHED else least()
    return put(document, path, value)


def everything() -> Document:
    """A document that says all of it."""
    document = put(least(), "prometheus.ssl.enabled", value=True)
    for key in KEYS:
        document = put(document, key.path, key.value)
    return document


def settings(understood: Understood) -> dict[str, Any]:
    """All but the directory, which is a story of its own."""
    return {name: value for name, value in understood.values.items() if name != "prometheus_multiproc_dir"}


def test_what_is_left_out_has_a_default(reader: Reader) -> None:
    assert settings(reader.load(least())) == LEAST | DEFAULTS


@each_key
def test_a_key_arrives_and_changes_nothing_else(reader: Reader, key: Key) -> None:
    switched = {"redis_enabled": True} if key.path.startswith("redis.") else {}
    assert settings(reader.load(say(key.path, key.value))) == LEAST | DEFAULTS | switched | {key.setting: key.value}


@pytest.mark.thorough  # an environment each; below, all of them together
@each_key
def test_the_environment_wins(reader: Reader, key: Key) -> None:
    understood = reader.load(say(key.path, key.value), {key.variable: key.text})
    assert understood.values[key.setting] == key.meant != key.value
    assert understood.environ[key.variable] == key.text


def test_all_keys_arrive_together(reader: Reader) -> None:
    values = reader.load(everything()).values
    assert {key.path: values[key.setting] for key in KEYS} == {key.path: key.value for key in KEYS}
    assert values["prometheus_ssl_enabled"]


def test_all_variables_win_together(reader: Reader) -> None:
    values = reader.load(everything(), {key.variable: key.text for key in KEYS}).values
    assert {key.path: values[key.setting] for key in KEYS} == {key.path: key.meant for key in KEYS}


def test_a_key_without_a_value_is_left_out(reader: Reader) -> None:
    document = everything()
    for key in KEYS:
        if key.setting in DEFAULTS and key.path != "redis.enabled":
            document = put(document, key.path, None)
    told = {key.setting: key.value for key in KEYS if key.setting in LEAST}
    assert settings(reader.load(document)) == DEFAULTS | told | {"redis_enabled": True}


@pytest.mark.parametrize("section", SWITCHED)
def test_a_section_that_is_not_enabled_says_nothing(reader: Reader, section: str) -> None:
    document = everything()
    for switch in (put(document, f"{section}.enabled", value=False), without(document, f"{section}.enabled")):
        values = reader.load(switch).values
        own = [key.setting for key in KEYS if key.path.startswith(f"{section}.")]
        assert {name: values[name] for name in own} == {name: DEFAULTS[name] for name in own}


def test_unknown_keys_pass(reader: Reader) -> None:
    known = reader.load(everything())
    document = everything()
    document["unknown"] = {"a": 1}
    for place in ("", "prometheus.", "prometheus.ssl.", "gunicorn.", "redis.", "cleanup."):
        document = put(document, f"{place}unknown", "anything")
    assert reader.load(document) == known


def test_numbers_may_be_quoted(reader: Reader) -> None:
    document = everything()
    for key in KEYS:
        if isinstance(key.value, int) and not isinstance(key.value, bool):
            document = put(document, key.path, str(key.value))
    assert reader.load(document).values == reader.load(everything()).values


def test_what_the_call_says_wins_over_both(reader: Reader) -> None:
    understood = reader.initialize(least(), {"GUNICORN_WORKERS": "3"}, GUNICORN_WORKERS="4")
    assert understood.values["gunicorn_workers"] == 4
    assert reader.initialize(least(), {"GUNICORN_WORKERS": "3"}).values["gunicorn_workers"] == 3
    assert reader.initialize(least()).values["gunicorn_workers"] == 2
