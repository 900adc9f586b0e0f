from __future__ import annotations

import os
import socket

import pytest

from metricrig._core import listening_sockets


@pytest.fixture(params=["netlink", "table"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to ask; the second is for systems that refuse the first."""
    if request.param == "table":

        def refused(_: int) -> None:
            raise PermissionError

        monkeypatch.setattr(listening_sockets, "_diagnosed", refused)
    return str(request.param)


def inode(server: socket.socket) -> int:
    return os.fstat(server.fileno()).st_ino


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")]
)
def test_a_listener_is_found_by_its_port(asked: str, family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as server, socket.socket() as holder:
        port, number = server.getsockname()[1], inode(server)
        if family == socket.AF_INET6:
            holder.bind(("127.0.0.1", port))  # that of IPv4, which others may listen on, comes first
        assert listening_sockets.inodes([port]) == {number: port}
    assert number not in listening_sockets.inodes([port])  # somebody else may have the port by now


def test_a_socket_of_both_families_is_found(asked: str) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        assert listening_sockets.inodes([port]) == {inode(server): port}


def test_who_only_binds_or_connects_is_no_listener(asked: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with socket.create_connection(server.getsockname()) as client:
            assert listening_sockets.inodes([bound.getsockname()[1], client.getsockname()[1]]) == {}


def test_several_ports_are_told_apart(asked: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = [each.getsockname()[1] for each in (one, two)]
        assert listening_sockets.inodes(ports) == {inode(one): ports[0], inode(two): ports[1]}
