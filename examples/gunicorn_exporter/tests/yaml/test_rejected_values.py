"""What is rejected when the exporter starts with what it has read, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from exporter_suite.documents import least, put, without

from metricrig.services import Redis

if TYPE_CHECKING:
    from pathlib import Path

    from exporter_suite import InRedis
    from exporter_suite.configuration import Document
    from exporter_suite.reading import Reader

    from metricrig import Rig

SEE_LOG = "ValueError: Configuration validation failed: Base exporter configuration invalid (see logs)"
PORT, WORKERS, TIMEOUT = "prometheus.metrics_port", "gunicorn.workers", "gunicorn.timeout"
VALUES: dict[str, tuple[str, Any, str]] = {
    "port 80": (PORT, 80, "Port 80 is not in valid range (1024-65535)"),
    "port 1023": (PORT, 1023, "Port 1023 is not in valid range (1024-65535)"),
    "port 65536": (PORT, 65536, "Port 65536 is not in valid range (1024-65535)"),
    "port 0": (PORT, 0, "Port 0 is not in valid range (1024-65535)"),
    "port -1": (PORT, -1, "Port -1 is not in valid range (1024-65535)"),
    "port in words": (PORT, "http", "invalid literal for int() with base 10: 'http'"),
    "port with a fraction": (PORT, 9091.5, "invalid literal for int() with base 10: '9091.5'"),
    "port list": (PORT, [9091], "invalid literal for int() with base 10: '[9091]'"),
    "workers 0": (WORKERS, 0, "Worker count 0 must be at least 1"),
    "workers -1": (WORKERS, -1, "Worker count -1 must be at least 1"),
    "workers in words": (WORKERS, "two", "invalid literal for int() with base 10: 'two'"),
    "timeout 0": (TIMEOUT, 0, "Timeout 0 must be at least 1 second"),
    "timeout -5": (TIMEOUT, -5, "Timeout -5 must be at least 1 second"),
    "timeout in words": (TIMEOUT, "30s", "invalid literal for int() with base 10: '30s'"),
}
MISSING: dict[str, tuple[Document, str]] = {
    "port null": (put(least(), PORT, None), "PROMETHEUS_METRICS_PORT (Port for metrics server)"),
    "address null": (
        put(least(), "prometheus.bind_address", None),
        "PROMETHEUS_BIND_ADDRESS (Bind address for metrics server)",
    ),
    "address empty": (
        put(least(), "prometheus.bind_address", ""),
        "PROMETHEUS_BIND_ADDRESS (Bind address for metrics server)",
    ),
    "workers null": (put(least(), WORKERS, None), "GUNICORN_WORKERS (Number of Gunicorn workers)"),
    "no workers": (without(least(), WORKERS), "GUNICORN_WORKERS (Number of Gunicorn workers)"),
}
BOUNDS = {"port 1024": (PORT, 1024), "port 65535": (PORT, 65535), "workers 1": (WORKERS, 1), "timeout 1": (TIMEOUT, 1)}
OUT_OF_BOUNDS = {"port 80": (PORT, 80), "workers 0": (WORKERS, 0), "timeout 0": (TIMEOUT, 0)}
NO_CERTIFICATE: dict[str, tuple[dict[str, str], str]] = {
    "no key": ({"certfile": "{here}"}, "SSL key file required when certificate is provided"),
    "no certificate": ({"keyfile": "{here}"}, "SSL certificate file required when key is provided"),
    "certificate not there": (
        {"certfile": "{here}/none.pem", "keyfile": "{here}"},
        "SSL certificate file not found: {here}/none.pem",
    ),
    "key not there": (
        {"certfile": "{here}", "keyfile": "{here}/none.pem"},
        "SSL key file not found: {here}/none.pem",
    ),
}
# Where nobody listens, it tries again for 8 s: "a..b" is a name that is not even looked up.
NO_REDIS: dict[str, tuple[dict[str, Any], str]] = {
    "no such host": ({"host": "a..b"}, "Configuration validation failed: Cannot connect to Redis: "),
    "port 0": ({"host": "a..b", "port": 0}, "Configuration validation failed: REDIS_PORT must be set when Redis is "),
    "port in words": ({"port": "redis"}, "invalid literal for int() with base 10: 'redis'"),
}


@pytest.mark.parametrize(("path", "value", "message"), VALUES.values(), ids=VALUES.keys())
def test_a_value_has_to_be_right(reader: Reader, path: str, value: Any, message: str) -> None:
    understood = reader.start(put(least(), path, value))
    assert understood.error == SEE_LOG
    assert f"Configuration validation failed: {message}\n" in understood.log


@pytest.mark.parametrize(("document", "message"), MISSING.values(), ids=MISSING.keys())
def test_what_has_no_default_has_to_be_given(reader: Reader, document: Document, message: str) -> None:
    understood = reader.start(document)
    assert understood.error == SEE_LOG
    told = [line.partition("   - ")[2] for line in understood.log.splitlines() if "   - " in line]
    assert told == [message]


@pytest.mark.parametrize(("path", "value"), BOUNDS.values(), ids=BOUNDS.keys())
def test_the_bounds_themselves_are_right(reader: Reader, path: str, value: Any) -> None:
    assert reader.start(put(least(), path, value)).error is None


@pytest.mark.parametrize(("files", "message"), NO_CERTIFICATE.values(), ids=NO_CERTIFICATE.keys())
def test_a_certificate_and_its_key_have_to_be_there(
    reader: Reader, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    section = {name: path.format(here=tmp_path) for name, path in files.items()}
    understood = reader.start(put(least(), "prometheus.ssl", {"enabled": True, **section}))
    assert understood.error == f"ValueError: Configuration validation failed: {message.format(here=tmp_path)}"


def test_the_environment_mends_what_the_file_has_wrong(reader: Reader) -> None:
    understood = reader.start(put(least(), PORT, 80), {"PROMETHEUS_METRICS_PORT": "9092"})
    assert understood.error is None
    assert understood.values["prometheus_metrics_port"] == 9092


@pytest.mark.parametrize(("section", "message"), NO_REDIS.values(), ids=NO_REDIS.keys())
def test_redis_has_to_be_told_where_it_is(reader: Reader, section: dict[str, Any], message: str) -> None:
    error = reader.start(put(least(), "redis", {"enabled": True, **section})).error
    assert error is not None
    assert error.startswith(f"ValueError: {message}")


@pytest.mark.thorough  # it tries to connect all the same, for 4 s
def test_the_host_of_redis_has_to_be_told(reader: Reader) -> None:
    error = reader.start(put(least(), "redis", {"enabled": True, "host": ""})).error
    assert error is not None
    assert error.startswith(
        "ValueError: Configuration validation failed: REDIS_HOST must be set when Redis is enabled, "
    )


@pytest.mark.thorough  # it tries again for 4 s here too
def test_the_password_of_redis_has_to_be_right(reader: Reader, rig: Rig) -> None:
    redis = rig.add(Redis(password=True))
    rig.start()
    own = {"enabled": True, "host": redis.host, "port": redis.port, "password": urlsplit(redis.url).password}
    assert reader.start(put(least(), "redis", own)).error is None
    error = reader.start(put(least(), "redis", {**own, "password": "wrong"})).error
    assert error is not None
    assert error.startswith("ValueError: Configuration validation failed: Cannot connect to Redis: ")


def test_a_redis_that_is_there_is_accepted(reader: Reader, store: InRedis) -> None:
    assert reader.start(in_redis(store)).error is None


@pytest.mark.xfail(
    raises=AssertionError, reason="With Redis, neither the port nor the workers nor the timeout are looked at."
)
@pytest.mark.parametrize(
    ("path", "value"), [(PORT, 80), (WORKERS, 0), (TIMEOUT, 0)], ids=["port", "workers", "timeout"]
)
def test_a_value_has_to_be_right_with_redis_too(reader: Reader, store: InRedis, path: str, value: Any) -> None:
    assert reader.start(put(in_redis(store), path, value)).error == SEE_LOG


@pytest.mark.xfail(
    raises=AssertionError,
    reason="The database is not looked at: one that Redis does not have is noticed when metrics are lost.",
)
def test_the_database_has_to_be_there(reader: Reader, store: InRedis) -> None:
    assert reader.start(put(in_redis(store), "redis.db", 1_000_000)).error is not None


def in_redis(store: InRedis) -> Document:
    """A document that is right, with this Redis."""
    own = {"enabled": True, "host": store.host, "port": store.port, "db": store.db, "password": store.password}
    return put(least(), "redis", own)
