#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command, counts the CPU seconds of all that it starts, ends it at a
limit, and leaves no process behind.

    watch.py RESULT CPU WALL COMMAND...

The command is ended when it has used CPU seconds or when WALL seconds are
over. RESULT becomes a line of JSON: the seconds, and why it was ended. The
status is the command's.

The account is the kernel's: times of a process go to the parent that waits for
it. A descendant whose own parent is gone would be waited for by init, and its
time would be lost: this process is the reaper of all its descendants
(PR_SET_CHILD_SUBREAPER), waits for them, and so knows what each has used, also
that of a QEMU killed together with the test that had started it. What is lost
is only the time of children of a process that ignores SIGCHLD.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
LOOK = 0.5  # seconds between two looks at what has been used
GRACE = 10  # seconds to end by itself after ^C; to be gone after SIGKILL
SIGNALS = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM}


def read_stat(path):
    """pid, parent, CPU seconds of it and of the children it has waited for."""
    fields = path.read_text(encoding="utf-8", errors="replace") \
        .rpartition(")")[2].split()
    used = sum(int(field) for field in fields[11:15]) / TICKS
    return int(path.parent.name), int(fields[1]), used


def descendants():
    """{pid: CPU seconds} of this process and all that come from it."""
    parents, used = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            pid, parents[pid], used[pid] = read_stat(path)
    found, new = set(), {os.getpid()}
    while new:
        found |= new
        new = {pid for pid, parent in parents.items()
               if parent in new and pid not in found}
    return {pid: used.get(pid, 0) for pid in found}


def used_by_now():
    """One that is waited for between two files is counted twice or not at
    all: the smaller of two looks is never too much."""
    return min(sum(descendants().values()) for _ in range(2))


def reap(pid):
    """Wait for all that have ended; the status of this one, if among them."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                status = os.waitstatus_to_exitcode(ended[1])
    return status


def end_all():
    """No descendant is left, or it cannot be ended for GRACE seconds."""
    end = time.monotonic() + GRACE
    while time.monotonic() < end:
        for pid in set(descendants()) - {os.getpid()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
            reap(0)
        except ChildProcessError:
            return


def follow(pid, cpu, wall):
    """The command's status, None if it was ended, and why."""
    end, why = time.monotonic() + wall, f"no end after {wall:g} s"
    while True:
        got = signal.sigtimedwait(SIGNALS, LOOK)
        if (status := reap(pid)) is not None:
            return status, ""
        if got and got.si_signo == signal.SIGTERM:
            return None, "told to end"
        if got and got.si_signo == signal.SIGINT:  # the command has it, too
            end, why = time.monotonic() + GRACE, "interrupted, did not end"
        if time.monotonic() > end:
            return None, why
        if (used := used_by_now()) > cpu:
            return None, f"{used:.1f} CPU s used, the limit is {cpu:g}"


def watch(cpu, wall, command):
    """Status, CPU seconds, and why the command was ended."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("watch.py: this system does not let us wait for orphans")
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    # Python ignores these two, and its children would.
    pid = os.posix_spawnp(command[0], command, os.environ, setsigmask=[],
                          setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    status, why = follow(pid, cpu, wall)
    end_all()
    used = sum(usage.ru_utime + usage.ru_stime for usage in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    if not why and used > cpu:  # after the last look
        why = f"{used:.1f} CPU s used, the limit is {cpu:g}"
    return status, used, why


def main():
    result, cpu, wall, *command = sys.argv[1:]
    status, used, why = watch(float(cpu), float(wall), command)
    pathlib.Path(result).write_text(json.dumps({"cpu": used, "why": why}),
                                    encoding="utf-8")
    # Ended by a signal: as a shell has it.
    sys.exit(1 if status is None else status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
