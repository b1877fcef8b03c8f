# SPDX-License-Identifier: MIT
# parts: torture 8
"""`make bench-cycles`: the kernel's hot paths as a user program."""
import os
import shutil
import subprocess
import sys

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON

BENCH = qemu.ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))

import cycles  # noqa: E402
import rows  # noqa: E402

ROWS = ["call.ops1", "call.ops1_recursion", "call.ops1_regs", "call.ops2",
        "call.ops4", "call.ops16", "call.ops16_regs", "call.direct_min",
        "call.direct_call", "call.direct_call_ops1", "call.direct_call_ops2",
        "call.list2", "call.list4", "call.list16", "call.kprobe_ftrace",
        "call.fprobe_graph", "call.kretprobe_graph", "event.enabled",
        "event.filter_rejects", "event.filter_rejects_common",
        "event.filter_accepts", "event.trigger_rejects", "hist.one_key",
        "hist.three_keys", "call.function_ring", "call.function_tracing_off",
        "call.graph_ring", "call.graph_tracing_off"]


@pytest.fixture(scope="module")
def program(elf, tmp_path_factory):
    build = os.path.relpath(qemu.BUILD, qemu.ROOT)
    return cycles.link(str(qemu.ROOT), build,
                       str(tmp_path_factory.mktemp("cycles") / "new"))


def test_each_row_costs_something(program):
    """The program itself ends badly if a call has not written its events."""
    found = cycles.run(program)
    assert list(found) == ROWS
    assert all(0 < ticks < 10000 for ticks in found.values())
    assert found["call.function_ring"] > found["call.function_tracing_off"]
    assert found["call.graph_ring"] > found["call.function_ring"]


def test_rows_are_those_of_the_benchmarks():
    """But fprobes by the graph, which `make bench` has by generated code."""
    others = {name for name in ROWS if name not in rows.BY_NAME}
    assert others == {"call.fprobe_graph", "call.kretprobe_graph"}


def test_what_an_older_commit_lacks_is_left_out(tmp_path, capsys):
    """And of this tree it is an error."""
    source = tmp_path / "novel.c"
    source.write_text('#include "trace/novel.h"\n')
    older = tmp_path / "tree"
    (older / "trace").mkdir(parents=True)
    (older / "trace" / "arch_ftrace.h").write_text("")
    target = str(tmp_path / "novel.o")
    assert not cycles.compile_rows(str(older), "build", str(source), target)
    assert "novel.c: the older commit lacks" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="trace/novel.h: No such file"):
        cycles.compile_rows(str(qemu.ROOT), "build", str(source), target)


def slower(factor):
    """A program whose one row costs so much."""
    return lambda name: {"call.ops1": 4.0 * (factor if name == "new" else 1)}


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_the_median_of_the_ratios_counts(monkeypatch, factor):
    """One turn in which the host was busy changes nothing."""
    turns = iter([9.0] * cycles.RUNS + [1.0] * 4 * cycles.RUNS)

    def run(name):
        ticks = slower(factor)(name)
        late = next(turns) if name == "new" else 1.0
        return {row: value * late for row, value in ticks.items()}
    monkeypatch.setattr(cycles, "run", run)
    (name, _, _, ratio), = cycles.compare("new", "old")
    assert name == "call.ops1"
    assert ratio == pytest.approx(factor)


@pytest.mark.parametrize("old, new, ratio, is_slower", [
    (20, 20.5, 1.025, True), (20, 20.3, 1.015, False), (20, 19, 0.95, False),
    (1.1, 1.15, 1.045, False)])
def test_what_is_called_slower(old, new, ratio, is_slower):
    """Not a tenth of a tick, which comes and goes."""
    assert cycles.slower(old, new, ratio) == is_slower


def test_a_program_that_ends_badly_is_an_error(tmp_path):
    program = tmp_path / "bad"
    program.write_text("#!/bin/sh\necho a tracer has no ops\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(SystemExit, match="ended with 1: a tracer has no ops"):
        cycles.run(str(program))


def test_a_shallow_clone_gets_a_sentence(tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1",
                    qemu.ROOT.as_uri(), clone], check=True)
    # As the tree is now, also before it is committed.
    shutil.copytree(qemu.ROOT / "tests", clone / "tests", dirs_exist_ok=True)
    done = subprocess.run([*PYTHON, "tests/bench/cycles.py"], cwd=clone,
                          text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert "bench-cycles: this clone is shallow and lacks " in done.stderr
    assert "git fetch --unshallow" in done.stderr


def test_an_unknown_base_is_quoted():
    done = subprocess.run([*PYTHON, str(BENCH / "cycles.py")], text=True,
                          capture_output=True, check=False,
                          env={**os.environ, "BASE": "no-such-commit"})
    assert done.returncode != 0
    assert "BASE=no-such-commit: there is no such commit" in done.stderr
