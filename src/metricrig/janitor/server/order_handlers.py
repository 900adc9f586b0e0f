"""The orders of a janitor, a method for each. ``StartedProcesses`` looks after the processes that it has started."""

from __future__ import annotations

import time

from metricrig.janitor import limit_mark, process_tree, rig_record
from metricrig.janitor.protocol import MalformedMessage
from metricrig.janitor.server.started_processes import StartedProcess, StartedProcesses

TYPE_CHECKING = False  # see wire
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from metricrig._core.process_id import ProcessId
    from metricrig.janitor.errand import Begun
    from metricrig.janitor.protocol import Message
    from metricrig.janitor.server.members import JanitorMember

_RETRY_PAUSE_SECONDS = 0.02
"""Seconds until a removal is tried again: somebody was writing into the directory."""
_SENDERS: dict[str, Callable[[int, int], object]] = {
    "one": process_tree.send,
    "tree": process_tree.send_to_tree,
    "freeze": lambda pid, _: process_tree.freeze(pid),
}


class OrderHandlers:
    """The rigs of a janitor and what runs in them."""

    def __init__(self, owner: ProcessId | None) -> None:
        self.owner = owner
        self.members: dict[int, JanitorMember] = {}
        self.rigs: dict[str, rig_record.Record] = {}
        self.directories: dict[str, str] = {}
        self.unwritten: set[str] = set()
        self.adopted_paths: set[str] = set()
        self.started_processes = StartedProcesses(self.tell_all, self.collected)
        self.dismissed = False
        """Whether a member has dismissed it."""
        self.keep = False
        self.errands: dict[str, Begun] = {}
        self._spawned = 0
        self._ssh: dict[str, str] = {}
        """How the owner calls ssh: kept in memory, and in no record."""

    def obey(self, message: Message, member: JanitorMember) -> None:
        """Carry out one order."""
        getattr(self, f"do_{message['op']}")(message, member)

    def tell_all(self, message: Message) -> None:
        """Tell every member."""
        for member in self.members.values():
            member.say(message)

    def open_rig(self, rig: str, directory: str, known: rig_record.Record) -> None:
        """Know a rig, its directory and the record that is in it."""
        self.rigs[rig], self.directories[rig] = known, directory

    def do_open(self, message: Message, _: JanitorMember) -> None:
        """Know a rig before its directory exists."""
        rig, directory, known = message["rig"], message["directory"], message["record"]
        if not (isinstance(rig, str) and isinstance(directory, str) and {"services", "errand"} <= {*known}):
            raise MalformedMessage(f"a rig is a name, a directory and a record, not {message!r}")
        self.open_rig(rig, directory, known)

    def do_charge(self, message: Message, _: JanitorMember) -> None:
        """Run this errand when the owner dies: the janitor itself cannot remove containers."""
        self.rigs[message["rig"]]["errand"] = message["errand"]
        self._ssh[message["rig"]] = message["ssh"]
        self.unwritten.add(message["rig"])

    def run_errands(self) -> None:
        """Begin the errands of rigs that nobody has closed."""
        for name, rig in self.rigs.items():
            if rig["errand"]:
                from metricrig.janitor import errand  # noqa: PLC0415 - a quarter of the janitor's boot, and few need it

                try:
                    wanted = errand.Errand.of_data(rig["errand"], rig=name)
                    self.errands[name] = errand.begin(wanted, ssh=self._ssh.get(name))
                except (OSError, ValueError) as error:
                    rig["failure"] = f"what it has elsewhere is still there: {error}"

    def do_spawn(self, message: Message, member: JanitorMember) -> None:
        """Start a command and say its pid, or why not."""
        self._spawned += 1
        message["limit_mark"] = limit_mark.of_spawn(message["rig"], self._spawned)
        try:
            pid = process_tree.spawn(message)
        except (OSError, ValueError) as error:
            member.say({"seq": message["seq"], "error": str(error), "errno": getattr(error, "errno", 0) or 0})
            return
        self.started_processes.add(StartedProcess(message, pid))
        member.say({"seq": message["seq"], "pid": pid})
        if message["service"] and message["rig"] in self.rigs:
            entry = rig_record.service(message["name"], pid, message["ports"])
            self.rigs[message["rig"]]["services"][str(pid)] = entry
            self.unwritten.add(message["rig"])

    def do_attach(self, message: Message, member: JanitorMember) -> None:
        """Another member has started it: say whether it runs. Its end is told to all."""
        started = self.started_processes.by_pid.get(message["pid"])
        known = {"mark": started.mark} if started is not None and started.status is None else {"gone": True}
        member.say({"seq": message["seq"], **known})

    def do_signal(self, message: Message, member: JanitorMember) -> None:
        """Pass on a signal, and say when that is done.

        Nothing is reaped before it is collected, so the pid cannot be a stranger's.
        """
        if (started := self.started_processes.by_mark.get(message["mark"])) is not None:
            _SENDERS[message["how"]](started.pid, message["signal"])
        member.say({"seq": message["seq"]})

    def do_collect(self, message: Message, member: JanitorMember) -> None:
        """Kill what is left of a child's descendants, reap it, and say so."""
        started = self.started_processes.by_mark.get(message["mark"])
        self._collect([started] if started else [], lambda: member.say({"seq": message["seq"]}))

    def do_sweep(self, message: Message, member: JanitorMember) -> None:
        """Collect whatever runs under a name: a member may have died while it was starting it."""
        left = [each for each in self.started_processes.by_pid.values() if each.name == message["name"]]
        self._collect(left, lambda: member.say({"seq": message["seq"]}))

    def _collect(self, started_processes: Sequence[StartedProcess], done: Callable[[], None]) -> None:
        """Have these collected; ``done`` is called when the last of them is gone."""
        left = set(started_processes)

        def gone(started: StartedProcess) -> None:
            left.discard(started)
            if not left:
                done()

        for started in started_processes:
            self.started_processes.collect(started, gone)
        if not left:
            done()

    def do_adopt(self, message: Message, _: JanitorMember) -> None:
        """Remove this path too when the owner dies."""
        self.adopted_paths.add(message["path"])

    def do_forget(self, message: Message, _: JanitorMember) -> None:
        """The owner has finished with this path itself."""
        self.adopted_paths.discard(message["path"])

    def do_close(self, message: Message, member: JanitorMember) -> None:
        """Forget a rig, of which nothing runs: remove its directory, or leave it for people, with its record."""
        name = message["rig"]

        def close() -> None:
            why = self._close(name, keep=message["keep"]) if name in self.rigs else None
            member.say({"seq": message["seq"], "why": why})

        self._collect([each for each in self.started_processes.by_pid.values() if each.rig == name], close)

    def do_dismiss(self, message: Message, _: JanitorMember) -> None:
        """Close everything and go; what is to be kept is kept."""
        self.dismissed = True
        self.keep = message["keep"]

    def collected(self, started: StartedProcess) -> None:
        """Called when nothing is left of a process: it goes out of the record."""
        if (rig := self.rigs.get(started.rig)) and rig["services"].pop(str(started.pid), None):
            self.unwritten.add(started.rig)

    def write_records(self) -> None:
        """Bring the records on disk up to date."""
        for rig in self.unwritten:
            rig_record.write(self.directories[rig], self.rigs[rig])
        self.unwritten.clear()

    def remove_everything(self, *, within: float) -> None:
        """At the end, when nothing runs any more. What somebody writes into meanwhile is removed again."""
        self._end_errands()
        end = time.monotonic() + within
        while left := self._remove_all():
            if time.monotonic() > end:
                for name, why in left.items():
                    self._report(name, why)
                return
            time.sleep(_RETRY_PAUSE_SECONDS)

    def _end_errands(self) -> None:
        for name, begun in self.errands.items():
            from metricrig.janitor import errand  # noqa: PLC0415 - see above

            if why := errand.end(begun):
                self.rigs[name]["failure"] = why
        for name, rig in list(self.rigs.items()):
            if why := rig.get("failure"):
                self._report(name, why)

    def _report(self, name: str, why: str) -> None:
        """The record stays with all it knows: `metricrig clean` tries again, and says why it cannot."""
        if (rig := self.rigs.pop(name, None)) is not None:
            rig["failure"] = why
            rig_record.write(self.directories[name], rig)

    def _remove_all(self) -> dict[str, str]:
        """Remove every rig and every adopted path; what could not be removed, and why."""
        left = {name: why for name in list(self.rigs) if (why := self._close(name, keep=self.keep))}
        for path in list(self.adopted_paths):
            if why := _remove(path):
                left[path] = why
            else:
                self.adopted_paths.discard(path)
        return left

    def _close(self, name: str, *, keep: bool) -> str | None:
        """Remove a rig's directory, or leave it for people; one that could not be removed is tried again at the end."""
        rig = self.rigs[name]
        if keep:
            rig_record.write(self.directories[name], rig | {"kept": True, "services": {}})
        elif why := self._remove_directory(name):
            return why
        del self.rigs[name]
        self.unwritten.discard(name)
        return None

    def _remove_directory(self, name: str) -> str | None:
        from metricrig.janitor import rig_directory  # noqa: PLC0415 - nothing is removed while the janitor boots

        return rig_directory.remove(self.directories[name], maker=self.owner)


def _remove(path: str) -> str | None:
    from metricrig.janitor import leftovers  # noqa: PLC0415 - nothing is removed while the janitor boots

    return leftovers.remove_tree(path)
