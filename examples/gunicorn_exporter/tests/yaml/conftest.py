"""What the tests of YAML files have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_suite import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter_suite.reading import Reader


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The real exporter, reading YAML files: a clean process for each."""
    with reading.reader(tmp_path_factory.mktemp("home")) as one:
        yield one
