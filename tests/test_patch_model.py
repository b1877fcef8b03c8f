# SPDX-License-Identifier: MIT
# parts: test 7, test-all 9
"""Spin checks the model of the patch protocol, whole and with parts missing."""
import re
import subprocess

import pytest

from tests import qemu

MODEL = qemu.ROOT / "tests" / "model" / "text_poke.pml"
# Without the NMI the state space is 20 times smaller, and enough to fail in.
SMALL = ["NO_NMI"]


def check(directory, defines):
    """Number of errors, their text, and whether the search was complete."""
    options = [f"-D{name}" for name in defines]
    subprocess.run(["spin", "-a", *options, str(MODEL)], cwd=directory,
                   check=True, stdout=subprocess.DEVNULL, timeout=60)
    # To search a small space takes less time than to optimise the search.
    level = "-O0" if defines else "-O2"
    subprocess.run(["gcc", level, "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", "-o",
                    "pan", "pan.c"], cwd=directory, check=True, timeout=120)
    out = subprocess.run(["./pan", "-m100000"], cwd=directory, check=False,
                         capture_output=True, text=True, timeout=400).stdout
    errors = int(re.search(r"errors: (\d+)", out)[1])
    complete = "max search depth too small" not in out
    return errors, out, complete


@pytest.mark.parametrize("defines", [
    # Two processors, two batches, an NMI.
    pytest.param([], marks=pytest.mark.slow),
    SMALL + ["NBATCH=3"],
    ["NCPU=1", "NBATCH=4"],
    # On hardware the third round replaces looking at the bytes.
    SMALL + ["HARDWARE", "NO_LATE"],
    # And looking at the bytes replaces the third round.
    SMALL + ["NO_SYNC3"],
], ids=" ".join)
def test_protocol_holds(tmp_path, defines):
    errors, out, complete = check(tmp_path, defines)
    assert errors == 0 and complete, out


@pytest.mark.parametrize("missing", [
    ["NO_SYNC1"], ["NO_SYNC2"], ["NO_REFS"], ["NO_SEQ"], ["NO_RECHECK"],
    ["HEAD_FIRST"], ["EMULATE_OLD"], ["NO_LATE"],
    ["HARDWARE", "NO_LATE", "NO_SYNC3"],
], ids=" ".join)
def test_every_other_part_is_needed(tmp_path, missing):
    errors, out, _ = check(tmp_path, SMALL + missing)
    assert errors == 1, out
