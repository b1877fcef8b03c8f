# SPDX-License-Identifier: MIT
# parts: test 11
"""The harness fails when the kernel does not do what it should.

A guest that says and does as a test asks (tests/guest/guest.asm) plays each
kind of bad end in a real QEMU; what only concerns the log is fed as text.
"""
import errno
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests import parts, qemu, terminal
from tools import ktap
from tests.python import COMMAND as PYTHON

HELLO = f"[    0.000001] {qemu.BANNER}\n"
BYE = f"[    1.000000] {qemu.ENDING}\n"
PLAN = "KTAP version 1\n1..2\n"
PASSED = "ok 1 - a.x\nok 2 - a.y\n"


@pytest.fixture
def build_guest(tmp_path):
    """build_guest(text, EXIT=0x10) makes a guest that prints it and leaves."""
    def build(text, **ending):
        (tmp_path / "text").write_text(text)
        obj, elf = tmp_path / "guest.o", tmp_path / "guest.elf"
        defines = [f"-D{name}={value}" for name, value in ending.items()]
        subprocess.run(["nasm", "-f", "elf32", "-o", obj, *defines,
                        f"-DTEXT='{tmp_path / 'text'}'",
                        qemu.ROOT / "tests/guest/guest.asm"], check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-n", "-Ttext=0x100000",
                        "-e", "start", "--build-id=none", "-o", elf, obj],
                       check=True)
        return elf
    return build


@pytest.fixture
def guest(build_guest):
    """guest(text, EXIT=0x10) boots such a guest."""
    def boot(text, timeout=20, **ending):
        machine = qemu.Machine(kernel=build_guest(text, **ending))
        return machine.boot(timeout=timeout)
    return boot


def test_a_good_run_passes(guest):
    boot = guest(HELLO + PLAN + PASSED + BYE, EXIT=0x10)
    assert boot.status == qemu.OK
    assert boot.problem(tests=True) is None
    boot.ok(tests=True)


def test_a_hang_is_found_and_stopped(guest):
    boot = guest(HELLO + PLAN + "ok 1 - a.x\nworking on a.y\n", timeout=2,
                 HANG=1)
    assert boot.status is None
    problem = boot.problem(tests=True)
    assert "no end after 2 s: the kernel hangs" in problem
    assert "1 of 2 planned results are missing; after a.x" in problem
    assert "working on a.y" in problem


def test_a_panic_is_found(guest):
    boot = guest(HELLO + "panic: I2 broken\n", EXIT=0x12)
    assert boot.status == qemu.PANIC
    assert "panicked" in boot.problem() and "I2 broken" in boot.problem()
    with pytest.raises(AssertionError, match="panicked"):
        boot.ok()


def test_a_failed_test_is_found(guest):
    boot = guest(HELLO + PLAN + "ok 1 - a.x\n# a.c:7: 1 != 2\n"
                 "not ok 2 - a.y\n" + BYE, EXIT=0x11)
    problem = boot.problem(tests=True)
    assert "a test failed (status 35)" in problem
    assert "not ok: a.y\n    # a.c:7: 1 != 2" in problem


SAID = '[ 0.1] command line: "mode=x": mode has no such value\n'


def test_a_refused_command_line_is_found(guest):
    """Not the first line about it, which every boot has."""
    boot = guest(HELLO + "[ 0.0] command line: mode=x\n" + SAID + BYE,
                 EXIT=0x13)
    assert boot.status == qemu.REFUSED
    assert "refuses its command line (status 39): " \
        '"mode=x": mode has no such value (' in boot.problem()
    assert "status 39): see above" in guest("", EXIT=0x13).problem()


def test_a_triple_fault_is_found(guest):
    assert "triple fault" in guest(HELLO, TRIPLE=1).problem()


def test_a_reset_is_found(guest):
    assert "reset" in guest(HELLO, RESET=1).problem()


def test_an_early_exit_is_found(guest):
    boot = guest(HELLO + PLAN + "ok 1 - a.x\n", EXIT=0x10)
    problem = boot.problem(tests=True)
    assert "0 closing lines" in problem and "1 of 2 planned" in problem


def test_two_boots_are_found(guest):
    boot = guest(HELLO + HELLO + PLAN + PASSED + BYE, EXIT=0x10)
    assert "booted 2 times" in boot.problem(tests=True)


def test_a_missing_plan_is_found(guest):
    boot = guest(HELLO + BYE, EXIT=0x10)
    assert boot.problem() is None  # no tests were asked for
    assert "no KTAP plan" in boot.problem(tests=True)


def test_a_kernel_that_never_spoke_is_found(guest):
    assert "never said hello" in guest("", EXIT=0x10).problem()


def test_other_statuses_are_failures(guest):
    assert "status 1, not 33" in guest(HELLO + BYE, EXIT=0).problem()
    assert "status 65, not 33" in guest(HELLO + BYE, EXIT=0x20).problem()


def read_terminal(master, process, until, keys):
    """What is shown on it; the keys are hit when it ends with until."""
    shown, end = b"", time.monotonic() + 20
    while select.select([master], [], [], max(end - time.monotonic(), 0))[0]:
        try:
            shown += os.read(master, 4096)
        except OSError:  # nobody has it open any more
            return shown
        if keys and shown.replace(b"\r", b"").endswith(until):
            os.write(master, keys)
            keys = b""
    os.killpg(process.pid, signal.SIGKILL)
    return shown


@pytest.mark.parametrize("ending, keys, status, words", [
    ({"TRIPLE": 1}, b"", 1, "QEMU left with 0: triple fault"),
    ({"RESET": 1}, b"", 1, "QEMU left with 0: triple fault, reset"),
    ({"EXIT": 0x11}, b"", 35, "a test failed"),
    ({"EXIT": 0x12}, b"", 37, "panicked"),
    ({"EXIT": 0x13}, b"", 39, "refuses its command line"),
    ({"EXIT": 0x10}, b"", 0, ""),
    ({"HANG": 1}, b"\x1dx", 0, ""),
])
def test_the_end_on_a_terminal(build_guest, ending, keys, status, words):
    elf = build_guest(HELLO, **ending)
    master, slave = terminal.openpty()
    with subprocess.Popen(
            [*PYTHON, "tools/run.py", "--smp", "1", "--interactive",
             "--kernel", str(elf)], cwd=qemu.ROOT, stdin=slave, stdout=slave,
            stderr=subprocess.PIPE, text=True,
            start_new_session=True) as process:
        os.close(slave)
        shown = read_terminal(master, process, HELLO.encode(), keys)
        errors = process.stderr.read()
    os.close(master)
    assert HELLO.strip().encode() in shown
    assert words in errors and bool(errors) == bool(words), errors
    assert process.returncode == status


# ---- what tools/run.py itself says -----------------------------------------

RUN = [sys.executable, "tools/run.py", "--smp", "1"]


def run_tool(*options, qemu_is=None, tmp_path=None):
    """Status, stdout and stderr; qemu_is: a shell script instead of QEMU."""
    env = dict(os.environ)
    if qemu_is:
        fake = tmp_path / "qemu-system-x86_64"
        fake.write_text(f"#!/bin/sh\n{qemu_is}\n")
        fake.chmod(0o755)
        env["PATH"] = f"{tmp_path}:{env['PATH']}"
    done = subprocess.run([*RUN, *options], cwd=qemu.ROOT, env=env, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("ending, status", [
    ({"EXIT": 0x10}, 0), ({"EXIT": 0x11}, 35), ({"EXIT": 0x12}, 37),
    ({"EXIT": 0x13}, 39), ({"EXIT": 0x20}, 1), ({"TRIPLE": 1}, 1),
])
def test_the_status_is_that_of_the_guest(build_guest, ending, status):
    elf = build_guest(HELLO + BYE, **ending)
    found, log, errors = run_tool("--kernel", str(elf))
    assert (found, log) == (status, HELLO + BYE)
    assert errors.count("\n") == (status != 0)


@pytest.mark.parametrize("text, ending, boots, problem", [
    (HELLO + HELLO + BYE, {"EXIT": "0x10"}, 2, None),
    (HELLO + BYE, {"EXIT": "0x10"}, 2, "the machine booted 1 times, not 2"),
    (HELLO + HELLO + BYE, {"EXIT": "0x10"}, 1,
     "the machine booted 2 times: it reset itself"),
    # These would go on for ever.
    (HELLO, {"RESET": 1}, 2,
     "the machine booted 3 times, not 2: it reset itself"),
    (HELLO, {"TRIPLE": 1}, 2,
     "the machine booted 3 times, not 2: it reset itself"),
    (HELLO, {"RESET": 1}, 1, "QEMU left with 0: triple fault, reset or "
     "power-off"),
])
def test_so_many_boots_are_expected(build_guest, text, ending, boots, problem):
    status, log, errors = run_tool("--kernel", str(build_guest(text, **ending)),
                                   "--boots", str(boots))
    assert (status, errors) == (
        (1, f"run.py: {problem}\n") if problem else (0, "")), log


@pytest.mark.parametrize("options, sentence", [
    (["--smp", "0"], "SMP=0: a number of CPUs from 1 to 64"),
    (["--smp", "100"], "SMP=100: a number of CPUs from 1 to 64"),
    (["--smp", "two"], "SMP=two: a number of CPUs from 1 to 64"),
    (["--mem", "foo"], "MEM=foo: a size of memory, as 256M or 2G"),
    (["--mem", "2M"],
     "MEM=2M: too little, nop5 wants 16M with FIRMWARE=bios"),
    (["--mem", "32", "--firmware", "uefi"],
     "MEM=32: too little, nop5 wants 64M with FIRMWARE=uefi"),
    (["--firmware", "coreboot"], "FIRMWARE=coreboot: bios or uefi"),
    (["--boots", "0"], "--boots 0: a number of boots from 1 on"),
    (["--cpu", "nonsense"],
     "QEMU does not start: unable to find CPU model 'nonsense'"),
    (["--accel", "foo"],
     "QEMU does not start: -accel foo: invalid accelerator foo"),
])
@pytest.mark.parametrize("way", [[], ["--interactive"]])
def test_what_cannot_be_is_one_sentence(options, sentence, way):
    assert run_tool(*options, *way) == (1, "", f"run.py: {sentence}\n")


@pytest.mark.parametrize("size, megabytes", [
    ("256", 256), ("256M", 256), ("2G", 2048), ("1.5g", 1536),
    ("65536k", 64), ("67108864b", 64), ("1T", 1 << 20),
    ("", None), ("M", None), ("-1", None), ("1 G", None), ("0x10", None),
])
def test_sizes_of_memory_are_those_of_qemu(size, megabytes):
    assert qemu.tool.megabytes(size) == megabytes


@pytest.mark.parametrize("size", ["256", "256M", "0.25g"])
def test_a_file_of_memory_has_the_size_of_the_memory(size):
    """QEMU reads -m 256 as MiB and size=256 as bytes."""
    options = qemu.Machine(mem=size).options
    options.memory_file = "memory"
    words = qemu.tool.command(options, "stdio")
    assert words[words.index("-m") + 1] == size
    assert ("memory-backend-file,id=memory,size=268435456,mem-path=memory,"
            "share=on") in words


def test_the_number_of_cpus_is_that_of_the_kernel():
    text = (qemu.ROOT / "arch/x86_64/asm/percpu.h").read_text()
    assert f"#define NR_CPUS {qemu.tool.CPUS}\n" in text


BROKEN_KVM = """\
echo 'qemu-system-x86_64: warning: more CPUs than KVM recommends' >&2
echo 'qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69' >&2
echo 'qemu-system-x86_64: kvm.c:3183: Assertion `x == y` failed.' >&2
kill -ABRT $$"""


@pytest.mark.parametrize("script, why", [
    (BROKEN_KVM, "error: failed to set MSR 0x10a to 0x69"),
    ("echo 'qemu-system-x86_64: Could not access KVM kernel module: No such "
     "file or directory' >&2; exit 1",
     "Could not access KVM kernel module: No such file or directory"),
])
def test_kvm_that_does_not_work_is_one_sentence(tmp_path, script, why):
    assert run_tool("--accel", "kvm", qemu_is=script, tmp_path=tmp_path) == (
        1, "", f"run.py: ACCEL=kvm: KVM does not work here ({why}); in a "
        "virtual machine it needs nested virtualisation; ACCEL=tcg works "
        "everywhere\n")


def test_warnings_of_qemu_are_passed_on(tmp_path):
    script = (f"echo '{HELLO}{BYE}'; echo 'qemu: warning: odd' >&2; exit 33")
    status, _, errors = run_tool(qemu_is=script, tmp_path=tmp_path)
    assert (status, errors) == (0, "qemu: warning: odd\n")


def test_an_interrupt_is_one_line(build_guest):
    """^C reaches all processes of the terminal, QEMU too."""
    elf = build_guest(HELLO, HANG=1)
    with subprocess.Popen([*RUN, "--kernel", str(elf)], cwd=qemu.ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, start_new_session=True) as process:
        assert process.stdout.readline() == HELLO
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "run.py: stopped by ^C\n")


def test_a_log_that_nobody_reads_ends_the_run(build_guest):
    elf = build_guest((HELLO + "x" * 70 + "\n") * 2000, HANG=1)
    with subprocess.Popen([*RUN, "--kernel", str(elf)], cwd=qemu.ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (
        1, "run.py: the log has no reader any more\n")


@pytest.mark.parametrize("use", [terminal.openpty,
                                 lambda: terminal.spawn(["true"])])
def test_where_there_is_no_terminal_a_test_says_so(monkeypatch, use):
    def none():
        raise OSError(errno.ENOENT, "No such file or directory")
    monkeypatch.setattr(os, "openpty", none)
    with pytest.raises(pytest.fail.Exception) as sentence:
        use()
    assert str(sentence.value) == (
        "needs a terminal, and the system gives none: No such file or "
        "directory (is /dev/pts mounted?)")
    assert not sentence.value.pytrace


def test_terminals_come_from_one_place():
    """So that each test which needs one says so."""
    for path in (qemu.ROOT / "tests").rglob("*.py"):
        if path.name not in ("terminal.py", "test_harness.py", "test_deps.py"):
            own = re.search(r"pexpect\.spawn\(|pty\.\w+\(|forkpty",
                            path.read_text())
            assert not own, f"{path}: take it from tests/terminal.py"


def test_qemus_own_errors_are_shown():
    boot = qemu.Machine(qemu=["-device", "no-such-device"]).boot(timeout=20)
    assert "no-such-device" in boot.problem()


@pytest.mark.parametrize("log, words", [
    ("1..1\nok 1 - a\n", ""),
    ("[ 0.1] noise\n1..2\nok 1 - a # SKIP no HPET\n[ 0.2] noise\nok 2 - b\n",
     ""),
    ("1..2\nok 1 - a\nok 1 - b\n", "out of plan"),
    ("1..1\nok 1 - a\nok 2 - b\n", "out of plan"),
    ("1..2\nok 2 - b\nok 1 - a\n", "out of plan"),
    ("1..2\nok 1 - a\n1..1\nok 1 - b\n", "1 results of the old one missing"),
    ("ok 1 - a\n", "no KTAP plan"),
    ("1..1\nreason\nnot ok 1 - a\n", "not ok: a\n    reason"),
])
def test_ktap(log, words):
    text = ktap.parse(log).text()
    assert words in text and bool(words) == bool(text)


def test_ktap_counts():
    report = ktap.parse("1..3\nok 1 - a # SKIP why\nnot ok 2 - b\nok 3 - c\n"
                        "1..1\nok 1 - d\n")
    assert (report.passed, report.skipped, len(report.failures)) == (2, 1, 1)
    assert report.planned == 4 and not report.problems


# ---- tests/run.py ----------------------------------------------------------

SCRIPT = """import sys; sys.path.insert(0, '.')
from tests import parts, run
parts.KERNEL = parts.Part('kernel', ['{kernel}'], 1)
parts.wall = lambda budget: {wall}
chosen = [parts.Part(n, c, b) for n, c, b in {chosen}]
sys.exit(run.check(chosen, at_once=2))
"""


def check(chosen, wall=60, kernel="true"):
    """Status and output of tests/run.py with these parts."""
    done = subprocess.run(
        [*PYTHON, "-c",
         SCRIPT.format(chosen=chosen, wall=wall, kernel=kernel)],
        cwd=qemu.ROOT, stdout=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "BUILD": str(qemu.BUILD / "harness")})
    return done.returncode, done.stdout


def shell(text, status=0):
    return ["sh", "-c", f"printf '{text}'; exit {status}"]


@pytest.mark.parametrize("chosen, last, shown", [
    ([("a", shell("1..2\\nok 1 - x\\nok 2 - y\\n"), 9)],
     "2 passed, 0 failed", "a "),
    ([("a", shell("1..1\\nok 1 - x\\n"), 9),
      ("b", shell("1..1\\nwhy\\nnot ok 1 - y\\n", 1), 9)],
     "1 passed, 1 failed", "why"),
    ([("a", shell("1..1\\nok 1 - x\\n", 3), 9)],
     "1 passed, 1 failed", "status 3, but no test failed"),
    ([("a", shell("1..0\\n"), 9)],
     "0 passed, 1 failed", "not one test was run"),
    ([("a", shell("1..1\\nok 1 - x # SKIP no device\\n"), 9)],
     "0 passed, 0 failed", "0 passed, 1 skipped"),
    ([("a", shell("Segmentation fault\\n", 139), 9)],
     "0 passed, 1 failed", "Segmentation fault"),
])
def test_run(chosen, last, shown):
    status, output = check(chosen)
    lines = output.splitlines()
    assert lines[-1] == last and shown in output
    assert (status == 0) == last.endswith(" 0 failed")


def test_a_part_that_hangs_is_ended_by_name():
    status, output = check([("a", ["sh", "-c", "echo 1..1; sleep 60"], 9),
                            ("b", shell("1..1\\nok 1 - x\\n"), 9)], wall=2)
    assert status and output.splitlines()[-1].startswith("1 passed, 1 failed")
    assert "\n---- a (" in output and "stopped: no end after 2 s" in output


BURN = "import time\nwhile time.process_time() < {}: pass\n"
PLAN_OF_ONE = "print('1..1\\nok 1 - x', flush=True)\n"


def burn(seconds):
    return [*PYTHON, "-c", PLAN_OF_ONE + BURN.format(seconds)]


def test_a_part_that_burns_over_four_times_its_budget_fails_by_name():
    """At twice it only says so; at more it is ended, whatever it says."""
    status, output = check([("dear", burn(1.0), 0.5), ("mad", burn(60), 0.5)])
    assert status and output.splitlines()[-1] == "2 passed, 1 failed"
    assert re.search(r"^dear +1 passed .*over its budget of 0.5$", output,
                     re.MULTILINE)
    assert "\n---- mad (" in output and "---- dear (" not in output
    assert re.search(r"stopped: [\d.]+ CPU s used, the limit is 2\n", output)


def test_the_total_is_the_sum():
    status, output = check([("a", burn(0.3), 9), ("b", burn(0.5), 9),
                            ("c", burn(0.2), 9)])
    rows = [float(used) for used in
            re.findall(r"^\w+ +\d passed +([\d.]+) CPU s", output,
                       re.MULTILINE)]
    total = float(re.search(r"^([\d.]+) CPU s, budget 28;", output,
                            re.MULTILINE)[1])
    assert not status and len(rows) == 4
    assert total == pytest.approx(sum(rows)) and 1.0 <= total < 4
    assert all(row >= used for row, used in
               zip(sorted(rows)[1:], (0.2, 0.3, 0.5)))


def test_nothing_is_run_when_the_kernel_is_not_built():
    status, output = check([("a", shell("1..1\\nok 1 - x\\n"), 9)],
                           kernel="false")
    assert status and output.splitlines()[-1] == "0 passed, 1 failed"
    assert "---- kernel (" in output and "\na " not in output


def test_all_is_run_whatever_only_says(monkeypatch):
    monkeypatch.setenv("ONLY", "nothing")
    status, output = check(
        [("a", ["sh", "-c", 'echo "1..1\nok 1 - $ONLY"; test "$ONLY" = "*"'],
          9)])
    assert status == 0, output


@pytest.mark.parametrize("late", [0, 2])
def test_an_interrupt_ends_all_parts(tmp_path, late):
    """Also those that have begun when the thread that began them does not yet
    know."""
    # Where the tests run in the background, ^C may be ignored.
    script = ("import signal, sys, time; sys.path.insert(0, '.')\n"
              "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
              "from tests import parts, run\n"
              "parts.KERNEL = parts.Part('kernel', ['true'], 1)\n"
              "class Late(run.subprocess.Popen):\n"
              "    def __init__(self, *args, **options):\n"
              "        super().__init__(*args, **options)\n"
              f"        time.sleep({late})\n"
              "run.subprocess.Popen = Late\n"
              "run.check([parts.Part(n, [*run.PYTHON, '-c', "
              "'import sys, time; open(sys.argv[1], \"x\"); time.sleep(50)', "
              f"'{tmp_path}/' + n], 60) for n in 'abcd'], at_once=2)\n")
    with subprocess.Popen([*PYTHON, "-c", script], cwd=qemu.ROOT,
                          stderr=subprocess.PIPE, start_new_session=True,
                          env={**os.environ, "BUILD": str(tmp_path / "build")}
                          ) as process:
        end = time.monotonic() + 20
        while len(list(tmp_path.glob("?"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode
    assert len(list(tmp_path.glob("?"))) == 2


@pytest.mark.parametrize("only, statuses, ok", [
    ("*", [0, 0], True),
    ("*", [0, 1], False),
    ("*", [0, 2], False),  # a file without a test
    ("a*", [0, 2], True),
    ("a*", [1, 2], False),
    ("a*", [0, 134], False),
    ("a*", [2, 2], False),
])
def test_unit_programs_that_fail_are_noticed(tmp_path, only, statuses, ok):
    programs = []
    for i, status in enumerate(statuses):
        programs.append(tmp_path / f"test_{i}")
        programs[i].write_text(f'#!/bin/sh\ntest "$1" = \'{only}\' && '
                               f"exit {status}\n")
        programs[i].chmod(0o755)
    script = ("import pathlib, sys; sys.path.insert(0, '.')\n"
              "from tests import run\n"
              "programs = [pathlib.Path(p) for p in sys.argv[1:]]\n"
              "run.build_host = lambda variant: (programs, 0)\n"
              "sys.exit(int(run.unit()))\n")
    done = subprocess.run([*PYTHON, "-c", script, *programs],
                          cwd=qemu.ROOT, env={**os.environ, "ONLY": only},
                          stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode == 0) == ok
    assert ("selects no test" in done.stderr) == (set(statuses) == {2})


@pytest.mark.parametrize("only, part, says", [
    ("ring_buffer.model_two_p*", "unit",
     "run.py: ONLY='ring_buffer.model_two_p*': "
     "ring_buffer.model_two_pages_overwrite: not run here, but by tests/run.py "
     "models, or: /test_ring_buffer 'ring_buffer.model_two_p*'\n"),
    ("glob.lit*", "models", "tests/run.py unit, or: /test_glob '"),
    ("ring_buffer.no_such*", "unit",
     "run.py: ONLY='ring_buffer.no_such*' selects no test\n"),
    ("*", "unit", ""),
])
def test_a_unit_test_of_the_other_part_is_named(only, part, says):
    script = ("import pathlib, sys; sys.path.insert(0, '.')\n"
              "from tests import run\n"
              "run.build_host = lambda variant: ([pathlib.Path('/', name) for "
              "name in ('test_glob', 'test_ring_buffer')], 0)\n"
              "run.subprocess.run = lambda *_, **__: "
              "type('Done', (), {'returncode': run.NONE_SELECTED})\n"
              f"sys.exit(int(run.{part}()))\n")
    done = subprocess.run([*PYTHON, "-c", script], cwd=qemu.ROOT,
                          env={**os.environ, "ONLY": only}, text=True,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert says in done.stderr and len(done.stderr.splitlines()) == 1


def test_every_part_stands_in_the_papers():
    """The table of tests/DESIGN.md: "kernel-1 -2 -4" are three."""
    told = set()
    text = (qemu.ROOT / "tests/DESIGN.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        base = ""
        for word in line.split("|")[1].split() if line[:1] == "|" else ():
            word = word.rstrip(",")
            word = base + word if word.startswith("-") else word
            base = word.rpartition("-")[0]
            told.add(word)
    there = {part.name for part in parts.every() if not part.junit}
    assert there <= told


# ---- .ci/run ---------------------------------------------------------------

def ci_run(tmp_path, makefile, **environment):
    (tmp_path / ".ci").mkdir()
    (tmp_path / "tests").mkdir()
    shutil.copy(qemu.ROOT / ".ci/run", tmp_path / ".ci")
    shutil.copy(qemu.ROOT / "tests/python.py", tmp_path / "tests")
    (tmp_path / "Makefile").write_text(makefile)
    return subprocess.run([tmp_path / ".ci/run"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=60, env={**os.environ, **environment})


GOOD = '@echo "3 passed, 0 failed"'
BAD = '@echo "1 passed, 2 failed"; exit 1'


@pytest.mark.parametrize("test, rest, last", [
    (GOOD, GOOD, "6 passed, 0 failed"),
    (BAD, GOOD, "4 passed, 2 failed"),
    (GOOD, BAD, "4 passed, 2 failed"),
    ("@echo error: no compiler; exit 2", GOOD, "3 passed, 1 failed"),
    (GOOD, "@echo nothing to do", "3 passed, 1 failed"),
    (GOOD, f"{GOOD}; exit 1", "6 passed, 1 failed"),
])
def test_ci_run_ends_with_the_summary(tmp_path, test, rest, last):
    done = ci_run(tmp_path, f"test:\n\t{test}\ntest-all:\n"
                  f"\t@test '$(SKIP_TEST)' = 1\n\t{rest}\n")
    assert done.stdout.splitlines()[-1] == last
    assert (done.returncode == 0) == last.endswith(" 0 failed")


# Each program is asked by make, and once more by a Python that a Python starts.
ASK = """import os, subprocess, sys
from tests.python import COMMAND
for name in ("planted_on_path", "planted_by_user"):
    try:
        __import__(name)
        print(name)
    except ModuleNotFoundError:
        pass
print("local", [p for p in sys.path if p.startswith("/usr/local")])
print("PATH", os.environ["PATH"])
print("more", sorted({"CPATH", "PYTEST_ADDOPTS"} & {*os.environ}))
if not sys.argv[1:]:
    subprocess.run([*COMMAND, "-c", open("ask.py").read(), "again"])
"""


def planted(tmp_path):
    """An environment full of what does not come from Debian."""
    user = tmp_path / "user/lib/python{}.{}/site-packages".format(
        *sys.version_info)
    user.mkdir(parents=True)
    (user / "planted_by_user.py").touch()
    (tmp_path / "path").mkdir()
    (tmp_path / "path/planted_on_path.py").touch()
    (tmp_path / "ask.py").write_text(ASK)
    return {"PATH": f"{tmp_path}/path:{os.environ['PATH']}", "CPATH": "/x",
            "PYTHONPATH": f"{tmp_path}/path:{tmp_path}",
            "PYTHONUSERBASE": f"{tmp_path}/user", "PYTEST_ADDOPTS": "-x"}


def test_ci_run_sees_debian_alone(tmp_path):
    asked = f"@cd {tmp_path} && $(PYTHON) -c \"$$(cat ask.py)\""
    environment = planted(tmp_path)
    done = ci_run(tmp_path, f"test:\n\t{asked}\n\t{GOOD}\ntest-all:\n"
                  f"\t{GOOD}\n", **environment)
    lines = done.stdout.splitlines()
    assert lines[:6] == ["local []", "PATH /usr/sbin:/usr/bin:/sbin:/bin",
                         "more []"] * 2
    # Without .ci/run the planted modules are there: the test can see them.
    (tmp_path / "tests/__init__.py").touch()
    shown = subprocess.run(
        ["/usr/bin/python3", "ask.py"], cwd=tmp_path, text=True, check=True,
        stdout=subprocess.PIPE, env={**os.environ, **environment,
                                     "PYTHON": "/usr/bin/python3"}).stdout
    assert shown.count("planted_on_path\nplanted_by_user\n") == 2
    assert "more ['CPATH', 'PYTEST_ADDOPTS']" in shown


def test_ci_run_looks_for_the_programs_itself(tmp_path):
    """What make found in another PATH is forgotten."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build/deps-run.mk").touch()
    done = ci_run(tmp_path, "test test-all:\n\t@test ! -e build/deps-run.mk\n"
                  f"\t{GOOD}\n", BUILD="build")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("arguments", [
    ["-c", "import sys; print(sys.argv[1:], __name__)", "a b", "-c"],
    ["-m", "planted", "a b", "-c"], ["folder/planted.py", "a b", "-c"]])
def test_our_start_of_python_is_pythons(tmp_path, arguments):
    """sys.argv, the path and the module's name are as `python3` has them."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/planted.py").write_text(
        "import sys, beside\nprint(sys.argv, __name__, __file__)\n")
    (tmp_path / "planted.py").write_text(
        "import sys, folder.beside\nprint(sys.argv, __name__, __file__)\n")
    (tmp_path / "folder/beside.py").touch()
    plain, ours = (subprocess.run(
        ["/usr/bin/python3", *start, *arguments], cwd=tmp_path, text=True,
        check=True, stdout=subprocess.PIPE).stdout for start in
        ([], ["-s", "-E", "-S", qemu.ROOT / "tests/python.py"]))
    assert plain == ours and "a b" in ours
