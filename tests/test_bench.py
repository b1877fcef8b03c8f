# SPDX-License-Identifier: MIT
# parts: test-all 20
"""The benchmarks: no deterministic figure gets worse unnoticed.

Rows are measured anew and compared with tests/bench/history.tsv. A change
that is worth its price is recorded in the same commit:
tests/bench/run.py --record "reason".
"""
import os
import re
import subprocess
import sys

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON

BENCH = qemu.ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))

import history  # noqa: E402
import machine as bench_machine  # noqa: E402
import plot  # noqa: E402
import results  # noqa: E402
import rows  # noqa: E402


def line(row, value, **changes):
    fields = dict(row=row, value=str(value), unit="insn", commit="abc",
                  date="2025-01-01", gcc="1.0", nasm="2.0", qemu="3.0",
                  reason="first")
    return history.Line(**{**fields, **changes})


def versions(**changes):
    return {"gcc": "1.0", "nasm": "2.0", "qemu": "3.0", **changes}


# ---- the judges themselves --------------------------------------------------

@pytest.mark.parametrize("value, worse", [
    (100, False), (104.9, False), (105.1, True), (50, False)])
def test_five_percent_is_the_limit(value, worse):
    recorded = {"call.ops2": line("call.ops2", 100)}
    found = history.regressions({"call.ops2": value}, recorded)
    assert bool(found) == worse


@pytest.mark.parametrize("values, words", [
    ({"call.ops1": 30, "call.nop_site": 5}, "call.ops1: 25, the target is 22"),
    ({"call.ops1": 27, "call.nop_site": 5}, None),
    ({"call.ops1": 30}, None),  # nothing to tell what is above the call
    ({"call.ops2_irr100": 44, "call.ops2": 38, "call.nop_site": 5},
     "call.ops2_irr100: 39, the target is 38"),
    ({"call.ops2_irr100": 43, "call.ops2": 38, "call.nop_site": 5}, None),
    ({"mem.trampoline": 129}, "mem.trampoline: 129, the target is 128"),
])
def test_targets_are_limits(values, words):
    recorded = {name: line(name, value) for name, value in values.items()}
    assert history.regressions(values, recorded) == [words] * bool(words)


def test_calibration_may_not_move_at_all():
    recorded = {"calib.nop2000": line("calib.nop2000", 2000)}
    assert history.regressions({"calib.nop2000": 2001}, recorded)


def test_a_row_never_recorded_is_found():
    assert history.regressions({"call.ops1": 1}, {})


def test_rows_of_the_host_are_not_compared():
    assert not history.regressions({"patch.enable_all.us_per_site": 1e9}, {})


def test_wall_time_is_compared_in_one_run_only():
    row = rows.BY_NAME["patch.enable_all.us_per_site"]
    assert row.kind == "wall" and not row.target
    values = {row.name: 2.0}, {row.name: 40.0}
    assert "| 2 |  |  | - | - |" in rows.table(*values, [row])[-1]
    assert "| 2 |  |  | 40 | 20.0 |" in rows.table(*values, [row], True)[-1]


def test_the_boot_has_its_target_as_limit():
    assert not history.regressions({"boot.to_first_act": 4.4e6}, {})
    assert history.regressions({"boot.to_first_act": 4.6e6}, {})


def test_other_versions_are_not_compared():
    recorded = {"call.ops1": line("call.ops1", 1)}
    assert history.other_versions(versions(), recorded) is None
    assert "gcc" in history.other_versions(versions(gcc="1.1"), recorded)


def test_the_last_line_is_in_force():
    lines = [line("call.ops1", 1), line("call.ops1", 2)]
    assert history.in_force(lines)["call.ops1"].value == "2"


def test_a_missing_row_is_named():
    values = {row.name: 1.0 for row in rows.ROWS}
    assert rows.missing(values, "ours") == []
    del values["call.ops1"]
    assert rows.missing(values, "ours") == ["call.ops1"]


def test_table_subtracts_the_bare_call_and_judges():
    ours = {"call.nop_site": 5, "call.ops1": 30, "call.ops2": 45}
    linux = {"call.nop_site": 5, "call.ops1": 39}
    text = "\n".join(rows.table(ours, linux))
    assert "| call.ops1 | insn | 25 | 22 | MISSED | 34 | 1.4 |" in text
    assert "| call.ops2 | insn | 40 | 50 | met | - | - |" in text


def recorded_values():
    return {name: float(one.value)
            for name, one in history.in_force(history.read()).items()}


def test_the_acts_have_the_figures_in_force():
    """Of both sides; run /usr/bin/python3 tests/bench/results.py if not."""
    header = (qemu.ROOT / "demo/figures.h").read_text("utf-8")
    assert header == results.demo_figures(*results.recorded())
    assert "\tLINUX_CALL_OPS2 = 212," in results.demo_figures(
        recorded_values(), {**results.recorded()[1], "call.ops2": 217.0})
    assert header != results.demo_figures(
        recorded_values(), {**results.recorded()[1], "call.ops2": 218.0})


def test_results_have_instructions_and_ticks(monkeypatch):
    """Side by side, for the rows that have both."""
    monkeypatch.setattr(results, "read_ticks", lambda: (
        "ticks; old is 1234567", [["calib.rdtsc", "9.00", "9.00", "1.000"],
                                  ["call.ops1", "4.00", "3.90", "0.975"],
                                  ["call.list2", "9.00", "9.08", "1.030"],
                                  ["call.list4", "9.00", "9.45", "1.050"],
                                  ["call.function_ring", "10.00", "9.50",
                                   "0.950"],
                                  ["call.graph_ring", "60.0", "48.0",
                                   "0.800"]]))
    values = recorded_values()
    text = results.text(values, rows.read_values(rows.LINUX_FIGURES),
                        versions())
    assert "| Linux / ours | ticks, new / old |" in text
    assert re.search(r"^\| call\.ops1 \|.* \| 34 \| [\d.]+ \| 0\.975 \|$",
                     text, re.M)
    assert re.search(r"^\| call\.ops2 \|.* \| - \|$", text, re.M)
    assert text.endswith(
        "The limits of new / old are 0.90 for `call.function_ring`, 0.90 for "
        "`call.graph_ring`, and 1.02 for every other row that is more than 0.1 "
        "ticks slower: "
        "`call.list4` takes 1.050; `call.function_ring` takes 0.950.\n")
    assert results.above_limits([["call.ops1", "4.00", "3.90", "0.975"]]) \
        .endswith(": none is above.\n")


def test_the_results_have_the_ticks_of_the_last_record(monkeypatch):
    with open(results.RESULTS, encoding="utf-8") as file:
        text = file.read()
    assert text == results.with_ticks(text)
    first, lines = results.read_ticks()
    monkeypatch.setattr(results, "read_ticks", lambda: (
        first, [[name, old, new, "0.123"] for name, old, new, _ in lines]))
    renewed = results.with_ticks(text)
    shown = sum(text.count(f"| {name} | ") for name, *_ in lines)
    assert renewed.count(" 0.123 |") == shown > len(lines)


def test_plots_are_drawn_from_both_sides(tmp_path):
    values = rows.read_values(rows.LINUX_FIGURES)
    plot.draw(values, values, str(tmp_path))
    for name in ("calls.svg", "patch.svg"):
        text = (tmp_path / name).read_text()
        assert "nop5" in text and "Linux" in text


def test_without_gnuplot_nothing_is_measured(tmp_path):
    """At once, not after some minutes or with a word that nobody reads."""
    done = run_bench("--build", str(tmp_path), "--rows", "calib.empty",
                     PATH=str(tmp_path))
    assert done.returncode != 0
    assert "bench: gnuplot, which draws the plots, is missing" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_readme_has_the_recorded_figures():
    """And both plots; all are written by --record, so they agree."""
    with open(results.README, encoding="utf-8") as file:
        text = file.read()
    recorded = history.in_force(history.read())
    values = {name: float(one.value) for name, one in recorded.items()}
    for name, words in results.SHORT:
        shown = rows.text(rows.BY_NAME[name].above(values))
        assert f"| {words} | {shown} |" in text
    for name in ("calls.svg", "patch.svg"):
        assert f"tests/bench/plots/{name}" in text


def test_history_gives_a_reason_on_every_line():
    lines = history.read()
    assert lines, "tests/bench/history.tsv is empty"
    for recorded in lines:
        assert recorded.reason.strip(), recorded
        assert recorded.row in rows.BY_NAME, recorded
        float(recorded.value)


def test_the_readme_says_how_many_functions_there_are(elf):
    """To a quarter: the kernel grows."""
    text = " ".join((BENCH / "README.md").read_text().split())
    said = re.search(r"nop5-test\.elf some ([\d,]+);", text).group(1)
    marks = subprocess.run(["nm", str(elf)], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    at = {name: int(value, 16) for value, name in re.findall(
        r"^(\S+) \S (__st\w+_mcount_loc)$", marks, re.M)}
    there = (at["__stop_mcount_loc"] - at["__start_mcount_loc"]) / 8
    assert there / 1.25 < int(said.replace(",", "")) < there * 1.25


# ---- the figures -------------------------------------------------------------

def run_bench(*arguments, **environment):
    return subprocess.run(
        [*PYTHON, str(BENCH / "run.py"), "--build", str(qemu.BUILD),
         *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=300, check=False,
        env={**os.environ, **environment})


@pytest.fixture(scope="module")
def figures(elf):
    done = run_bench("--kinds", ",".join(history.COUNTED))
    assert done.returncode == 0, done.stderr
    return rows.read_values(qemu.BUILD / "bench.tsv")


def test_part_of_the_rows_is_no_record(elf):
    """README.md, RESULTS.md and demo/figures.h would lose the others."""
    before = [(path, path.read_bytes()) for path in
              (BENCH / "history.tsv", BENCH / "RESULTS.md",
               qemu.ROOT / "README.md", qemu.ROOT / "demo/figures.h")]
    for done in (run_bench("--record", "why", "--rows", "calib.empty"),
                 run_bench("--record", "why", ONLY="calib.empty"),
                 run_bench("--record", "why", "--kinds", "boot")):
        assert done.returncode != 0
        assert "--record needs every row" in done.stderr
    for path, was in before:
        assert path.read_bytes() == was


def test_no_figure_got_worse(figures):
    recorded = history.in_force(history.read())
    why = history.other_versions(bench_machine.versions(), recorded)
    if why:
        pytest.skip(why)
    worse = history.regressions(figures, recorded)
    assert not worse, "\n".join(worse)


def test_a_boot_without_rows_fails(elf):
    """The kernel refuses a part it does not know; so must run.py."""
    done = subprocess.run(
        [*PYTHON, "-c",
         "import sys; sys.path.insert(0, sys.argv[1]); import run, machine;"
         "run.boot(sys.argv[2], 'nonsense', 1, machine.ICOUNT, '')",
         str(BENCH), str(elf)], text=True, stderr=subprocess.PIPE,
        timeout=120, check=False)
    assert done.returncode != 0
    assert "did not end well" in done.stderr
