# SPDX-License-Identifier: MIT
# parts: test-all 1, torture 35
"""README.md, "Use the tools you know": its transcripts are real. Each command
is typed again and compared; figures and bars of graphs may differ, and "..."
stands for any lines. Needs root, /dev/fuse and a host with tracefs.

    /usr/bin/python3 tests/test_tracefs_docs.py

writes what the commands print now into README.md.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tests import qemu  # noqa: E402
from tests.test_docs import BLOCKS, PATH, aligned  # noqa: E402
from tools.tracefs import mounts  # noqa: E402

GOALS = "trace-cmd|host|ftracetest|kernelshark"
COMMAND = re.compile(rf"\$ (make (?:{GOALS})\b.*)")
# Of `make ftracetest` alone, so it is in none of the lists of the tests.
SUITE = pathlib.Path("/usr/src", "linux-source-6.1.tar.xz")
# tests/run.py gives each part an ONLY of its own.
OURS = ("ONLY", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def steps(block):
    """[(command, lines that follow it)]"""
    found = []
    for line in block.splitlines():
        if match := COMMAND.fullmatch(line):
            found.append((match[1], []))
        else:
            found[-1][1].append(line)
    return found


STEPS = [step for block in BLOCKS if COMMAND.match(block.splitlines()[0])
         for step in steps(block)]


def key(line):
    line = re.sub(r"(0x)?[0-9a-f]*\d[0-9a-f.]*", "#", line)
    return re.sub(r"\s+", " ", line.replace("#", " # ").rstrip("| ")
                  if "|" not in line else line.split("|")[0]).strip()


def play(command):
    env = {name: value for name, value in os.environ.items()
           if name not in OURS} | {"BUILD": str(qemu.BUILD)}
    done = subprocess.run(
        ["sh", "-c", command.replace("make ", f"make BUILD={qemu.BUILD} ", 1)],
        cwd=qemu.ROOT, env=env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=200, check=False)
    return done.stdout.replace(f"{qemu.BUILD}/", "build/")


def test_each_tool_has_a_transcript():
    text = "\n".join(command for command, _ in STEPS)
    for tool in ("trace-cmd ARGS", "trace-cmd record", "trace-cmd report",
                 "perf ftrace", "funccount-perf", "make ftracetest"):
        assert tool in text


def test_the_picture_is_there():
    names = re.findall(r"!\[KernelShark.*?\]\((.*?)\)", PATH.read_text("utf-8"))
    assert len(names) == 1
    assert (qemu.ROOT / names[0]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.torture
@pytest.mark.skipif(mounts.missing() is not None,
                    reason=str(mounts.missing()))
@pytest.mark.parametrize("command, lines", STEPS,
                         ids=[command for command, _ in STEPS])
def test_transcript(command, lines):
    if "ftracetest" in command and not os.path.exists(SUITE):
        pytest.skip("needs Debian's package linux-source-6.1")
    output = play(command)
    for line, found in aligned(lines, output, key):
        assert found is not None, f"{line!r} is not in\n{output}"


def test_another_line_is_noticed():
    actual = "a 1\n0 - 1 us | 5 | ###\nb\n"
    assert all(found for _, found in aligned(
        ["a 2", "0 - 1 us | 77 | ##########", "b"], actual, key))
    assert [found for _, found in aligned(["a 2", "c"], actual, key)][1] is None


def renew():
    text = PATH.read_text(encoding="utf-8")
    for command, lines in STEPS:
        old = "".join(f"{line}\n" for line in lines)
        new = "".join(f"{found or line}\n"
                      for line, found in aligned(lines, play(command), key))
        text = text.replace(f"$ {command}\n{old}", f"$ {command}\n{new}")
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
