"""A Flask application: what goes wrong in it is answered by Flask, and escapes to nobody."""

from __future__ import annotations

import flask

app = flask.Flask(__name__)


@app.get("/")
def root() -> str:
    """All is well."""
    return "well"


@app.get("/broken")
def broken() -> str:
    """Something is wrong in the application."""
    raise RuntimeError("on purpose")
