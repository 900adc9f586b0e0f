"""What is rejected while a YAML file is read, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exporter_suite.documents import least, put, without

if TYPE_CHECKING:
    from exporter_suite.configuration import Document
    from exporter_suite.reading import Reader

NO_ROOT = "ValueError: Configuration file must contain a dictionary at the root level"
NO_YAML = "YAMLError: Invalid YAML in configuration file: "

ROOTS = {
    "empty": "",
    "comments": "# nothing\n",
    "null": "null",
    "list": "- exporter",
    "text": "exporter",
    "number": "42",
}
SYNTAX = {
    "unclosed": "exporter: {prometheus: ",
    "a tab": "exporter:\n\tprometheus: 1",
    "two colons": "exporter: a: b",
    "a control character": "exporter: \x01",
    "two documents": "exporter: {}\n---\nexporter: {}",
    "a Python object": "exporter: !!python/object/apply:os.getcwd []",
}
STRUCTURE: dict[str, tuple[Document, str]] = {
    "no exporter": ({"other": {}}, "Configuration must contain 'exporter' section"),
    "exporter null": ({"exporter": None}, "'exporter' section must be a dictionary"),
    "exporter list": ({"exporter": []}, "'exporter' section must be a dictionary"),
    "no prometheus": (without(least(), "prometheus"), "Missing required section: exporter.prometheus"),
    "no gunicorn": (without(least(), "gunicorn"), "Missing required section: exporter.gunicorn"),
    "no metrics_port": (
        without(least(), "prometheus.metrics_port"),
        "Missing required field: exporter.prometheus.metrics_port",
    ),
    "no bind_address": (
        without(least(), "prometheus.bind_address"),
        "Missing required field: exporter.prometheus.bind_address",
    ),
}
SECTIONS = ("prometheus", "gunicorn", "redis", "prometheus.ssl")
NO_SECTION = {"null": None, "list": ["a"], "text": "a", "number": 1, "true": True}


@pytest.mark.parametrize("text", ROOTS.values(), ids=ROOTS.keys())
def test_the_root_has_to_be_a_mapping(reader: Reader, text: str) -> None:
    assert reader.load(text).error == NO_ROOT


@pytest.mark.parametrize("text", SYNTAX.values(), ids=SYNTAX.keys())
def test_the_syntax_has_to_be_right(reader: Reader, text: str) -> None:
    error = reader.load(text).error
    assert error is not None
    assert error.startswith(NO_YAML)
    assert len(error) > len(NO_YAML)


@pytest.mark.parametrize(("document", "message"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_what_is_required_has_to_be_there(reader: Reader, document: Document, message: str) -> None:
    assert reader.load(document).error == f"ValueError: {message}"


@pytest.mark.parametrize("value", NO_SECTION.values(), ids=NO_SECTION.keys())
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_to_be_a_mapping(reader: Reader, section: str, value: Any) -> None:
    understood = reader.load(put(least(), section, value))
    assert understood.error == f"ValueError: 'exporter.{section}' must be a dictionary"
    assert understood.environ.keys() == {"HOME", "PROMETHEUS_MULTIPROC_DIR"}


def test_the_file_has_to_exist(reader: Reader) -> None:
    missing = reader.home / "missing.yml"
    assert reader.load(missing).error == f"FileNotFoundError: Configuration file not found: {missing}"


def test_the_file_has_to_be_a_file(reader: Reader) -> None:
    assert reader.load(reader.home).error == f"ValueError: Path is not a file: {reader.home}"


def test_the_file_has_to_be_in_utf_8(reader: Reader) -> None:
    error = reader.load("exporter: täglich".encode("latin-1")).error
    assert error is not None
    assert error.startswith("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe4")


@pytest.mark.xfail(
    raises=AssertionError,
    reason="The section cleanup is not looked at: a list or text passes, anything else is Python's own TypeError.",
)
@pytest.mark.parametrize("value", NO_SECTION.values(), ids=NO_SECTION.keys())
def test_cleanup_has_to_be_a_mapping(reader: Reader, value: Any) -> None:
    assert reader.load(put(least(), "cleanup", value)).error == "ValueError: 'exporter.cleanup' must be a dictionary"
