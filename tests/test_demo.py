# SPDX-License-Identifier: MIT
# parts: test-all 10
"""The demo for a class: lines for scripts that hold what was checked, and a
demo that waits for Enter between its steps."""
import re
import subprocess

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON

ACTS = ["machine", "patch", "consumers", "list", "direct", "graph"]


def results(log):
    """{act: {key: value}} of the RESULT lines."""
    return {act: dict(pair.split("=") for pair in rest.split())
            for act, rest in re.findall(r"^RESULT act=(\w+) (.*)$", log,
                                        re.MULTILINE)}


@pytest.mark.parametrize("smp", [1, 4])
def test_each_act_has_its_result(smp):
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=smp).boot().ok().log
    found = results(log)
    assert set(ACTS) <= set(found)
    assert found["machine"]["cpus"] == str(smp)
    assert found["patch"]["calls"] == found["patch"]["counted"]
    assert found["direct"]["new_missed"] == "0"
    assert int(found["direct"]["old_missed"]) > 0
    assert int(found["list"]["list_per_chain_x10"]) > 10
    calls, seen = (int(found["list"][key]) for key in ("calls", "seen"))
    assert seen == 2 * calls
    # What the lines say is what the acts print.
    made = re.search(r"calls made +([\d,]+)", log)[1].replace(",", "")
    assert made == found["patch"]["calls"]
    assert f"called {'on the only CPU' if smp == 1 else 'on 4 CPUs'} all" \
        in log


def test_the_displacement_is_computed_as_the_manual_says():
    """SDM 2A, CALL rel32: relative to the next instruction."""
    log = qemu.Machine(kernel=qemu.SHIPPED, smp=1).boot().ok().log
    target, end, rel32, tail = re.search(
        r"rel32 = target - end of the call = (\w+) - (\w+) = (\w+), low byte "
        r"first: ([\da-f ]{11})", log).groups()
    assert (int(target, 16) - int(end, 16)) & 0xffffffff == int(rel32, 16)
    assert int(rel32, 16).to_bytes(4, "little").hex(" ") == tail
    assert f"after        e8 {tail}   call demo_first" in log


def run(append, lines):
    done = subprocess.run(
        [*PYTHON, "tools/run.py", "--smp", "2", "--kernel",
         str(qemu.SHIPPED), "--append", append, "--interactive",
         "--timeout", "60"], input=lines, cwd=qemu.ROOT, text=True,
        stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout


def test_step_by_step():
    status, log = run("mode=demo step=on", "")
    stops = re.findall(r"^ +\(Enter: (.*)\)$", log, re.MULTILINE)
    assert status == 0
    assert stops.count("begins the act") == len(re.findall("^=== ", log, re.M))
    steps = ["publish", "int3", "sync", "tails", "sync", "first byte", "sync",
             "rewrite", "retire"]
    first = stops.index("publish")
    assert stops[first:first + len(steps)] == steps
    # The bytes at each stop: NOP, INT3 with the old tail, with the new one.
    shown = re.findall(r"^    now +((?:\w\w ){5}).*\n +\(Enter: (.*)\)$", log,
                       re.MULTILINE)
    by = {next_step: row.split() for row, next_step in shown}
    assert by["publish"] == by["int3"] == "0f 1f 44 00 00".split()
    assert by["tails"] == "cc 1f 44 00 00".split()
    assert by["first byte"][0] == "cc" and by["first byte"][1:] == \
        by["rewrite"][1:]
    assert by["rewrite"][0] == by["retire"][0] == "e8"


def test_ctrl_c_ends_the_waits():
    status, log = run("mode=demo step=on", "\x03")
    assert status == 0
    assert log.count("(Enter: ") == 1
    assert set(ACTS) <= set(results(log))
