"""GraphiQL from files that are installed here: it works without the internet, and nobody else learns who uses it."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from starlette.staticfiles import StaticFiles

PACKAGE = "graphene_django_graphiql_static"
"""It has nothing to do with Django but its templates; it is the package that ships GraphiQL 2 as plain files."""


def files() -> StaticFiles:
    """The scripts and styles."""
    return StaticFiles(directory=str(resources(PACKAGE) / "static" / PACKAGE))


def page() -> str:
    """The page that loads them."""
    return (Path(__file__).parent / "graphiql.html").read_text()
