"""What the API refuses, or cannot do: each with the code that a client reads."""

from __future__ import annotations

from typing import Any, ClassVar

from graphql import GraphQLError


class Refused(GraphQLError):
    """The base of what a client is told; anything else is masked."""

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        extensions: dict[str, Any] = {"code": self.code}
        super().__init__(message, extensions=extensions)


class Unauthenticated(Refused):
    """The request carries no token that belongs to an organization."""

    code = "UNAUTHENTICATED"


class NotFound(Refused):
    """There is no such thing, or it is somebody else's: which of the two is not told."""

    code = "NOT_FOUND"


class BadInput(Refused):
    """The arguments make no sense."""

    code = "BAD_INPUT"


class StoreUnavailable(Refused):
    """The metrics' store does not answer, or not with an answer. The query is in our log, not in the client's hands."""

    code = "STORE_UNAVAILABLE"
