"""What a YAML file says, and the documentation promises, and the exporter takes otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_suite.documents import least, put

if TYPE_CHECKING:
    from exporter_suite import InRedis
    from exporter_suite.reading import Reader

COMPLETE = {"PROMETHEUS_METRICS_PORT": "9091", "PROMETHEUS_BIND_ADDRESS": "127.0.0.1", "GUNICORN_WORKERS": "2"}
CERTIFICATE = {"enabled": True, "certfile": "/c", "keyfile": "/k"}


@pytest.mark.xfail(
    raises=AssertionError,
    reason="Importing the exporter sets the variable of the directory, and that wins over the YAML file.",
)
def test_the_directory_of_files_arrives(reader: Reader) -> None:
    document = put(least(), "prometheus.multiproc_dir", str(reader.home / "here"))
    assert reader.load(document).values["prometheus_multiproc_dir"] == str(reader.home / "here")


def test_the_directory_of_files_comes_from_the_environment(reader: Reader) -> None:
    document = put(least(), "prometheus.multiproc_dir", str(reader.home / "here"))
    there = str(reader.home / "there")
    values = reader.load(document, {"PROMETHEUS_MULTIPROC_DIR": there}).values
    assert values["prometheus_multiproc_dir"] == there


@pytest.mark.xfail(
    raises=AssertionError,
    reason="TLS is documented as exporter.ssl, which nobody reads: the page is served in the clear.",
)
def test_tls_is_switched_on_where_it_is_documented(reader: Reader) -> None:
    assert reader.load(put(least(), "ssl", CERTIFICATE)).values["prometheus_ssl_enabled"]


def test_tls_is_switched_on_below_prometheus(reader: Reader) -> None:
    assert reader.load(put(least(), "prometheus.ssl", CERTIFICATE)).values["prometheus_ssl_enabled"]


@pytest.mark.xfail(raises=AssertionError, reason="PROMETHEUS_SSL_ENABLED is documented, and nobody reads it.")
def test_the_environment_switches_tls_off(reader: Reader) -> None:
    understood = reader.load(put(least(), "prometheus.ssl", CERTIFICATE), {"PROMETHEUS_SSL_ENABLED": "false"})
    assert not understood.values["prometheus_ssl_enabled"]


@pytest.mark.xfail(
    raises=AssertionError,
    reason="Where the environment switches Redis on, the rest of the file's section is dropped.",
)
def test_the_environment_switches_redis_on(reader: Reader, store: InRedis) -> None:
    document = put(least(), "redis", {"enabled": False, "db": 7, "key_prefix": "shop"})
    values = reader.load(document, enabled(store, "true")).values
    assert values["redis_enabled"]
    assert (values["redis_db"], values["redis_key_prefix"]) == (7, "shop")


@pytest.mark.xfail(raises=AssertionError, reason='Any text that is not empty enables a section, "false" too.')
@pytest.mark.parametrize("section", ["redis", "prometheus.ssl"])
def test_a_quoted_false_is_false(reader: Reader, section: str) -> None:
    document = put(least(), section, {"enabled": "false", "host": "there", "certfile": "/c", "keyfile": "/k"})
    values = reader.load(document).values
    assert not values["redis_enabled"]
    assert not values["prometheus_ssl_enabled"]


@pytest.mark.xfail(
    raises=AssertionError,
    reason="REDIS_ENABLED=on enables Redis, and the checks that are for files are made all the same.",
)
def test_on_is_on_everywhere(reader: Reader, store: InRedis) -> None:
    with_true, with_on = (reader.load(least(), enabled(store, word)).values for word in ("true", "on"))
    assert with_true["redis_enabled"] is with_on["redis_enabled"] is True
    assert with_true["prometheus_multiproc_dir"] == with_on["prometheus_multiproc_dir"]


@pytest.mark.xfail(
    raises=AssertionError,
    reason="An import with a complete environment initializes, and then no file can be given any more.",
)
def test_a_file_may_be_given_beside_a_complete_environment(reader: Reader) -> None:
    understood = reader.initialize(put(least(), "gunicorn.keepalive", 7), COMPLETE)
    assert understood.error is None


@pytest.mark.xfail(
    raises=AssertionError,
    reason="At its import, before a file can be read, the exporter logs what is missing as errors.",
)
def test_a_good_file_is_no_error_in_the_log(reader: Reader) -> None:
    understood = reader.start(least())
    assert understood.error is None
    assert "ERROR" not in understood.log
    assert "ERROR" not in understood.importing


def enabled(store: InRedis, word: str) -> dict[str, str]:
    """An environment that enables Redis; the exporter connects to it while it is imported."""
    password = {"REDIS_PASSWORD": store.password} if store.password else {}
    return {"REDIS_ENABLED": word, "REDIS_HOST": store.host, "REDIS_PORT": str(store.port), **password}
