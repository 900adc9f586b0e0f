"""A shop to be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.shop_client import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A fresh one."""
    with open_shop() as shop:
        yield shop
