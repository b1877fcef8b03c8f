# SPDX-License-Identifier: MIT
# parts: test-all 1
"""What runs in a boot of a lab's tests, and the verdicts of its log."""
import pytest

from tests import qemu
from tools import ktap
from tools.labs import judge


def run_of(log, status):
    return qemu.Boot(status, log, 1, 60)


def test_a_panic_fails_the_test_that_runs_and_no_other():
    log = ("KTAP version 1\n1..3\nok 1 - a.one\n"
           "[    1.0] kernel panic: I1: site 5\n")
    found = judge.after_boot(["a.one", "a.two", "a.six"],
                             run_of(log, qemu.PANIC))
    assert set(found) == {"a.one", "a.two"} and found["a.one"].passed
    assert found["a.two"] == judge.Result("a.two", False,
                                          "kernel panic: I1: site 5")


def test_a_test_that_takes_too_long_fails_alone():
    """It ends the run; the next one is run again, in a boot of its own."""
    log = ("KTAP version 1\n1..3\nok 1 - a.one\n# a.two takes more than 2 s\n"
           "not ok 2 - a.two\n")
    found = judge.after_boot(["a.one", "a.two", "a.six"],
                             run_of(log, qemu.FAILED))
    assert set(found) == {"a.one", "a.two"} and not found["a.two"].passed


def test_a_test_of_others_that_takes_too_long_is_no_progress():
    """Then the first that is missing fails, so that the runs end."""
    log = ("KTAP version 1\n1..2\n# z.one takes more than 2 s\n"
           "not ok 1 - z.one\n")
    found = judge.after_boot(["a.one", "a.two"], run_of(log, qemu.FAILED))
    assert not found["a.one"].passed and "a.two" not in found


@pytest.mark.parametrize("log, status, why", [
    ("boot\n[ 1.0] kernel panic: J3: x\n", qemu.PANIC,
     "the kernel does not come to its tests: kernel panic: J3: x"),
    ("KTAP version 1\n1..1\nok 1 - a.one\n", qemu.OK,
     "no such test in the image"),
    ("KTAP version 1\n1..2\nok 1 - a.one\nok 2 - a.two\nkernel panic: z\n",
     qemu.PANIC, "kernel panic: z"),
    ("KTAP version 1\n1..2\nok 1 - a.one\n", None,
     "no end after 60 s: the kernel hangs"),
])
def test_a_run_that_ends_otherwise_fails_its_tests(log, status, why):
    found = judge.after_boot(["a.one", "a.two"], run_of(log, status))
    assert not found["a.two"].passed and found["a.two"].why == why


def test_a_command_line_takes_a_batch_of_names():
    names = [f"suite.{'x' * 50}{i}" for i in range(10)]
    assert len(",".join(judge.batch(names))) <= judge.MOST_GLOBS
    assert len(judge.batch(names)) == 4
    assert judge.batch(["y" * 300]) == ["y" * 300]


def test_tests_are_run_in_the_order_of_the_link():
    log = qemu.Machine(smp=2).boot("mode=tests tests=lib.*,slab.*,ipi.*").log
    names, order = ktap.parse(log).names, judge.order_of_tests(qemu.ROOT)
    assert len(names) > 20 and names == sorted(names, key=order.get)
