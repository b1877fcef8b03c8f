# SPDX-License-Identifier: MIT
"""Mounts of the guest's tree on this host: what is there, what is needed, and
how it is undone."""
import ctypes
import os
import pathlib
import re
from dataclasses import dataclass

TYPE = "fuse.nop5"  # nop5fs.c: subtype=nop5
SOURCE = "nop5-tracefs"

# <sys/mount.h>, <sched.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
CLONE_NEWNS = 0x20000

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Mount:
    source: str
    path: str
    type: str


def unescape(word):
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), word)


def listed(text=None):
    """Those of this namespace, in the order they were mounted."""
    if text is None:
        text = pathlib.Path("/proc/self/mounts").read_text(
            encoding="utf-8", errors="surrogateescape")
    return [Mount(*map(unescape, line.split(" ")[:3]))
            for line in text.splitlines()]


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def mount(source, path, kind="", flags=0, data=""):
    words = [os.fsencode(str(word)) or None for word in (source, path, kind)]
    check(libc.mount(*words, ctypes.c_ulong(flags),
                     os.fsencode(data) or None), str(path))


def bind(source, path):
    mount(source, path, flags=MS_BIND)


def unmount(path, flags=MNT_DETACH):
    check(libc.umount2(os.fsencode(str(path)), flags), str(path))


def unshare():
    """A mount namespace of our own: no other process sees what is mounted
    here, and it ends with the last process in it."""
    check(libc.unshare(CLONE_NEWNS), "a mount namespace")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


# ---- the guest's tree --------------------------------------------------------

def tree_at(path):
    """Is a guest's tree mounted there, on top of all else?"""
    path = os.path.realpath(path)
    there = [found for found in listed() if found.path == path]
    return bool(there) and there[-1].type == TYPE


def alive(path):
    """Does the guest live, or at least the program that mounted its tree say
    so? It asks the guest nothing."""
    try:
        os.statvfs(path)
    except OSError:
        return False
    return True


def undo(path):
    """Unmount what trees are left at the path; how many there were."""
    count = 0
    while tree_at(path):
        unmount(os.path.realpath(path))
        count += 1
    return count


# ---- what is needed ----------------------------------------------------------

def missing(tracefs=True):
    """None, or one sentence: what this host does not have. tracefs: is it
    needed, as by programs that look for it in /proc/mounts?"""
    if os.geteuid() != 0:
        return "mounting the guest's tree needs root: call make by sudo"
    if not os.path.exists("/dev/fuse"):
        return ("mounting the guest's tree needs /dev/fuse, and it is not "
                "there: modprobe fuse, or give the container this device")
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return ("mounting the guest's tree needs /dev/fuse, and it cannot be "
                f"opened: {error.strerror}")
    if tracefs and not has_tracefs():
        return ("tools look for a mounted tracefs, and the kernel of this host "
                "has none (it is not in /proc/filesystems)")
    return None


def has_tracefs():
    text = pathlib.Path("/proc/filesystems").read_text(encoding="utf-8")
    return "tracefs" in text.split() and os.path.isdir("/sys/kernel/tracing")
