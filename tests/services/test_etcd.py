"""Prefixes of one etcd."""

from __future__ import annotations

import pytest
from support.sharing import line, other_process

from metricrig import MetricrigError, Rig
from metricrig.services import Etcd


def test_twenty_namespaces_are_empty_and_leave_nothing(rig: Rig) -> None:
    etcd = rig.add(Etcd())
    rig.start()
    prefixes = set()
    for _ in range(20):
        with etcd.isolated() as namespace:
            assert namespace.keys() == []
            namespace.put("colour", "grün")
            namespace.put("empty", "")
            namespace.put("a/b", "c")
            assert namespace.get("colour") == "grün"
            assert namespace.get("empty") == ""
            assert namespace.get("nothing") is None
            assert namespace.keys() == ["a/b", "colour", "empty"]
            namespace.delete("a/b")
            namespace.delete("a/b")
            assert namespace.keys() == ["colour", "empty"]
            prefixes.add(namespace.prefix)
    assert len(prefixes) == 20
    assert "kvs" not in etcd.ask("range", key="\0", range_end="\0")


def test_namespaces_do_not_see_each_other_whatever_process_they_are_of(rig: Rig) -> None:
    etcd = rig.add(Etcd())
    rig.start()
    with etcd.isolated() as one, etcd.isolated() as two:
        one.put("a", "1")
        assert two.get("a") is None
        code = "n = server.isolated()\nn.put('a', '2')\nsay(n.keys(), n.key('a'))\nserver.release()"
        with other_process(etcd, code) as other:
            assert line(other).startswith("['a'] /isolated/")
        assert one.keys() == ["a"]
        assert one.key("a") == f"{one.prefix}a"
        assert one.url == etcd.url
        assert one.inside.url == etcd.inside.url
        assert repr(one) == f"<EtcdNamespace {one.prefix} of etcd open {etcd.address()}>"


def test_a_server_that_is_gone_does_not_disturb_closing(rig: Rig) -> None:
    etcd = rig.add(Etcd())
    rig.start()
    namespace = etcd.isolated()
    namespace.put("a", "1")
    etcd.kill()
    with pytest.raises(MetricrigError, match="no connection"):
        namespace.get("a")
    namespace.close()
    namespace.close()


def test_a_refusal_is_told(rig: Rig) -> None:
    etcd = rig.add(Etcd())
    rig.start()
    with pytest.raises(MetricrigError, match=r"v3/kv/put answered 400: .*key is not provided"):
        etcd.ask("put", key="", value="a")
