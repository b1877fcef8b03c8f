#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records a whole run of a guest: boots it, copies the pages of its trace as
they fill, and writes a trace.dat.

    record.py --kernel build/nop5.elf -o trace.dat --append ftrace=function

The run begins at boot, with the tracer and the events of the kernel's command
line, and ends after --seconds, after the last line of --script, or at ^C. Then
tracing is off and all that remains is read: written = read + lost. Pages go
from the guest's ring through its file server to the host; neither makes a text
of them. It needs no root: nothing is mounted.

Status 0: OUT is complete. 37: the guest has panicked, 1: it has died otherwise;
then OUT has what was read before. 1, too: nothing could begin.
"""
import argparse
import contextlib
import errno
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
import run as boot  # noqa: E402
from tools.trace import dat_write  # noqa: E402
from tools.trace.raw import Dump  # noqa: E402
from tools.tracefs import guest, tfs1  # noqa: E402

SERVED = "tracefs: served on the "
PAUSE = 0.002  # seconds, where no CPU has a complete page
NOTHING = ("ftrace=", "trace_event=")  # without one, nothing would be recorded
DEFAULT = "ftrace=function"
# The rings hold what happens until the server is there: KiB of a CPU, as long
# as all take an eighth of the memory at most. The kernel's own size is LEAST.
RING, LEAST, SHARE = 8192, 1408, 8


# ---- what describes the events -----------------------------------------------

class Description:
    """The formats, names and counts of a guest's trace. It takes hundreds of
    requests: turn() is called in between, so that no ring fills."""

    def __init__(self, client, turn):
        self.client, self.dump = client, Dump()
        self.dump.header_page = self.lines("events/header_page")
        self.dump.header_event = self.lines("events/header_event")
        self.dump.printk = self.lines("printk_formats")
        self.kallsyms = client.cat("kallsyms")
        self.clock = client.cat("trace_clock").decode().strip()
        self.systems = {}
        for system in self.folders("events"):
            turn()
            texts = {name: client.cat(f"events/{system}/{name}/format")
                     for name in self.folders(f"events/{system}")}
            if system == "ftrace":
                self.dump.formats = {name: text.decode().splitlines()
                                     for name, text in texts.items()}
            elif texts:
                self.systems[system] = [text.decode()
                                        for text in texts.values()]
        self.stats = []
        self.names()

    def lines(self, path):
        return self.client.cat(path).decode().splitlines()

    def folders(self, path):
        return sorted(name for name, mode, _ in self.client.readdir(path)
                      if mode & 0o170000 == 0o040000)

    def names(self):
        """The tasks known now."""
        self.dump.cmdlines = self.lines("saved_cmdlines")

    def counts(self):
        """What was read and lost, once tracing is off."""
        self.stats = [f"CPU: {cpu}\n".encode() + self.client.cat(
            f"per_cpu/cpu{cpu}/stats") for cpu in range(self.client.cpus)]

    def count(self, name):
        """A line of the counts, over all CPUs."""
        return sum(int(line.split(b": ")[1]) for text in self.stats
                   for line in text.splitlines()
                   if line.startswith(name + b": "))


# ---- pages -------------------------------------------------------------------

class Recorder:
    """Copies pages of the rings into a file for each CPU in a folder."""

    def __init__(self, client, folder):
        self.client = client
        self.handles = [client.open(
            f"per_cpu/cpu{cpu}/trace_pipe_raw",
            tfs1.F_READ | tfs1.F_NONBLOCK) for cpu in range(client.cpus)]
        self.paths = [pathlib.Path(folder, f"cpu{cpu}")
                      for cpu in range(client.cpus)]
        self.description = Description(client, self.turn)

    def turn(self):
        """One read for each CPU. Return: was there a page?"""
        some = False
        for handle, path in zip(self.handles, self.paths):
            try:
                pages = self.client.read(handle, tfs1.MAX_PAYLOAD)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                continue
            if pages:
                with open(path, "ab") as file:
                    file.write(pages)
                some = True
        return some

    def stop(self):
        """Tracing goes off; the rest is read, incomplete pages too."""
        self.client.echo("tracing_on", b"0")
        while self.turn():
            pass
        self.description.names()
        self.description.counts()

    def write(self, output):
        """The trace.dat, which appears only when it is complete."""
        said = self.description
        sizes = [path.stat().st_size if path.exists() else 0
                 for path in self.paths]
        part = output.with_name(output.name + ".part")
        try:
            with open(part, "wb") as file:
                file.write(dat_write.head(
                    said.dump, said.kallsyms, sizes, clock=said.clock,
                    stats=said.stats, systems=said.systems))
                for path, size in zip(self.paths, sizes):
                    if size:
                        with open(path, "rb") as pages:
                            shutil.copyfileobj(pages, file)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)


# ---- a guest -----------------------------------------------------------------

class Machine:
    """QEMU with a served shell, at which the lines of a script are typed."""

    def __init__(self, args, folder, script):
        self.log = pathlib.Path(folder, "log")
        self.script, self.typed = script, 0
        args.tracefs = str(pathlib.Path(folder, "line"))
        self.args = args
        with open(self.log, "wb") as log:
            self.qemu = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL",
                 *boot.command(args, "stdio")], stdin=subprocess.PIPE,
                stdout=log, stderr=subprocess.PIPE, start_new_session=True)

    def client(self):
        guest.wait_for(lambda: SERVED in self.text() or self.ended(),
                       guest.START, "the guest does not serve its tree")
        if self.ended():
            raise self.death()
        return tfs1.Client(self.args.tracefs)

    def text(self):
        return guest.read_log(self.log)

    def ended(self):
        return self.qemu.poll() is not None

    def feed(self):
        """Types the next line where the shell asks for one. Return: is the
        script at its end, and its last line done?"""
        times, _ = boot.waiting(self.log.read_bytes())
        if times <= self.typed:
            return False
        if self.typed == len(self.script):
            return True
        self.qemu.stdin.write(self.script[self.typed].encode() + b"\n")
        self.qemu.stdin.flush()
        self.typed += 1
        return False

    def death(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.qemu.wait(guest.GRACE)
        status = self.qemu.poll()
        if not self.text():
            errors = self.qemu.stderr.read().decode(errors="replace").strip()
            return guest.Failure(boot.not_started(self.args, errors or "QEMU"))
        return guest.died(self.text(), status)

    def end(self):
        self.qemu.kill()
        self.qemu.communicate()


def follow(recorder, machine, end):
    """Copies pages until the run is over."""
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < end:
            if not recorder.turn():
                time.sleep(PAUSE)
            if machine.script and machine.feed():
                return
        if machine.script:
            raise guest.Failure("the script does not come to its end: line "
                                f"{machine.typed}, "
                                f"'{machine.script[machine.typed - 1]}'")


def record(args, machine, folder):
    """Return: a sentence about what was recorded. Raises guest.Failure."""
    recorder, output = None, pathlib.Path(args.output)
    try:
        recorder = Recorder(machine.client(), folder)
        follow(recorder, machine, time.monotonic() + args.seconds)
        recorder.stop()
    except (ConnectionError, TimeoutError):
        failure = machine.death()
        if recorder:
            recorder.write(output)
            raise guest.Failure(f"{failure}; {output} has what was read "
                                "before", failure.status) from None
        raise failure from None
    recorder.write(output)
    said = recorder.description
    lost = said.count(b"overrun") + said.count(b"dropped events")
    return (f"{output}: {said.count(b'read events')} events, {lost} lost, "
            f"{recorder.client.cpus} CPUs, {output.stat().st_size} bytes")


# ---- the command line --------------------------------------------------------

def seconds(text):
    value = float(text)
    if not 0 < value <= 86400:
        raise ValueError
    return value


def options():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in [("smp", "4"), ("mem", "256M"), ("accel", "tcg"),
                          ("cpu", "max"), ("firmware", "bios"),
                          ("append", "")]:
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("-o", "--output", required=True, metavar="OUT")
    parser.add_argument("--seconds", type=seconds,
                        help="of the run (1); with --script its most (600)")
    parser.add_argument("--script", metavar="FILE",
                        help="lines for the guest's shell, instead of a busy "
                        "workload")
    args = parser.parse_args()
    args.tracefs_line, args.qemu = "virtio", []
    args.iso = args.gdb = args.log = None
    args.seconds = args.seconds or (600 if args.script else 1)
    return args


def words(args, script):
    """The kernel's command line; what the user says comes last and counts."""
    room = int(boot.megabytes(args.mem) * 1024 / SHARE / int(args.smp))
    found = [guest.WORDS] + [guest.BUSY] * (not script)
    if room > LEAST:
        found.append(f"trace_buf_size={min(room, RING)}K")
    if not script and not any(word in args.append for word in NOTHING):
        found.append(DEFAULT)
    return " ".join([*found, args.append])


def main():
    args = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("record.py: ended"))
    try:
        if refusal := boot.refusal(args):
            raise guest.Failure(refusal)
        script = []
        if not pathlib.Path(args.output).parent.is_dir():
            raise guest.Failure(f"OUT={args.output}: there is no such folder")
        if args.script:
            script = pathlib.Path(args.script).read_text(
                encoding="utf-8").splitlines()
        args.append = words(args, script)
        with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
            machine = Machine(args, folder, script)
            try:
                print(record(args, machine, folder))
            finally:
                machine.end()
    except (guest.Failure, OSError, UnicodeDecodeError) as failure:
        print(f"record.py: {failure}", file=sys.stderr)
        return getattr(failure, "status", 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
