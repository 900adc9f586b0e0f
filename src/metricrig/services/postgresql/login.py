"""A login: who comes to a PostgreSQL and to which of its databases, as its URL says."""

from __future__ import annotations

from typing import NamedTuple

USER = "postgres"


class Login(NamedTuple):
    """A user, and the database that it comes to first."""

    user: str
    database: str


def login(url: str) -> Login:
    """The same as libpq understands it, but that the user does not depend on who runs the tests."""
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - a server that is only run needs none of it

    known = urlsplit(url)
    user = unquote(known.username or "") or USER
    return Login(user, unquote(known.path.lstrip("/")) or user)
