# SPDX-License-Identifier: MIT
# parts: test 2
"""The first MiB belongs to firmware and boot loader: nothing of ours is kept
there but the page other CPUs start in.

QEMU stores slowly to a page that it once translated code from, and GRUB and
the BIOS leave their code there. So the same work is done after a start by GRUB
and after one without any loader, and the processor time of the two compared.
"""
import os
import pathlib


from tests import qemu, terminal
from tests.test_sessions import PROMPT

# Before the first MiB was kept free it was 60 times; equal would be 1.
RATIO_MAX = 4
OPTIONS = ["-machine", "pc,acpi=off"]


def processor_seconds(pid):
    """What a process has used in all."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def cost_of_tracing(machine, append):
    """Seconds of processor time for tracing everything and counting lines."""
    command = machine.command(append, "stdio")
    shell = terminal.spawn(command, timeout=60)
    try:
        shell.expect_exact(PROMPT)
        before = processor_seconds(shell.pid)
        for line in ["echo function > current_tracer", "sleep 0.5",
                     "echo 0 > tracing_on", "cat trace | wc -l"]:
            shell.send(line + "\r")
            shell.expect_exact(PROMPT)
        return processor_seconds(shell.pid) - before
    finally:
        shell.close(force=True)


def test_tracing_costs_the_same_after_a_boot_loader(make_iso):
    plain = qemu.Machine(mem="512M", qemu=OPTIONS)
    loaded = qemu.Machine(mem="512M", qemu=OPTIONS, iso=make_iso("shell"))
    base = cost_of_tracing(plain, "mode=shell")
    cost = cost_of_tracing(loaded, "")
    assert cost <= RATIO_MAX * max(base, 0.1), f"{base:.2f} s, {cost:.2f} s"
