# SPDX-License-Identifier: MIT
# parts: test 17
"""The end: every exception nobody expects is named, with the function that
caused it, all registers and what the other CPUs were doing; status 37."""
import re
import signal
import subprocess
import threading
import time

import pytest

from tests import qemu

CRASHES = [
    ("divide", "#DE divide error", "crash_divide"),
    ("opcode", "#UD invalid opcode", "crash_opcode"),
    ("protection", "#GP general protection", "crash_protection"),
    ("read", "read of an unmapped page at 0x1000000", "crash_read"),
    ("null", "write to an unmapped page at 0x8 (null pointer)", "crash_null"),
    ("text", "write to a read-only page at", "crash_write_text"),
    ("data", "execution of a no-execute page at", "crash_execute_data"),
    ("call", "execution of an unmapped page at 0 (null pointer)",
     "crash_execute_null"),
    ("stack", "#DF double fault: stack overflow", "use_stack"),
    ("breakpoint", "stray INT3 at crash_breakpoint", "crash_breakpoint"),
    ("bug", "cpu_online(0)", "crash_bug"),
    ("free-page", "page: no block of order 1 allocated at", "crash_free_page"),
    ("kfree", "is not the start of an object", "crash_kfree"),
    ("exec-free", "exec pool: 65 bytes at", "crash_exec_free"),
    ("irq", "#UD invalid opcode", "crash_opcode"),
    ("nmi", "#UD invalid opcode", "crash_opcode"),
    ("step-in-nmi", "#DB debug: a step inside an NMI", "crash_step"),
    ("deaf-call", "CPU 1 does not run the function call_nothing",
     "crash_call"),
    ("deaf-sync", "CPU 1 does not answer sync round", "crash_sync"),
    ("call-irqs-off", "interrupts must be on here", "crash_call_irqs_off"),
    ("sync-irqs-off", "interrupts must be on here", "crash_sync_irqs_off"),
    ("call-in-irq", "interrupts must be on here", "call_in_irq"),
    ("sync-in-irq", "in_task()", "sync_in_irq"),
    ("poke-irqs-off", "preempt count 0, context 8, irqs off",
     "crash_poke_irqs_off"),
    ("poke-spinlock", "preempt count 1, context 8, irqs on",
     "crash_poke_spinlock"),
    ("poke-in-irq", "may sleep, but preempt count 0, context 2, irqs on",
     "poke_in_irq"),
    ("levels", "preempt count 130, pid ", "crash_levels"),
]


def panicked(boot, reason):
    assert boot.status == qemu.PANIC, boot.excerpt()
    first = re.search(r"kernel panic: (.*)", boot.log)
    assert first and reason in first[1], boot.excerpt()
    assert "end of kernel panic" in boot.log
    return boot.log


def test_a_trap_that_nobody_claims_is_named_TR2(machine):
    boot = machine(smp=2).boot("mode=crash crash=breakpoint")
    panicked(boot, "#BP breakpoint: stray INT3")
    assert re.search(r"INT3 at crash_breakpoint\+0x\w+/0x\w+ "
                     r"\(0xffffffff8\w{7}\) on CPU \d, "
                     r"not of: probes patch engine .*tests\n", boot.log)


# PA2: each ends. TR3: "step-in-nmi".
@pytest.mark.parametrize("name, reason, function", CRASHES)
def test_crash(machine, name, reason, function):
    boot = machine(smp=2).boot(f"mode=crash crash={name}")
    log = panicked(boot, reason)
    # gcc may split off a part of it or specialise it: .cold, .isra.0, ...
    assert re.search(rf"\b{function}[.\w]*\+0x", log), boot.excerpt()
    if name != "stack":  # its backtrace is too long to show the caller
        assert "crash_run+0x" in log, boot.excerpt()
    assert re.search(r"CPU [01] was running ", log), boot.excerpt()
    if re.search(r"kernel panic: #[A-Z]{2} ", log):  # by an exception
        assert re.search(r"\bip [0-9a-f]{16} ", log)


# PA1
def test_lines_of_a_panic_do_not_mix_with_anothers(machine):
    """Several times: the other CPU is somewhere in its line."""
    for _ in range(3):
        boot = machine(smp=2).boot("mode=crash crash=printing")
        log = panicked(boot, "#UD invalid opcode")
        mixed = [line for line in log.splitlines() if not re.match(
            r"\[ *\d+\.\d{6}\] [^][]*$|printk: \d+ lines were lost$|$", line)]
        assert not mixed


def test_an_unknown_crash_is_refused(machine):
    boot = machine().boot("mode=crash crash=nonsense")
    assert boot.status == qemu.REFUSED
    assert '"crash=nonsense": crash has no such value' in boot.log
    assert "crash may be: outside-nmi, " in boot.log
    boot = machine().boot("mode=crash")
    assert boot.status == qemu.FAILED
    assert "mode=crash wants crash=NAME" in boot.log


def repeat(monitor, command, arguments):
    """Until the machine is gone: early ones may come too early."""
    time.sleep(0.5)
    try:
        monitor.connect()
        while True:
            time.sleep(0.5)
            monitor.ask(command, **arguments)
    except (OSError, ValueError):
        pass


def while_booting(monitor, boot, command, **arguments):
    thread = threading.Thread(target=repeat, daemon=True,
                              args=(monitor, command, arguments))
    thread.start()
    return boot()


def test_a_machine_check_is_named(machine, tmp_path):
    monitor = qemu.Monitor(tmp_path)
    guest = machine(smp=2, qemu=monitor.options)
    boot = while_booting(
        monitor, lambda: guest.boot("mode=crash crash=wait"),
        "human-monitor-command",
        **{"command-line": "mce 0 9 0xb200000000000000 4 0 0"})
    panicked(boot, "#MC machine check")


@pytest.mark.parametrize("cpus", [1, 4])
def test_an_nmi_from_outside_reaches_every_cpu(machine, tmp_path, cpus):
    monitor = qemu.Monitor(tmp_path)
    guest = machine(smp=cpus, qemu=monitor.options)
    boot = while_booting(
        monitor, lambda: guest.boot("mode=crash crash=outside-nmi"),
        "inject-nmi")
    assert boot.status == qemu.OK, boot.excerpt()


def test_a_cpu_whose_counter_lags_moves_the_base(machine):
    guest = machine(smp=2, qemu=["-machine", "pc,acpi=off"])
    boot = guest.boot("mode=crash crash=lagging-cpu").ok()
    assert "crash: base moved to the CPU that lags" in boot.log


@pytest.mark.parametrize("icount", [None, 0])
def test_a_cpu_that_is_given_up_on_does_not_come_online(machine, icount):
    """AP2"""
    guest = machine(smp=3, icount=icount, qemu=["-machine", "pc,acpi=off"])
    boot = guest.boot("mode=crash crash=late-cpus").ok()
    assert re.findall(r"\] (smp: .*|crash: .*)", boot.log) == [
        "smp: CPU with APIC id 1 did not come up: -EIO",
        "smp: CPU with APIC id 2 did not come up: -EIO",
        "crash: late: 1 online, cpu0/",
        "crash: at once: -ETIMEDOUT",
        "crash: other id: -EBUSY",
        "crash: with a hole: 2 online, cpu0/ cpu2/",
        "crash: cpu1: -ENOENT, cpu2: 0",
        "crash: all: 3 online, cpu0/ cpu1/ cpu2/",
    ], boot.excerpt()


STOPS, STOP_SECONDS = 6, 0.5  # longer than the limit in the guest


def test_a_stopped_host_is_no_failure_of_a_cpu(machine, tmp_path):
    """The time stamp counter goes on while nobody runs. A limit counted in it
    is over when the first CPU runs again, and the others have had no chance.
    """
    serial = tmp_path / "serial"
    serial.touch()
    command = machine(smp=2).command("mode=crash crash=stopped-host",
                                     f"file:{serial}")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          start_new_session=True) as guest:
        try:
            limit = time.monotonic() + 60
            while "crash: waiting" not in serial.read_text():
                assert time.monotonic() < limit, "it does not begin"
                time.sleep(0.05)
            for _ in range(STOPS):
                time.sleep(0.1)
                guest.send_signal(signal.SIGSTOP)
                time.sleep(STOP_SECONDS)
                guest.send_signal(signal.SIGCONT)
            status = guest.wait(60)
        finally:
            guest.kill()
    boot = qemu.Boot(status, serial.read_text(), 0, 60).ok()
    assert re.search(r"crash: \d+ rounds", boot.log)
