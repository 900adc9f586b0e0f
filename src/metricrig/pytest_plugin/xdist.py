"""Support for pytest-xdist: which process this is, and what the controller does for the workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from metricrig._core.process_id import ProcessId
    from metricrig.pytest_plugin.session import Session
    from metricrig.pytest_plugin.worker_channel import WorkerInbox

KEY = "metricrig"
"""The key of our data in what xdist carries to the workers, and back."""


class WorkerPlace(NamedTuple):
    """Where in a test run this process sits. ``leader`` is the process that has started the workers."""

    run: str
    worker: str = ""
    leader: ProcessId | None = None
    inbox: str = ""
    """The address at which the leader receives news of fetches."""


def worker_place_of(config: pytest.Config) -> WorkerPlace:
    """Where in the test run this process is. A worker on another machine, or among other pids, is on its own."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given is None:
        return WorkerPlace(os.urandom(8).hex())
    from metricrig._core.process_id import ProcessId, boot_id, pid_namespace  # noqa: PLC0415 - only workers need it

    pid, start, inbox, *here = given.get(KEY, (0, 0, ""))
    near = here == [boot_id(), pid_namespace()]
    return WorkerPlace(
        given["testrunuid"], given["workerid"], ProcessId(pid, start) if near else None, inbox if near else ""
    )


class Controller:
    """Hooks of the controller: it tells the workers who it is, adds up what they did, and ends last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._run = ""
        self._inbox: WorkerInbox | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """A worker is about to be started."""
        from metricrig._core.process_id import ProcessId, boot_id, pid_namespace  # noqa: PLC0415 - see above

        me = ProcessId.of(os.getpid())
        if me is not None:
            if self._inbox is None:
                from metricrig.pytest_plugin.worker_channel import WorkerInbox  # noqa: PLC0415 - see above

                self._inbox = WorkerInbox(self._session.show)
            node.workerinput[KEY] = [me.pid, me.start, self._inbox.address, boot_id(), pid_namespace()]
        self._run = node.workerinput["testrunuid"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has finished; one that was killed has nothing to say."""
        self._session.tally.add(getattr(node, "workeroutput", {}).get(KEY, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """All workers have ended: stop the servers that they shared."""
        if self._inbox is not None:
            self._inbox.close()
            self._inbox = None
        if self._run:
            from metricrig.pytest_plugin.session_servers import dismiss  # noqa: PLC0415 - see above

            dismiss(self._run, self._session)
