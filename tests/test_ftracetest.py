# SPDX-License-Identifier: MIT
# parts: test 1, torture 75
"""Linux's own tests of ftrace, and the table of their results: `make
ftracetest`. The suite itself is run by `make torture`."""
import pathlib
import subprocess

import pytest

from tests import qemu
from tools.tracefs import ftracetest, mounts

TABLE = qemu.ROOT / "tests/ftracetest/expected.tsv"
RESULTS = {"PASS", "UNSUPPORTED", "FAIL", "UNRESOLVED"}
LEAST = 66  # that pass


def test_a_row_that_is_not_pass_has_a_reason():
    rows = ftracetest.read_table(TABLE).values()
    assert {row.result for row in rows} <= RESULTS
    assert all(bool(row.reason) == (row.result != "PASS") for row in rows)
    assert sum(row.result == "PASS" for row in rows) >= LEAST
    assert len(rows) > 100


OUTPUT = ("=== Ftrace unit tests ===\n"
          "[1] Basic trace file check\t[PASS]\n"
          "[2] Test of a thing\t[UNSUPPORTED]\n"
          "[3] (instance)  Basic trace file check\t[FAIL]\n")
PATHS = {"basic1.tc": "00basic/basic1.tc", "a-log.tc": "x/a-log.tc"}


@pytest.fixture
def logs(tmp_path):
    for name, text in [("1-basic1.tc-log.a1B2c3", "+ . basic1.tc\n"),
                       ("2-a-log.tc-log.a1B2c4", "Required feature interface "
                        "kprobe_events doesn't exist.\n"),
                       ("3-basic1.tc-log.a1B2c5", "+ exit 1\n")]:
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / name).write_text(text)
    return ftracetest.logs_of(tmp_path)


def test_results_are_read(logs):
    found = [row for row, _ in ftracetest.results(OUTPUT, logs, PATHS)]
    assert [row.text() for row in found] == [
        "00basic/basic1.tc\tPASS", "x/a-log.tc\tUNSUPPORTED\tno kprobe_events",
        "00basic/basic1.tc (instance)\tFAIL"]


@pytest.mark.parametrize("name, result, words", [
    ("00basic/basic1.tc", "FAIL", "PASS, and the table says FAIL"),  # better
    ("x/a-log.tc", "PASS", "UNSUPPORTED, and the table says PASS"),  # worse
    ("x/a-log.tc", None, "UNSUPPORTED, and there is no row for it"),
    ("00basic/other.tc", "PASS", "00basic/other.tc: it was not run"),
])
def test_a_difference_is_found(logs, name, result, words):
    found = list(ftracetest.results(OUTPUT, logs, PATHS))
    expected = {row.test: ftracetest.Row(row.test, row.result)
                for row, _ in found}
    assert not list(ftracetest.differences(found, expected, "*"))
    if result:
        expected[name] = ftracetest.Row(name, result)
    else:
        del expected[name]
    assert words in "".join(ftracetest.differences(found, expected, "*"))


def test_a_row_of_the_same_result_keeps_its_reason(logs, tmp_path):
    path = tmp_path / "table"
    found = list(ftracetest.results(OUTPUT, logs, PATHS))
    ftracetest.write_table(path, found, {
        "00basic/basic1.tc (instance)": ftracetest.Row("", "FAIL", "because"),
        "x/a-log.tc": ftracetest.Row("", "PASS", "")})
    rows = ftracetest.read_table(path)
    assert rows["00basic/basic1.tc (instance)"].reason == "because"
    assert rows["x/a-log.tc"].reason == "no kprobe_events"


def test_it_refuses_to_test_the_host(tmp_path):
    done = subprocess.run(
        ["python3", "tools/tracefs/ftracetest.py", str(tmp_path), str(TABLE)],
        cwd=qemu.ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "this would test the host's kernel" in done.stderr


@pytest.mark.torture
@pytest.mark.skipif(mounts.missing() is not None,
                    reason=str(mounts.missing()))
def test_the_suite_has_the_results_of_the_table():
    if not pathlib.Path("/usr/src", "linux-source-6.1.tar.xz").exists():
        pytest.skip("needs Debian's package linux-source-6.1")
    done = subprocess.run(["make", "-s", f"BUILD={qemu.BUILD}", "ONLY=*",
                           "ftracetest"], cwd=qemu.ROOT, capture_output=True,
                          text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
