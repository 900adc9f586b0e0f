"""Where the exporter keeps its numbers: in files of the rig's directory, or in a Redis under a prefix of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metricrig import Placement

MULTIPROC = "multiproc"
"""The directory of the ``.db`` files, in the instance's own."""


class Storage(Protocol):
    """What a storage needs to be told to the exporter."""

    def environment(self, at: Placement) -> Mapping[str, str]:
        """In variables."""

    def sections(self, at: Placement) -> Mapping[str, Mapping[str, Any]]:
        """In sections of a YAML file, below ``exporter``."""


@dataclass(frozen=True, slots=True)
class Files:
    """Files for each process, which the master reads at a scrape."""

    def environment(self, at: Placement) -> Mapping[str, str]:
        """One directory."""
        return {"PROMETHEUS_MULTIPROC_DIR": f"{at.dir}/{MULTIPROC}"}

    def sections(self, at: Placement) -> Mapping[str, Mapping[str, Any]]:
        """The same directory."""
        return {"prometheus": {"multiproc_dir": f"{at.dir}/{MULTIPROC}"}, "redis": {"enabled": False}}


@dataclass(frozen=True, slots=True, kw_only=True)
class InRedis:
    """Keys ``prefix:type:pid:metric|meta:md5``, which the master reads at a scrape."""

    host: str
    port: int
    db: int
    prefix: str
    password: str | None = None
    ttl: int | None = 30
    """Seconds until a key that nobody writes is gone; None for never."""

    def environment(self, at: Placement) -> Mapping[str, str]:
        """Everything in upper case."""
        del at
        given = {
            "REDIS_ENABLED": "true",
            "REDIS_HOST": self.host,
            "REDIS_PORT": str(self.port),
            "REDIS_DB": str(self.db),
            "REDIS_KEY_PREFIX": self.prefix,
            **({"REDIS_PASSWORD": self.password} if self.password else {}),
        }
        lifetime = {"REDIS_TTL_DISABLED": "true"} if self.ttl is None else {"REDIS_TTL_SECONDS": str(self.ttl)}
        return given | lifetime

    def sections(self, at: Placement) -> Mapping[str, Mapping[str, Any]]:
        """Everything in lower case."""
        del at
        given = {
            "enabled": True,
            "host": self.host,
            "port": self.port,
            "db": self.db,
            "key_prefix": self.prefix,
            **({"password": self.password} if self.password else {}),
        }
        lifetime = {"ttl_disabled": True} if self.ttl is None else {"ttl_seconds": self.ttl}
        return {"redis": given | lifetime}
