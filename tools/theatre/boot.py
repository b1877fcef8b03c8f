# SPDX-License-Identifier: MIT
"""Boots nop5-debug.elf with mode=theatre, and takes the scenes from its log.

Where instructions are counted (clock "insn"), a seed gives the same log in
every run of the same image and QEMU.
"""
import argparse
import contextlib
import hashlib
import pathlib
import re
import subprocess
import tempfile
import time

from tools import run as machine
from tools.theatre.judge import judge
from tools.theatre.scene import SceneError, parse

LIMIT = 300  # seconds; only what hangs takes so long
SEEDS = 50   # seeds that are tried for one that tears
TEARS = "naive"  # the scene that is expected to
MARK = re.compile(r"^THEATRE (BEGIN|END) (\S+)$")


def wait(qemu, serial, enough):
    """Waits for the end, or until enough(log so far) and then stops it.
    Returns whether it was stopped."""
    end = time.monotonic() + LIMIT
    while qemu.poll() is None:
        if enough(serial.read_text(encoding="utf-8", errors="replace")):
            return True
        if time.monotonic() > end:
            raise SceneError(f"no end after {LIMIT} s: the kernel hangs")
        with contextlib.suppress(subprocess.TimeoutExpired):
            qemu.wait(0.1)
    return False


def boot(kernel, smp, words, clock="insn", enough=lambda log: False,
         more=()):
    """The log of one boot, or of its beginning if that is enough. Raises
    SceneError if it does not end well."""
    counted = ["-icount", "shift=0,sleep=off"] if clock == "insn" else []
    args = argparse.Namespace(
        smp=str(smp), mem="256M", cpu="max", accel="tcg", firmware="bios",
        kernel=str(kernel), iso=None, qemu=[*counted, *more],
        append=f"mode=theatre {words}" + (" icount=1" if counted else ""))
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
        serial = pathlib.Path(folder, "serial")
        serial.touch()
        errors = pathlib.Path(folder, "errors")
        with errors.open("wb") as stderr, subprocess.Popen(
                machine.command(args, f"file:{serial}"), stderr=stderr,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as qemu:
            try:
                stopped = wait(qemu, serial, enough)
            finally:
                qemu.kill()
        log = serial.read_text(encoding="utf-8", errors="replace")
        said = errors.read_text(encoding="utf-8", errors="replace")
    problem = machine.verdict(qemu.returncode, log.encode())
    if problem and not stopped:
        tail = "\n".join(log.splitlines()[-5:] or [said.strip()])
        raise SceneError(f"{problem}\n{tail}")
    return log


def between_marks(log):
    """The lines between the marks. Raises SceneError if a mark is missing or
    another line stands between them."""
    inside, kept = None, []
    for nr, row in enumerate(log.splitlines(), 1):
        found = MARK.match(row)
        if found:
            kind, name = found.groups()
            if (kind == "END") != (inside == name) or \
                    kind == "BEGIN" and inside:
                raise SceneError(f"log:{nr}: {row!r} is out of place")
            inside = name if kind == "BEGIN" else None
        elif inside and not row.startswith('{"th":1,'):
            raise SceneError(f"log:{nr}: {row!r} stands inside a scene")
        elif inside:
            kept.append(row)
    if inside:
        raise SceneError(f"log: scene {inside} has no end")
    return "\n".join(kept)


def identity(kernel):
    """What the kernel cannot know of itself and of the machine."""
    image = pathlib.Path(kernel).read_bytes()
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], text=True,
                          capture_output=True, check=True).stdout
    gcc = re.search(rb"GCC: \([^)]*\) (\d[\d.]*)", image)
    return {"elf": hashlib.sha256(image).hexdigest()[:16],
            "qemu": re.search(r"version ([\d.]+)", qemu)[1],
            "gcc": gcc[1].decode() if gcc else "unknown"}


def scenes_of(log, kernel, seed):
    scenes = parse(log, f"seed {seed}")
    about = identity(kernel)
    for scene in scenes:
        scene.about.update(about)
    return scenes


def words_of(method, seed):
    return f"seed={seed}" + (f" scene={method}" if method else "")


def record(kernel, smp, method, seed, clock="insn"):
    """The scenes of one boot; method None: all that the kernel has."""
    log = boot(kernel, smp, words_of(method, seed), clock)
    return scenes_of(between_marks(log), kernel, seed)


def tears(log):
    """Has the naive scene torn? None: the log has not come so far."""
    rows = re.search(rf"^THEATRE BEGIN {TEARS}\n(.*?)^THEATRE END {TEARS}\n",
                     log, re.DOTALL | re.MULTILINE)
    return judge(parse(rows[1])[0]).torn > 0 if rows else None


def search(kernel, smp, method, say=print):
    """The scenes of the first seed that tears the naive method. A boot ends
    as soon as it has not."""
    for seed in range(1, SEEDS + 1):
        log = boot(kernel, smp, words_of(method, seed),
                   enough=lambda log: tears(log) is False)
        if tears(log):
            words = f"METHOD={method} " if method else ""
            say(f"seed {seed} tears: make theatre {words}SEED={seed} "
                "shows it again")
            return scenes_of(between_marks(log), kernel, seed)
    raise SceneError(f"none of the seeds 1 to {SEEDS} tears {TEARS}")
