"""YAML documents of the exporter, and changes to them by dotted paths below ``exporter``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporter_suite.configuration import Document


def least() -> Document:
    """The least that is accepted."""
    return {
        "exporter": {
            "prometheus": {"metrics_port": 9091, "bind_address": "127.0.0.1"},
            "gunicorn": {"workers": 2},
        }
    }


def put(document: Document, path: str, value: Any) -> Document:
    """A copy with a value at a path, whose sections are made if need be."""
    changed = copy.deepcopy(document)
    *sections, key = path.split(".")
    place = changed["exporter"]
    for section in sections:
        place = place.setdefault(section, {})
    place[key] = value
    return changed


def without(document: Document, path: str) -> Document:
    """A copy that says nothing at a path."""
    changed = copy.deepcopy(document)
    *sections, key = path.split(".")
    place = changed["exporter"]
    for section in sections:
        place = place[section]
    del place[key]
    return changed
