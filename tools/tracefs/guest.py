#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots a guest, mounts its control tree, and uses it.

    guest.py shell --kernel build/nop5.elf    # make tracefs
    guest.py run --kernel build/nop5.elf -- trace-cmd record -p function sleep 1

shell: the tree is at build/tracefs as long as the guest's shell is on this
terminal; other terminals may use it. run: a command whose tracing is the
guest's (inside.py). It takes the guest at build/tracefs if there is one, else
one of its own, which lives as long as the command and is mounted where nobody
else sees it.

Status of shell: as of tools/run.py. Of run: the command's; 37 the guest has
panicked, 1 it has died otherwise, or nothing could begin. Then its last words
are printed, and one sentence.
"""
import argparse
import contextlib
import fcntl
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
import run as boot  # noqa: E402
from tools.tracefs import mounts  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
TREE, LOG = BUILD / "tracefs", BUILD / "tracefs.log"
PROGRAM = BUILD / "fuse/nop5fs"
INSIDE = pathlib.Path(__file__).with_name("inside.py")
WORDS = "mode=shell tracefs=on"
BUSY = "workload=steady tick=1000"  # of a guest that is there to be traced
# Seconds: until the guest serves its tree; for a command to end by itself when
# its guest is dead.
START, GRACE = 150, 5
LAST_LINES = 40  # of the log of a guest that died without a panic


class Failure(Exception):
    """One sentence, and the status of the program."""

    def __init__(self, sentence, status=1):
        super().__init__(sentence)
        self.status = status


def last_words(log):
    """From the panic on, or the last lines."""
    lines = log.splitlines()
    for nr, line in enumerate(lines):
        if "panic" in line.lower():
            return "\n".join(lines[nr:])
    return "\n".join(lines[-LAST_LINES:])


def read_log(path):
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def wait_for(condition, seconds, sentence):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure(sentence)
        time.sleep(0.02)


class Mounted:
    """nop5fs in front of a guest's socket, until end(). `dead` is set when the
    guest is."""

    def __init__(self, socket, path, alive):
        wait_for(lambda: os.path.exists(socket) or not alive(), START,
                 "QEMU does not begin")
        self.path, self.dead = path, threading.Event()
        self.process = subprocess.Popen(
            [PROGRAM, "--with-parent", socket, path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)  # ^C is for the command
        try:
            self._wait_mounted(alive)
        except BaseException:
            self.end()
            raise
        threading.Thread(target=self._watch, daemon=True).start()

    def _wait_mounted(self, alive):
        end = time.monotonic() + START
        while not select.select([self.process.stdout], [], [], 0.1)[0]:
            if not alive():
                raise Failure("the guest has died before its tree was there")
            if time.monotonic() > end:
                raise Failure("the guest does not serve its tree")
        line = self.process.stdout.readline()
        if not line.startswith("mounted"):
            words = self.process.stderr.read().strip()
            raise Failure(words or "nop5fs has died")
        if "forks" in line:
            print("guest.py: event-fork, function-fork:",
                  line[line.index("forks"):].strip(), file=sys.stderr)

    def _watch(self):
        self.process.stdout.readline()  # "dead: ...", or its end
        self.dead.set()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        mounts.undo(self.path)


# ---- a command ---------------------------------------------------------------

def end_child(child):
    """Its guest is dead: every call is an error. What does not end by itself is
    ended."""
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        if number:
            child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
            return


def run_inside(tree, command, dead):
    """The command's status; None: the guest died while it ran."""
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", sys.executable, str(INSIDE),
         "--tree", str(tree), "--", *command])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the child's
    try:
        while child.poll() is None:
            if dead():
                end_child(child)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.1)
    finally:
        signal.signal(signal.SIGINT, before)
        if child.poll() is None:
            child.terminate()
            child.wait()
    if dead():
        return None
    return child.returncode if child.returncode >= 0 else (
        128 - child.returncode)


def died(log, status=None):
    """Prints what the guest has said last."""
    print(last_words(log), file=sys.stderr)
    if status == boot.PANIC or "panic" in log.lower():
        return Failure("the guest has panicked", boot.PANIC)
    return Failure("the guest has died")


def run_attached(command):
    """With the guest of `make tracefs`."""
    status = run_inside(TREE, command, lambda: not (
        mounts.tree_at(TREE) and mounts.alive(TREE)))
    if status is None:
        raise died(read_log(LOG))
    return status


class Own:
    """A guest of our own, as long as a command runs."""

    def __init__(self, args, folder):
        self.folder = pathlib.Path(folder)
        self.tree = self.folder / "tracefs"
        self.log = self.folder / "log"
        self.tree.mkdir()
        self.args = args
        args.tracefs = str(self.folder / "line")
        args.append = f"{WORDS} {BUSY} {args.append}"
        self.qemu = self.mounted = None

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.qemu = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL",
                 *boot.command(self.args, "stdio")], stdin=subprocess.PIPE,
                stdout=log, stderr=subprocess.PIPE, start_new_session=True)
        try:
            self.mounted = Mounted(self.args.tracefs, str(self.tree),
                                   lambda: self.qemu.poll() is None)
            for line in self.args.type or []:
                self.type(line)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, traceback):
        if self.mounted:
            self.mounted.end()
        if isinstance(value, Failure):  # QEMU may be about to end, too
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.qemu.wait(1)
        ended = self.qemu.poll()
        self.qemu.kill()
        errors = self.qemu.communicate()[1].decode(errors="replace").strip()
        if isinstance(value, Failure) and ended is not None:
            if not read_log(self.log):
                raise Failure(boot.not_started(self.args, errors or "QEMU"))
            raise died(read_log(self.log), ended) from None

    def type(self, line):
        """A line for the guest's shell, when it asks for one."""
        def asked():
            text = self.log.read_bytes()
            found = list(boot.PROMPT.finditer(text))
            return (found and found[-1].end() == len(text)
                    or self.qemu.poll() is not None)
        wait_for(asked, START, "the guest's shell does not begin")
        before = self.log.stat().st_size
        self.qemu.stdin.write(line.encode() + b"\n")
        self.qemu.stdin.flush()
        wait_for(lambda: asked() and self.log.stat().st_size > before, START,
                 f"the guest's shell does not take '{line}'")

    def dead(self):
        return self.mounted.dead.is_set() or self.qemu.poll() is not None


def run_own(args, command):
    mounts.unshare()
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        with Own(args, folder) as guest:
            status = run_inside(guest.tree, command, guest.dead)
            if status is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    guest.qemu.wait(GRACE)
                raise died(read_log(guest.log), guest.qemu.poll())
            return status


def run_command(args, command):
    if sentence := mounts.missing():
        raise Failure(sentence)
    if mounts.tree_at(TREE):
        if not mounts.alive(TREE):
            raise died(read_log(LOG))
        return run_attached(command)
    return run_own(args, command)


# ---- the shell ---------------------------------------------------------------

@contextlib.contextmanager
def alone():
    """One guest at build/tracefs; what a killed one has left is undone."""
    TREE.parent.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "tracefs.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"another guest is at {TREE}") from None
        mounts.undo(TREE)
        TREE.mkdir(exist_ok=True)
        LOG.unlink(missing_ok=True)
        yield


def mount_beside(socket, ended):
    """In a thread of its own, which lives as long as the guest: to nop5fs the
    end of this thread would be the end of its parent."""
    try:
        mounted = Mounted(socket, str(TREE), lambda: not ended.is_set())
    except Failure as failure:
        if not ended.is_set():
            print(f"\r\nguest.py: {failure}\r", file=sys.stderr, flush=True)
        return
    print(f"\r\nguest.py: its tree is at {TREE}; in other terminals: ls "
          f"{TREE}; make trace-cmd ARGS='...'; make host CMD='...'\r",
          flush=True)
    ended.wait()
    mounted.end()


def run_shell(args):
    if sentence := mounts.missing(tracefs=False):
        raise Failure(sentence)
    with alone(), tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        args.tracefs, args.log = os.path.join(folder, "line"), str(LOG)
        args.append = f"{WORDS} {args.append}"
        args.interactive = True
        ended = threading.Event()
        beside = threading.Thread(target=mount_beside, daemon=True,
                                  args=[args.tracefs, ended])
        beside.start()
        try:
            status, problem = boot.run(args)
        finally:
            ended.set()
            beside.join()
    if problem:
        raise Failure(problem, status)
    return 0


# ---- the command line --------------------------------------------------------

def options():
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s shell|run OPTIONS [-- COMMAND]",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["shell", "run"])
    for name, default in [("smp", "4"), ("mem", "256M"), ("accel", "tcg"),
                          ("cpu", "max"), ("firmware", "bios"),
                          ("append", "")]:
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--tracefs-line", default="virtio",
                        choices=["virtio", "com2"])
    parser.add_argument("--type", action="append", metavar="LINE",
                        help="at the guest's shell, before the command")
    words, command = sys.argv[1:], []
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1:]
    args = parser.parse_args(words)
    args.command = command
    args.iso = args.gdb = args.log = None
    args.qemu, args.timeout, args.interactive = [], 86400, False
    return args


def main():
    args = options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("guest.py: ended"))
    try:
        if refusal := boot.refusal(args):
            raise Failure(refusal)
        if args.what == "shell":
            return run_shell(args)
        if not args.command:
            raise Failure("run: no command is given")
        return run_command(args, args.command)
    except Failure as failure:
        sys.stdout.flush()
        print(f"guest.py: {failure}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        print("guest.py: ended by ^C; no mount is left", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
