"""Who may see what: organizations, their tokens, and the model versions that are theirs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model_metrics.errors import NotFound, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Org:
    """An organization, and what it has deployed."""

    name: str
    model_versions: frozenset[str]

    def model_version(self, wanted: str) -> str:
        """Its own model version; one of somebody else is as unknown as one that nobody has."""
        if wanted not in self.model_versions:
            raise NotFound(f"model_version_id: you have no model version {wanted!r}")
        return wanted

    def itself(self, wanted: str) -> str:
        """Its own name; another's is as unknown as one that nobody has."""
        if wanted != self.name:
            raise NotFound(f"org: there is no organization {wanted!r} that you may see")
        return wanted


@dataclass(frozen=True)
class Directory:
    """Tokens are kept as digests: whoever reads the file cannot use them, and a lookup tells nothing by its time."""

    by_digest: Mapping[str, Org] = field(repr=False)

    @classmethod
    def of(cls, orgs: Mapping[str, tuple[str, frozenset[str]]]) -> Directory:
        """From each organization's token and model versions."""
        return cls({digest(token): Org(name, models) for name, (token, models) in orgs.items()})

    @classmethod
    def read(cls, path: Path) -> Directory:
        """``{"acme": {"token_sha256": "...", "model_versions": ["m1"]}}``."""
        orgs = json.loads(path.read_text())
        return cls({each["token_sha256"]: Org(name, frozenset(each["model_versions"])) for name, each in orgs.items()})

    def org(self, authorization: str | None) -> Org:
        """Whose request it is, by its ``Authorization: Bearer <token>``."""
        scheme, _, token = (authorization or "").partition(" ")
        org = self.by_digest.get(digest(token)) if scheme.lower() == "bearer" else None
        if org is None:
            raise Unauthenticated("send the token of your organization: Authorization: Bearer <token>")
        return org


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
