#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command to which the tracing of this host is the guest's.

    inside.py --tree build/tracefs COMMAND...

The command gets a mount namespace of its own. In it the guest's control tree
stands at /sys/kernel/tracing and /sys/kernel/debug/tracing; the guest's too are
/proc/kallsyms, the number of CPUs and the sysctls of ftrace and of the stack
tracer. All other files of /proc/sys/kernel are copies, which are gone with the
command; so are files in /var/tmp, where perf-tools have their lock. Nothing
outside the namespace changes, and no file system of type tracefs or debugfs and
no other guest's tree can be reached in it: a tool finds this guest or nothing.
The first line of /proc/mounts with the word tracefs is /sys/kernel/tracing.

It refuses where no guest's tree is mounted. Status: the command's; 126, 127 as
of a shell; 1 it cannot begin, with one sentence on stderr.
"""
import argparse
import os
import pathlib
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tools.tracefs import mounts  # noqa: E402

TRACING, DEBUG = "/sys/kernel/tracing", "/sys/kernel/debug"
SYSCTL, SCRATCH = "/proc/sys/kernel", "/var/tmp"
CPUS = "/sys/devices/system/cpu"
# What tools read of the host's CPUs: sysconf(), perf, trace-cmd.
CPU_FILES = ["possible", "present", "online"]
# File of the guest's tree: file of the host.
FILES = {"kallsyms": "/proc/kallsyms", "version": "/proc/version",
         "ftrace_enabled": f"{SYSCTL}/ftrace_enabled",
         "stack_tracer_enabled": f"{SYSCTL}/stack_tracer_enabled"}
# Those that tools write also where the host's kernel does not have them.
WRITTEN = {"ftrace_enabled": "1\n", "stack_tracer_enabled": "0\n",
           "kptr_restrict": "0\n", "sched_rt_runtime_us": "950000\n",
           "ftrace_dump_on_oops": "0\n", "traceoff_on_warning": "0\n"}


class Refused(Exception):
    """One sentence for the user."""


def cpus_of(tree):
    """Number of the guest's CPUs."""
    names = [name for name in os.listdir(os.path.join(tree, "per_cpu"))
             if name.startswith("cpu") and name[3:].isdecimal()]
    if not names:
        raise Refused(f"{tree}/per_cpu lists no CPU")
    return len(names)


def cpu_list(count):
    """As the kernel writes it: 0-3."""
    return "0\n" if count == 1 else f"0-{count - 1}\n"


def copy_sysctl(to):
    """The values of now, for all to read and write."""
    for entry in os.scandir(SYSCTL):
        if not entry.is_file(follow_symlinks=False):
            continue
        try:
            text = pathlib.Path(entry.path).read_bytes()
        except OSError:
            text = b""
        (to / entry.name).write_bytes(text)
    for name, text in WRITTEN.items():
        if not (to / name).exists():
            (to / name).write_text(text)


def hide_tracing():
    """Unmount what could lead to the host's own tracing."""
    for found in reversed(mounts.listed()):
        if found.type in ("tracefs", "debugfs"):
            mounts.unmount(found.path)


def hide_guests():
    """Unmount trees of guests that stand elsewhere, our own included: it is
    bound already."""
    kept = {TRACING, f"{DEBUG}/tracing", *FILES.values()}
    for found in reversed(mounts.listed()):
        if found.type == mounts.TYPE and found.path not in kept:
            mounts.unmount(found.path)


def place(tree, cpus):
    """All of it, in a namespace that is already our own."""
    tree_fd = os.open(tree, os.O_PATH | os.O_DIRECTORY)
    tree = f"/proc/self/fd/{tree_fd}"  # also where a mount covers its path
    hide_tracing()
    mounts.mount("tracefs", TRACING, "tracefs")
    mounts.bind(tree, TRACING)
    mounts.mount("nop5", SCRATCH, "tmpfs", data="mode=1777")
    scratch = pathlib.Path(SCRATCH, ".nop5")
    (scratch / "sysctl").mkdir(parents=True)
    if os.path.isdir(DEBUG):
        mounts.mount("nop5", DEBUG, "tmpfs", data="mode=700")
        os.mkdir(f"{DEBUG}/tracing")
        mounts.bind(tree, f"{DEBUG}/tracing")
    copy_sysctl(scratch / "sysctl")
    mounts.bind(scratch / "sysctl", SYSCTL)
    (scratch / "cpus").write_text(cpu_list(cpus))
    for name in CPU_FILES:
        mounts.bind(scratch / "cpus", f"{CPUS}/{name}")
    (scratch / "empty").touch()
    for name, path in FILES.items():
        own = f"{TRACING}/{name}"
        mounts.bind(own if os.path.exists(own) else scratch / "empty", path)
    os.close(tree_fd)
    hide_guests()


def check_shield():
    """Every way to tracing leads to the guest, or to nothing."""
    guest = os.stat(TRACING).st_dev
    for found in mounts.listed():
        if found.type == "tracefs" and os.stat(found.path).st_dev != guest:
            raise Refused(f"{found.path} would still be the host's tracing")
        if found.type == "debugfs":
            raise Refused(f"{found.path}: debugfs would still be the host's")
        if found.type == mounts.TYPE and os.stat(found.path).st_dev != guest:
            raise Refused(f"{found.path} would still be another guest's tree")


def require(tree):
    """Refuses unless there is a guest that lives."""
    if sentence := mounts.missing():
        raise Refused(sentence)
    if not mounts.tree_at(tree):
        raise Refused(f"no guest's tree is mounted at {tree}: make tracefs")
    if not mounts.alive(tree):
        raise Refused(f"the guest behind {tree} is dead")
    if not stat.S_ISREG(os.stat(os.path.join(tree, "current_tracer")).st_mode):
        raise Refused(f"{tree} has no current_tracer")


def enter(tree):
    require(tree)
    cpus = cpus_of(tree)
    mounts.unshare()
    place(tree, cpus)
    check_shield()


def execute(command):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        print(f"inside.py: {command[0]}: there is no such program",
              file=sys.stderr)
        return 127
    except OSError as error:
        print(f"inside.py: {command[0]}: {error.strerror}", file=sys.stderr)
        return 126


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[args.command[:1] == ["--"]:]
    try:
        if not command:
            raise Refused("no command is given")
        enter(os.path.abspath(args.tree))
    except Refused as refused:
        sys.exit(f"inside.py: {refused}")
    except OSError as error:
        sys.exit(f"inside.py: {error.filename or args.tree}: {error.strerror}")
    return execute(command)


if __name__ == "__main__":
    sys.exit(main())
