"""What a janitor can be told to do: a method for each order. What it has started is looked after by ``Wards``."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING

from metricrig.janitor import errand, family, record, sweep
from metricrig.janitor.wards import Ward, Wards

if TYPE_CHECKING:
    from collections.abc import Callable

    from metricrig._core.processes import ProcessId
    from metricrig.janitor.member import Member
    from metricrig.janitor.wire import Message

_SENDERS: dict[str, Callable[[int, int], object]] = {
    "one": family.send,
    "tree": family.send_to_tree,
    "freeze": lambda pid, _: family.freeze(pid),
}


class Household:
    """The rigs of a janitor and what runs in them."""

    def __init__(self, owner: ProcessId | None) -> None:
        self.owner = owner
        self.members: dict[int, Member] = {}
        self.rigs: dict[str, record.Record] = {}
        self.unwritten: set[str] = set()
        self.adopted_paths: set[str] = set()
        self.wards = Wards(self.tell_all, self.collected)
        self.dismissed = False
        """Somebody has said that it is over."""
        self.keep = False
        self.errands: dict[str, errand.Errand] = {}

    def obey(self, message: Message, member: Member) -> None:
        """Carry out one order."""
        getattr(self, f"do_{message['op']}")(message, member)

    def tell_all(self, message: Message) -> None:
        """Tell every member."""
        for member in self.members.values():
            member.say(message)

    def open_rig(self, rig: str, directory: str) -> None:
        """Know a rig and its directory."""
        self.rigs[rig] = record.blank(rig, directory, self.owner)
        self.unwritten.add(rig)

    def do_open(self, message: Message, _: Member) -> None:
        """Know a rig before its directory exists, and make that."""
        self.open_rig(message["rig"], message["directory"])
        with contextlib.suppress(OSError):
            os.makedirs(message["directory"], mode=message["mode"], exist_ok=True)

    def do_charge(self, message: Message, _: Member) -> None:
        """Run this command when the owner dies: what it removes is not ours to reach."""
        self.rigs[message["rig"]]["errand"] = message["errand"]
        self.unwritten.add(message["rig"])

    def run_errands(self) -> None:
        """Begin what is to be done elsewhere for rigs that nobody has closed."""
        self.errands = {name: errand.begin(rig["errand"]) for name, rig in self.rigs.items() if rig["errand"]}

    def do_spawn(self, message: Message, member: Member) -> None:
        """Start a command and say its pid, or why not."""
        try:
            process = family.spawn(message)
        except (OSError, ValueError) as error:
            member.say({"seq": message["seq"], "error": str(error), "errno": getattr(error, "errno", 0) or 0})
            return
        self.wards.by_pid[process.pid] = Ward(message, process.pid)
        member.say({"seq": message["seq"], "pid": process.pid})
        process.returncode = 0  # we wait for it ourselves: its destructor must not
        if message["service"]:
            entry = record.service(message["name"], process.pid, message["argv"], message["ports"])
            self.rigs[message["rig"]]["services"][str(process.pid)] = entry
            self.unwritten.add(message["rig"])

    def do_attach(self, message: Message, member: Member) -> None:
        """Another member has started it: say whether it runs. Its end is told to all."""
        ward = self.wards.by_pid.get(message["pid"])
        known = ward is not None and ward.status is None
        member.say({"seq": message["seq"], "pid": message["pid"]} if known else {"seq": message["seq"], "gone": True})

    def do_signal(self, message: Message, member: Member) -> None:
        """Pass on a signal, and say when that is done.

        Nothing is reaped before it is collected, so the pid cannot be a stranger's.
        """
        if message["pid"] in self.wards.by_pid:
            _SENDERS[message["how"]](message["pid"], message["signal"])
        member.say({"seq": message["seq"]})

    def do_collect(self, message: Message, member: Member) -> None:
        """Kill what is left of a child's family, then let go of it and say so."""
        ward = self.wards.by_pid.get(message["pid"])
        done = partial(member.say, {"seq": message["seq"]})
        if ward is None:
            done()
        else:
            ward.collectors.append(done)

    def do_sweep(self, message: Message, member: Member) -> None:
        """Collect whatever runs under a name: a member may have died while it was starting it."""
        left = [each for each in self.wards.by_pid.values() if each.name == message["name"]]
        if not left:
            member.say({"seq": message["seq"]})
        for number, ward in enumerate(left, 1):
            # Services of one name run one after another: there is one as a rule.
            done = partial(member.say, {"seq": message["seq"]}) if number == len(left) else lambda: None
            ward.collectors.append(done)

    def do_adopt(self, message: Message, _: Member) -> None:
        """Remove this path too when the owner dies."""
        self.adopted_paths.add(message["path"])

    def do_forget(self, message: Message, _: Member) -> None:
        """The owner has finished with this path itself."""
        self.adopted_paths.discard(message["path"])

    def do_close(self, message: Message, member: Member) -> None:
        """Forget a rig: remove its directory, or leave it to people with its record."""
        why = self._close(message["rig"], keep=message["keep"])
        member.say({"seq": message["seq"], "why": why})

    def do_dismiss(self, message: Message, _: Member) -> None:
        """Close everything and go; what is to be kept is kept."""
        self.dismissed = True
        self.keep = message["keep"]

    def collected(self, ward: Ward) -> None:
        """Nothing is left of one: it is no longer on record."""
        if (rig := self.rigs.get(ward.rig)) and rig["services"].pop(str(ward.pid), None):
            self.unwritten.add(ward.rig)

    def write_records(self) -> None:
        """Bring the records on disk up to date."""
        for rig in self.unwritten:
            record.write(self.rigs[rig])
        self.unwritten.clear()

    def remove_everything(self) -> None:
        """At the end, when nothing runs any more."""
        for rig in list(self.rigs):
            if (begun := self.errands.get(rig)) and (why := errand.end(begun)):
                # The record stays with all it knows: `metricrig clean` tries again, and says why it cannot.
                self.rigs[rig]["failure"] = why
                record.write(self.rigs.pop(rig))
            else:
                self._close(rig, keep=self.keep)
        for path in self.adopted_paths:
            sweep.remove_tree(path)

    def _close(self, name: str, *, keep: bool) -> str | None:
        rig = self.rigs.pop(name, None)
        self.unwritten.discard(name)
        if rig is not None and keep:
            rig |= {"kept": True, "services": {}}
            record.write(rig)
        elif rig is not None:
            return sweep.remove_tree(rig["directory"])
        return None
