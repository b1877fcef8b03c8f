# SPDX-License-Identifier: MIT
# parts: test-all 21
"""The laboratory shows what it is for: see tests/lab/table.py."""
import os
import subprocess

import pytest

from tests import qemu
from tests.lab import table as lab
from tests.python import COMMAND as PYTHON


@pytest.fixture(scope="module")
def results():
    return {method: lab.measure(method, 2) for method in lab.METHODS}


def test_the_right_method_passes_and_the_wrong_ones_are_caught(results):
    assert not list(lab.complaints(results))


def test_what_each_method_pays(results):
    assert results["int3"]["ipis"] == 3 * results["int3"]["patches"]
    assert results["int3"]["int3"] and not results["int3"]["stopped_us"]
    assert results["stop"]["stopped_us"] and not results["stop"]["int3"]
    assert not results["naive"]["ipis"] and not results["naive"]["int3"]


@pytest.mark.parametrize("key", ["torn", "short_torn", "wrong", "ahead1",
                                 "ahead2"])
def test_a_failure_of_int3_would_be_told(results, key):
    broken = results | {"int3": results["int3"] | {key: 1}}
    assert "int3 failed" in list(lab.complaints(broken))


@pytest.mark.parametrize("method, key, complaint", [
    ("int3", "watched1", "int3: the observer saw little"),
    ("int3", "watched2", "int3: the observer saw little"),
    ("int3-nosync", "ahead1", "int3-nosync was not seen"),
    ("int3-nosync", "ahead2", "int3-nosync was not seen"),
    ("naive", "short_torn", "naive was not seen"),
])
def test_few_cases_prove_nothing(results, method, key, complaint):
    blind = results | {method: results[method] | {key: 0}}
    assert any(c.startswith(complaint) for c in lab.complaints(blind))


def test_rows_can_be_compared(results):
    """However long each ran: counts are for a batch, a call, a second."""
    for method, found in results.items():
        titles = [title for title, *_ in lab.COLUMNS]
        cells = dict(zip(titles, lab.line(method, found).split()[1:]))
        assert len(cells) == len(lab.COLUMNS) == len(titles)
        slow = found | {key: found[key] * 7 for key in (
            "patches", "ms", "calls", "torn", "ud", "wrong", "lost", "doubled",
            "int3", "ipis", "stopped_us")}
        changed = dict(zip(titles, lab.line(method, slow).split()[1:]))
        assert {key for key in cells if cells[key] != changed[key]} == {
            "batches"}
    assert lab.line("int3", results["int3"]).split()[10] == "3"  # IPIs
    assert len({len(lab.line(*item)) for item in results.items()}) == 1
    assert len(lab.head()) == len(lab.line("int3", results["int3"]))


def test_one_cpu_counts_instructions():
    cost = {method: lab.boot(method, 1, icount=0)["per_site"]
            for method in ("int3", "naive")}
    assert 0 < cost["int3"] < 200  # the hooks are in it


@pytest.mark.parametrize("smp", ["0", "1", "two"])
def test_too_few_cpus_are_refused(smp):
    done = subprocess.run([*PYTHON, "tests/lab/table.py"], cwd=qemu.ROOT,
                          env=os.environ | {"SMP": smp}, text=True,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (f"lab: SMP={smp}: a patch under load needs "
                           "two CPUs\n")


def test_each_row_comes_when_it_is_measured(monkeypatch, capfd):
    """And the verdict stands under the table, not under an explanation."""
    shown = []

    def measure(method, smp):
        shown.append(capfd.readouterr().out)
        return {key: 1000 for key in (
            "patches", "ms", "calls", "torn", "ud", "wrong", "lost", "doubled",
            "int3", "ipis", "stopped_us", "short_torn", "per_site", "shown",
            "watched1", "watched2", "ahead1", "ahead2")}

    monkeypatch.setattr(lab, "measure", measure)
    monkeypatch.setenv("SMP", "2")
    assert lab.main() == 1  # int3 tore
    last = capfd.readouterr().out
    assert lab.LIMIT in shown[0] and shown[0].endswith(lab.head() + "\n")
    assert [text.split()[0] for text in shown[1:]] == lab.METHODS[:-1]
    assert last.splitlines()[0].split()[0] == lab.METHODS[-1]
    assert last.splitlines()[1:] == ["", "int3 failed", "stop tore"]
