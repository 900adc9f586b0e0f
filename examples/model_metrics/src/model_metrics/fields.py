"""Fields of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry


def field(description: str) -> Callable[[Callable[..., Any]], Any]:
    """A resolver as a field; ``strawberry.field`` with a description alone is a decorator without types."""

    def described(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(resolver, description=description)

    return described
