"""The identity of an instance: its name, addresses, ports, directory and secret, known before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricrig.lifecycle.instance_state import NEW

if TYPE_CHECKING:
    from pathlib import Path

    from metricrig.lifecycle.instance_state import InstanceState
    from metricrig.placement import Addresses, Ports
    from metricrig.service import Service


class InstanceAddresses:
    """The part of an ``Instance`` that says who and where it is."""

    def __init__(self, state: InstanceState) -> None:
        self._state = state

    @property
    def name(self) -> str:
        """Its name in the rig."""
        return self._state.name

    @property
    def rig(self) -> str:
        """The id of its rig."""
        return self._state.rig

    @property
    def service(self) -> Service:
        """What it is an instance of."""
        return self._state.service

    @property
    def outside(self) -> Addresses:
        """How the test reaches it."""
        self._state.addresses_read = self._state.addresses_read or self._state.phase == NEW
        return self._state.site.outside

    @property
    def inside(self) -> Addresses:
        """How other services of the rig reach it."""
        self._state.addresses_read = self._state.addresses_read or self._state.phase == NEW
        return self._state.site.inside

    @property
    def url(self) -> str:
        """Its URL, for the test."""
        return self.outside.url

    @property
    def host(self) -> str:
        """Its host, for the test."""
        return self._state.site.outside.host

    @property
    def port(self) -> int:
        """Its first (often only) port, for the test."""
        return self.outside.port

    @property
    def ports(self) -> Ports:
        """Its ports by name, for the test."""
        return self.outside.ports

    def address(self, port: str | None = None) -> str:
        """``host:port`` for the test, of the first port unless one is named."""
        return self.outside.address(port)

    @property
    def dir(self) -> Path:
        """Its own directory."""
        return self._state.directory

    @property
    def locks(self) -> Path:
        """Where processes that share it lock what each of them uses: beside its data, because that may be wiped."""
        found = self._state.site.locks
        found.mkdir(mode=0o700, exist_ok=True)
        return found

    @property
    def secret(self) -> str:
        """A password of its own, random in every rig."""
        return self._state.site.at.secret
