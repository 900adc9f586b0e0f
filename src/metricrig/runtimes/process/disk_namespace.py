"""A program: it holds a mount namespace with a disk in it, changes that disk, or runs a command there.

``hold DIRECTORY SIZE``, ``change HOLDER DIRECTORY SIZE READ_ONLY``, ``run HOLDER CWD COMMAND…``. An ordinary user may
mount in a user namespace of his own; in it he is who he is, so that a server cannot tell. What is mounted there ends
with the last process in it, whatever ends that: nothing has to be unmounted.

``show PID DIRECTORY`` lets a process that has mounts of its own, a container engine, see what root has mounted: there
it ends when the directory is removed.
"""

import ctypes
import os
import signal
import sys

sys.path.insert(0, __file__.rpartition("/metricrig/")[0])

from metricrig._core import mounts

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_PR_SET_DUMPABLE = 4
_OPEN_TREE, _MOVE_MOUNT = 428, 429
"""Numbers of system calls that C libraries do not know yet; they are the same on all machines."""
_CLONE, _EMPTY_PATH, _HERE = 1, 4, -100
_library = ctypes.CDLL(None, use_errno=True)


def hold(directory: str, size: str) -> None:
    """Mount it, say our pid, and stay."""
    uid, gid = os.geteuid(), os.getegid()
    mode = os.stat(directory).st_mode & 0o7777
    _check(_library.unshare(_NEW_USERS | _NEW_MOUNTS), "a namespace of our own")
    # A group may be mapped by an ordinary user only where groups cannot be dropped.
    for file, words in ("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as opened:
            opened.write(words)
    mounts.mount_memory(directory, size=int(size), mode=mode, owner=(uid, gid))
    # Else nobody but root may look at what we see in /proc.
    _check(_library.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "to be looked at")
    os.write(1, f"{os.getpid()}\n".encode())
    while True:
        signal.pause()


def change(holder: str, directory: str, size: str, read_only: str) -> None:
    """Change the disk that it holds; exits with the number of the error."""
    _enter(holder)
    try:
        mounts.remount_memory(directory, size=int(size), read_only=read_only == "True")
    except OSError as error:
        sys.exit(error.errno)


def run(holder: str, cwd: str, *command: str) -> None:
    """Become this command, there."""
    _enter(holder)
    os.chdir(cwd)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} could not be executed: {error.strerror}")


def show(pid: str, directory: str) -> None:
    """Mount the same file system at the same place, where that process sees it."""
    copy = _check_fd(_library.syscall(_OPEN_TREE, _HERE, directory.encode(), _CLONE | os.O_CLOEXEC), directory)
    _check(_library.setns(os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC), 0), f"the mounts of pid {pid}")
    _check(_library.syscall(_MOVE_MOUNT, copy, b"", _HERE, directory.encode(), _EMPTY_PATH), directory)


def _enter(holder: str) -> None:
    opened = [os.open(f"/proc/{holder}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("user", "mnt")]
    for each in opened:  # the users' first: only there are we allowed to enter the other
        _check(_library.setns(each, 0), f"the disk that pid {holder} holds")


def _check_fd(descriptor: int, what: str) -> int:
    _check(int(descriptor < 0), what)
    return descriptor


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        sys.exit(f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    _, what, *words = sys.argv
    if what == "hold":
        hold(*words)
    elif what == "change":
        change(*words)
    elif what == "show":
        show(*words)
    else:
        run(*words)
