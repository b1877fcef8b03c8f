# SPDX-License-Identifier: MIT
# parts: test 3
"""The log for programs: log=json in the kernel, tools/ktap.py on the host."""
import json
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON
from tools import ktap

FAILED = "tests=lib,broken.expect,broken.assert_leaves"
LOG = """noise
KTAP version 1
1..4
[    0.1] more noise
ok 1 - lib.sort # SKIP no <HPET>
# tests/kernel/test_a.c:12: error: x == 1 (0x1), y == 2 (0x2)
\x1b[31m a line & "quotes"
not ok 2 - lib.list
# ring.swap: 1250 ms
ok 3 - ring.swap
panic: all is over
"""


def objects(machine, append):
    """Status of the run and each line of its log, all of them JSON."""
    boot = machine(smp=2).boot(f"log=json {append}", timeout=120)
    return boot.status, [json.loads(line) for line in boot.log.splitlines()]


@pytest.mark.parametrize("append, status", [
    ("mode=tests tests=lib", 33), (f"mode=tests {FAILED}", 35),
    ("mode=tests tests=broken.panic_behind_a_tap", 37), ("mode=nosuch", 39)])
def test_each_line_is_an_object(machine, append, status):
    ended, lines = objects(machine, append)
    assert ended == status
    assert lines[0]["nop5"] == 1
    assert re.fullmatch("[0-9a-f]{16}", lines[0]["build"])
    assert lines[-1] == {"e": "exit", "status": status}
    assert {"e": "cpus", "online": 2} in lines
    assert all("e" in line for line in lines[1:])


def test_results_are_those_of_ktap(machine):
    text = machine(smp=2).boot(f"mode=tests {FAILED}", timeout=120).report()
    _, lines = objects(machine, f"mode=tests {FAILED}")
    tests = [line for line in lines if line.get("e") == "test"]
    assert [(t["nr"], t["name"], t["result"]) for t in tests] == [
        (nr, test.name, test.status)
        for nr, test in enumerate(text.tests, 1)]
    assert len(tests) > 5 and all(t["ns"] > 0 for t in tests)
    plan, = (line for line in lines if line.get("e") == "plan")
    assert plan["tests"] == len(tests)
    assert [t["name"] for t in tests if t["result"] == "not ok"] == [
        "broken.expect", "broken.assert_leaves"]


def test_the_identity_is_the_builds(machine):
    """The same image says the same; another image something else."""
    _, first = objects(machine, "mode=nosuch")
    _, again = objects(machine, "mode=tests tests=lib.div64")
    other = qemu.Machine(kernel=qemu.SHIPPED, smp=2).boot("log=json help")
    assert first[0] == again[0]
    assert json.loads(other.log.splitlines()[0])["build"] != first[0]["build"]


def convert(tmp_path, log, *options):
    path = tmp_path / "serial.log"
    path.write_text(log, encoding="utf-8")
    done = subprocess.run(
        [*PYTHON, str(qemu.ROOT / "tools/ktap.py"), str(path), *options],
        stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def test_ktap_alone_with_each_suites_tests_inside(tmp_path):
    status, out = convert(tmp_path, LOG)
    assert status == 1
    assert out == """KTAP version 1
1..3
    KTAP version 1
    # Subtest: lib
    1..2
    ok 1 - sort # SKIP no <HPET>
    # tests/kernel/test_a.c:12: error: x == 1 (0x1), y == 2 (0x2)
    # \x1b[31m a line & "quotes"
    not ok 2 - list
not ok 1 - lib
    KTAP version 1
    # Subtest: ring
    1..1
    ok 1 - swap
ok 2 - ring
    KTAP version 1
    # Subtest: log
    1..1
    # 1 of 4 planned results are missing; after ring.swap came:
    #     panic: all is over
    not ok 1 - form
not ok 3 - log
"""


def test_junit(tmp_path):
    status, out = convert(tmp_path, LOG, "--junit")
    assert status == 1
    root = xml.fromstring(out.encode())
    assert [(s.get("name"), s.get("tests"), s.get("failures"),
             s.get("skipped")) for s in root] == [
        ("lib", "2", "1", "1"), ("ring", "1", "0", "0"), ("log", "1", "1", "0")]
    assert root.find(".//skipped").get("message") == "no <HPET>"
    assert root.find(".//failure").get("message") == \
        "tests/kernel/test_a.c:12: error: x == 1 (0x1), y == 2 (0x2)"
    assert 'a line & "quotes"' in root.find(".//failure").text
    assert root.find(".//testcase[@name='swap']").get("time") == "1.250"


def test_json_and_errors(tmp_path):
    status, out = convert(tmp_path, LOG, "--json")
    data = json.loads(out)
    assert status == 1 and (data["planned"], data["passed"], data["failed"],
                            data["skipped"]) == (4, 1, 1, 1)
    assert data["tests"][2] == {"suite": "ring", "name": "swap",
                                "status": "ok", "why": "", "ms": 1250,
                                "lines": ["# ring.swap: 1250 ms"]}
    assert convert(tmp_path, LOG, "--errors") == (
        1, "tests/kernel/test_a.c:12: error: x == 1 (0x1), y == 2 (0x2)\n")


def test_a_good_log_is_status_0(tmp_path):
    assert convert(tmp_path, "1..1\nok 1 - a.b\n", "--errors") == (0, "")


def test_the_nested_form_is_read_by_prove(tmp_path):
    """An outside reader of TAP agrees with the sums."""
    _, out = convert(tmp_path, LOG)
    path = tmp_path / "nested.tap"
    path.write_text(out, encoding="utf-8")
    done = subprocess.run(["prove", "-e", "cat", str(path)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert "Failed tests:  1, 3" in done.stdout, done.stdout
    assert "Failed 2/3 subtests" in done.stdout
    raw = tmp_path / "raw.tap"
    raw.write_text(LOG, encoding="utf-8")
    done = subprocess.run(["prove", "-e", "cat", str(raw)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert "Bad plan.  You planned 4 tests but ran 3" in done.stdout


def test_the_parser_sees_each_failed_line_of_the_kernel(machine):
    report = ktap.parse(machine(smp=1).boot(
        "mode=tests tests=broken.expect,broken.flood", timeout=120).log)
    by = {test.name: test.errors() for test in report.tests}
    assert len(by["broken.flood"]) >= 19
    assert re.fullmatch(r"tests/kernel/test_broken\.c:\d+: error: "
                        r"expected: 1 \+ 1 == 3", by["broken.expect"][0])


def test_the_snippets_for_services_name_what_exists():
    """The programs and options in tools/ci/ are those of this tree, and the
    matcher finds what --errors writes."""
    texts = {path.name: path.read_text(encoding="utf-8")
             for path in (qemu.ROOT / "tools/ci").iterdir()}
    matcher = json.loads(texts.pop("github-matcher.json"))
    pattern = matcher["problemMatcher"][0]["pattern"][0]
    for line in ("tests/kernel/a.c:12: error: x == 1 (0x1)",
                 "# tests/kernel/a.c:12: error: expected: x"):
        found = re.match(pattern["regexp"], line)
        assert found[pattern["file"]] == "tests/kernel/a.c"
        assert found[pattern["line"]] == "12"
    assert len(texts) == 3
    for text in texts.values():
        assert {"kernel"} <= set(re.findall(r"make deps (\w+)", text))
        for program in re.findall(r"python3 (\S+)", text):
            done = subprocess.run([*PYTHON, program, "--help"], check=True,
                                  cwd=qemu.ROOT, stdout=subprocess.PIPE,
                                  text=True)
            for option in re.findall(rf"{program}[^|>]*?(--\w+)", text):
                assert option in done.stdout
