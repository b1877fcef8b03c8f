# SPDX-License-Identifier: MIT
# parts: test 13
"""The negative controls of tests/kernel/test_broken.c: a test that must fail
fails with the right words, code that must panic panics."""
import re

import pytest

from tests import qemu


def run(machine, name, cpus=2):
    return machine(smp=cpus).boot(f"mode=tests tests=broken.{name}",
                                  timeout=120)


FAILURES = [
    ("expect", [r"test_broken\.c:\d+: error: expected: 1 \+ 1 == 3",
                r"6 \* 9 == 54 \(0x36\), 42 == 42 \(0x2a\)"]),
    ("assert_leaves", [r"1 == 1 \(0x1\), 2 == 2 \(0x2\)"]),
    ("expect_in_a_thread", [r"expected: !\"in another thread\""]),
    ("flood", [r"expected: i < 0"]),
    ("leaks_memory", ["the test leaves 1 kmalloc objects"]),
    ("leaks_a_page", ["the test leaves 1 pages"]),
    ("leaves_a_thread", ["the test leaves 1 threads"]),
    ("leaves_interrupts_off", ["interrupts off at the end"]),
    ("leaves_preemption_off", [r"count == 1 \(0x1\), 0 == 0"]),
    ("warns", [r"WARNING at .*test_broken\.c:\d+: leaked == NULL",
               r"ktest_broken_warns[.\w]*\+0x", "the test leaves 1 warnings"]),
    ("wait_until_gives_up", [r"expected: leaked != NULL"]),
]


@pytest.mark.parametrize("name, wanted", FAILURES)
def test_the_runner_reports(machine, name, wanted):
    boot = run(machine, name)
    assert boot.status == qemu.FAILED, boot.excerpt()
    assert f"not ok 1 - broken.{name}\n" in boot.log, boot.excerpt()
    for pattern in wanted:
        assert re.search(pattern, boot.log), f"{pattern}\n{boot.excerpt()}"
    assert "not reached" not in boot.log
    assert boot.log.count("expected: i < 0") <= 20


@pytest.mark.parametrize("name, place", [
    ("sleeps_for_ever", "ktest_broken_sleeps_for_ever"),
    ("spins_for_ever", "ktest_broken_spins_for_ever"),
    ("hangs_behind_a_tap", "ktest_broken_hangs_behind_a_tap"),
    ("spins_with_interrupts_off", "ktest_broken_spins_with_interrupts_off"),
])
def test_the_watchdog_ends_a_hang(machine, name, place):
    boot = run(machine, name)
    assert boot.status == qemu.FAILED, boot.excerpt()
    assert f"# broken.{name} takes more than 2 s\n" in boot.log
    assert f"not ok 1 - broken.{name}\n" in boot.log
    assert "Bail out!" in boot.log
    assert re.search(rf"  {place}[.\w]*\+0x", boot.log), boot.excerpt()


PANICS = [
    ("all_cpus_panic", "together", "panic_here"),
    ("panic_behind_a_tap", "behind a tap",
     "ktest_broken_panic_behind_a_tap"),
    ("panic_in_an_interrupt", "in an interrupt", "timers_run"),
    ("panic_in_an_nmi_while_printing", "in an NMI", "nmi_entry"),
    ("spinlock_taken_twice",
     r"spinlock broken_spin\S* taken twice by this CPU", "spin_wait"),
    ("spinlock_not_held", r"lock broken_spin\S* is not held by", "spin_unlock"),
    ("spinlock_assertion",
     r"test_broken\.c:\d+: lock broken_spin\S* is not held by CPU",
     "ktest_broken_spinlock_assertion"),
    ("spinlock_stuck", r"spinlock broken_spin\S* stuck, held by CPU 1",
     "hold_spinlock"),
    ("mutex_taken_twice", r"mutex broken_mutex\S* taken twice by broken",
     "mutex_lock"),
    ("mutex_not_held", r"lock broken_mutex\S* is not held by broken",
     "mutex_unlock"),
    ("mutex_of_another", r"lock broken_mutex\S* is not held by broken",
     "mutex_unlock"),
    ("sleep_with_preemption_off", r"may sleep, but preempt count 1,",
     "msleep"),
    ("sleep_with_a_spinlock", r"may sleep, but preempt count 1,",
     "mutex_lock"),
    ("sleep_with_interrupts_off", r"may sleep, but .* irqs off",
     "mutex_lock"),
    ("interrupts_assertion", r"interrupts must be off here",
     "ktest_broken_interrupts_assertion"),
    ("timer_added_twice", r"BUG at .*timer\.c:\d+", "timer_add"),
]


@pytest.mark.parametrize("name, reason, place", PANICS)
def test_it_panics(machine, name, reason, place):
    boot = run(machine, name)
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert re.search(f"kernel panic: {reason}|kernel panic: .*{reason}",
                     boot.log), boot.excerpt()
    assert re.search(rf"  {place}[.\w]*\+0x", boot.log), boot.excerpt()
    assert boot.log.count("] kernel panic:") == 1
    assert "] end of kernel panic:" in boot.log
    assert re.search(r"CPU [01] was running ", boot.log), boot.excerpt()


def test_every_cpu_is_shown_though_deaf(machine):
    boot = run(machine, "panic_with_deaf_cpus", cpus=4)
    assert boot.status == qemu.PANIC
    for cpu in (1, 2, 3):
        assert re.search(rf"CPU {cpu} was running deaf/{cpu} .*\n"
                         r"\[.*\]   deaf_loop\+0x", boot.log), boot.excerpt()


def test_a_panic_in_a_panic_ends_at_once(machine):
    boot = run(machine, "panic_in_panic")
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert re.search(r"^panic inside a panic: #PF page fault: read of an "
                     r"unmapped page at 0x10 ", boot.log, re.M), boot.excerpt()


def test_a_third_panic_says_nothing(machine):
    boot = run(machine, "panic_in_panic_in_panic")
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert "] kernel panic: outer\n" in boot.log
    assert boot.log.endswith("\npanic inside a panic: \n"), boot.excerpt()
    assert boot.log.count("panic inside a panic") == 1


def test_broken_ones_are_run_only_when_asked_for(machine):
    boot = machine().boot("mode=tests tests=*.warns")
    assert boot.status == qemu.FAILED
    assert "1..0" in boot.log


LINE = re.compile(r"^\[ *\d+\.\d{6}\] interleave (cpu|nmi) (\d+) line (\d+) "
                  r"abcdefghijklmnopqrstuvwxyz0123456789$")


@pytest.mark.parametrize("cpus", [1, 4])
def test_lines_do_not_mix(machine, cpus):
    boot = machine(smp=cpus).boot("mode=tests tests=printk.*").ok(tests=True)
    lines = [line for line in boot.log.splitlines() if "interleave" in line]
    seen = [match.groups() for line in lines if (match := LINE.match(line))]
    assert len(seen) == len(lines), [x for x in lines if not LINE.match(x)]
    for cpu in range(cpus):
        of_cpu = [int(line) for kind, where, line in seen
                  if kind == "cpu" and int(where) == cpu]
        assert of_cpu == [0, 1, 2, 3]
    assert any(kind == "nmi" for kind, _, _ in seen)
