# SPDX-License-Identifier: MIT
"""`make release`: one folder with what people take away.

    nop5.iso                     boots by BIOS and UEFI: the demo, or from its
                                 menu the shell and the suites
    nop5.elf nop5-test.elf       the images, with symbols; without debug
                                 information, as nasm puts the folder into it
    theatre/METHOD.html          a patch byte by byte, by each method
    trace.dat                    a sample trace, for trace-cmd and nop5-trace
    book/                        the book, if this tree has one
    SHA256SUMS                   of all these

The same sources and tools give the same bytes, wherever they lie: time stands
still (faketime) for the programs that write an image, and what is recorded is
recorded under counted instructions.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from tests import qemu
from tests.lab.table import METHODS
from tools.theatre import boot, page
from tools.theatre.scene import SceneError

ROOT = qemu.ROOT
MOMENT = 1767225600  # 2026-01-01, in seconds since 1970
SEED = "1"
SMP = 4
LONGEST = 900  # seconds of one program
# From build/release/theatre to the sources.
SOURCES = "../../.."
SAMPLE = "trace_dump.function_graph"


def run(*words, cwd=ROOT):
    env = os.environ | {"SOURCE_DATE_EPOCH": str(MOMENT), "TZ": "UTC",
                        "LC_ALL": "C"}
    try:
        done = subprocess.run(words, cwd=cwd, env=env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=LONGEST)
    except subprocess.SubprocessError as error:
        sys.exit(f"release: {error}")
    if done.returncode:
        sys.exit(f"release: {words[0]}: {done.stdout[-2000:]}")


def iso(build, out):
    """Programs that put the time of day into an image see one moment."""
    run("faketime", "-f", "2026-01-01 00:00:00", sys.executable,
        "tools/mkiso.py", "--timeout", "5", str(out / "nop5.iso"),
        str(build / "nop5.elf"), str(build / "nop5-test.elf"))


def stripped(path, out):
    run(os.environ.get("OBJCOPY", "objcopy"), "--strip-debug", str(path),
        str(out))
    return str(out)


def images(build, out):
    for name in ("nop5.elf", "nop5-test.elf"):
        stripped(build / name, out / name)


def theatre(build, out):
    """A page names its kernel by a sum: of one without debug information."""
    kernel = stripped(build / "nop5-debug.elf", build / "release-debug.elf")
    folder = out / "theatre"
    folder.mkdir()
    for method in METHODS:
        scenes = boot.record(kernel, SMP, method, SEED)
        (folder / f"{method}.html").write_text(page.build(scenes, SOURCES),
                                               "utf-8")


def sample(build, out):
    """The trace that the suite trace_dump prints, as a trace.dat."""
    machine = qemu.Machine(smp=2, icount=0, kernel=build / "nop5-test.elf")
    log = machine.boot(f"mode=tests tests={SAMPLE} dump=on "
                       "icount=1", timeout=300)
    log.ok(tests=True)
    path = build / "release.log"
    path.write_text(log.log, "utf-8")
    run(sys.executable, "tools/nop5-trace", "convert", str(path), "--elf",
        str(build / "nop5-test.elf"), "-o", str(out / "trace.dat"))


def book(build, out):
    """As `make book` has left it, but for its page of the theatre."""
    if not (build / "book/index.html").exists():
        return
    shutil.copytree(build / "book", out / "book", ignore=shutil.
                    ignore_patterns(".buildinfo", ".doctrees"))
    if (out / "book/theatre.html").exists():
        run(sys.executable, "-m", "tools.theatre.make", "--smp", str(SMP),
            "--kernel", str(build / "release-debug.elf"), "-o",
            str(out / "book/theatre.html"))


def checksums(out):
    """In the form that `sha256sum -c` reads."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  "
        f"{path.relative_to(out).as_posix()}\n" for path in files)


def release(build, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for part in (iso, images, theatre, sample, book):
        part(build, out)
    (out / "SHA256SUMS").write_text(checksums(out), "utf-8")


def main():
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    args = parser.parse_args()
    try:
        release(args.build.absolute(), args.output.absolute())
    except (SceneError, OSError, AssertionError) as error:
        sys.exit(f"release: {error}")
    print(args.output)


if __name__ == "__main__":
    main()
