# SPDX-License-Identifier: MIT
"""Boots nop5-debug.elf with mode=theatre, and takes the scenes from its log.

Where instructions are counted (clock "insn"), a seed gives the same log in
every run of the same image and QEMU.
"""
import argparse
import hashlib
import pathlib
import re
import subprocess
import tempfile

from tools import run as machine
from tools.theatre.judge import judge
from tools.theatre.scene import SceneError, parse

LIMIT = 300  # seconds; only what hangs takes so long
SEEDS = 50   # seeds that are tried for one that tears
TEARS = "naive"  # the scene that is expected to
MARK = re.compile(r"^THEATRE (BEGIN|END) (\S+)$")


def boot(kernel, smp, words, clock="insn", more=()):
    """The log of one boot. Raises SceneError if it does not end well."""
    counted = ["-icount", "shift=0,sleep=off"] if clock == "insn" else []
    args = argparse.Namespace(
        smp=str(smp), mem="256M", cpu="max", accel="tcg", firmware="bios",
        kernel=str(kernel), iso=None, qemu=[*counted, *more],
        append=f"mode=theatre {words}" + (" icount=1" if counted else ""))
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
        serial = pathlib.Path(folder, "serial")
        serial.touch()
        try:
            done = subprocess.run(
                machine.command(args, f"file:{serial}"), timeout=LIMIT,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, check=False)
        except subprocess.TimeoutExpired:
            raise SceneError(f"no end after {LIMIT} s: the kernel hangs") \
                from None
        log = serial.read_text(encoding="utf-8", errors="replace")
    problem = machine.verdict(done.returncode, log.encode())
    if problem:
        tail = "\n".join(log.splitlines()[-5:] or
                         [done.stderr.decode(errors="replace").strip()])
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


def record(kernel, smp, method, seed, clock="insn"):
    """The scenes of one boot; method None: all that the kernel has."""
    words = f"seed={seed}" + (f" scene={method}" if method else "")
    scenes = parse(between_marks(boot(kernel, smp, words, clock)),
                   f"seed {seed}")
    about = identity(kernel)
    for scene in scenes:
        scene.about.update(about)
    return scenes


def tears(scenes):
    return any(scene.about["method"] == TEARS and judge(scene).torn
               for scene in scenes)


def search(kernel, smp, method, say=print):
    """The scenes of the first seed that tears the naive method."""
    for seed in range(1, SEEDS + 1):
        scenes = record(kernel, smp, method, seed)
        if tears(scenes):
            words = f"METHOD={method} " if method else ""
            say(f"seed {seed} tears: make theatre {words}SEED={seed} "
                "shows it again")
            return scenes
    raise SceneError(f"none of the seeds 1 to {SEEDS} tears {TEARS}")
