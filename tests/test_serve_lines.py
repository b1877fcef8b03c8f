# SPDX-License-Identifier: MIT
# parts: test 3, test-all 7
"""The lines that the file server is reached by, and what it has to show."""
import re
import time

import pytest

from tests import qemu
from tests.serve_guest import SERVED, Guest


def use(machine):
    """A little of everything."""
    line = machine.client(timeout=100)
    assert line.cat("available_tracers").startswith(b"function_graph")
    line.echo("trace_marker", b"over this line\n", pid=7, comm=b"sh")
    assert b"sh-7 " in line.cat("trace")
    assert len(line.cat("available_filter_functions")) > 5000
    line.close_line()


def test_com2_serves_where_there_is_no_virtio(tmp_path):
    with Guest(tmp_path, line="com2") as machine:
        assert SERVED + "COM2" in machine.log()
        use(machine)
        use(machine)


def test_a_missing_device_is_one_line_in_the_log():
    log = qemu.Machine(smp=1).boot("mode=tests tests=glob.* tracefs=on").log
    lines = [line for line in log.splitlines() if "tracefs:" in line]
    assert len(lines) == 1 and "no virtio serial port and no COM2" in lines[0]
    assert "nop5: end of run" in log


# PCI's numbers of a virtio console: transitional and modern.
CONSOLES = [(0x1af4, 0x1003), (0x1af4, 0x1043)]


def memory_bars(monitor):
    """[(device's id, address)] of the functions of bus 0."""
    devices = [device for bus in monitor.ask("query-pci") if bus["bus"] == 0
               for device in bus["devices"]]
    return [((device["id"]["vendor"], device["id"]["device"]), bar["address"])
            for device in devices for bar in device["regions"]
            if bar["type"] == "memory"]


@pytest.mark.slow
def test_bars_above_4_gib_under_uefi(tmp_path, make_iso):
    iso, monitor = make_iso("shell", "tracefs=on"), qemu.Monitor(tmp_path)
    with Guest(tmp_path, firmware="uefi", iso=iso, mem="6G",
               qemu=monitor.options) as machine:
        assert SERVED + "virtio serial port" in machine.log()
        monitor.connect()
        console = [address for ident, address in memory_bars(monitor)
                   if ident in CONSOLES]
        assert max(console) >= 1 << 32, console
        use(machine)


def test_it_serves_beside_the_demo(tmp_path):
    """As beside every mode; the demo waits for Enter."""
    with Guest(tmp_path, append="mode=demo step=on") as machine:
        machine.wait_for(lambda: "=== the machine ===" in machine.log())
        use(machine)


@pytest.mark.parametrize("mode, names", [
    ("idle", {"vfs_read", "schedule"}),
    ("steady", {"kernel_clone", "do_exit", "vfs_read", "vfs_write", "schedule",
                "mutex_lock", "rcu_read_lock", "timer_tick"}),
    ("burst", {"kernel_clone", "do_exit", "vfs_read", "vfs_write"})])
def test_the_workload_is_worth_tracing(tmp_path, mode, names):
    with Guest(tmp_path, append=f"tick=1000 workload={mode}") as machine:
        line = machine.client()
        line.echo("set_ftrace_filter", " ".join(names).encode())
        line.echo("current_tracer", b"function")
        bound, seen = time.monotonic() + 100, set()
        while not names <= seen:
            assert time.monotonic() < bound, names - seen
            text = line.cat("trace").decode()
            seen |= set(re.findall(r": (\w+) <-", text))
        line.close_line()
