"""What every container, network and volume of a rig says about whose it is."""

from __future__ import annotations

import os

from metricrig._core.processes import ProcessId, boot_id, pid_namespace

RIG = "metricrig.rig"
_OWNER, _BOOT, _NAMESPACE, _SERVICE = (f"metricrig.{word}" for word in ("owner", "boot", "namespace", "service"))


def labels(rig: str, service: str = "") -> dict[str, str]:
    """Of something that this process makes for a rig."""
    owner = ProcessId.of(os.getpid())
    words = {
        RIG: rig,
        _OWNER: f"{owner.pid}:{owner.start}" if owner else "",
        _BOOT: boot_id(),
        _NAMESPACE: pid_namespace(),
    }
    return {**words, _SERVICE: service} if service else words


def forsaken(found: dict[str, str]) -> bool:
    """Whether it was made on this boot of this machine, among these pids, by a process that is dead."""
    if found.get(_BOOT) != boot_id() or found.get(_NAMESPACE) != pid_namespace():
        return False
    pid, _, start = found.get(_OWNER, "").partition(":")
    return pid.isdigit() and start.isdigit() and not ProcessId(int(pid), int(start)).alive
