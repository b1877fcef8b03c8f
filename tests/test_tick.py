# SPDX-License-Identifier: MIT
# parts: test 3
"""The tick leaves time for what it interrupts, however long it takes.

With a backtrace for every function a tick takes longer than its period. Where
the next is then due at once, no task makes a step any more: the prompt never
comes back. The larger the shift, the fewer instructions fit into a period.
"""

import pexpect
import pytest

from tests import qemu, terminal
from tests.test_sessions import PROMPT


@pytest.mark.parametrize("cpus, shift", [(1, 5), (1, 6), (1, 7), (2, 4)])
def test_the_prompt_comes_back_with_everything_traced(cpus, shift):
    machine = qemu.Machine(smp=cpus, mem="64M", icount=shift)
    shell = terminal.spawn(machine.command("mode=shell", "stdio"), timeout=40)
    try:
        shell.expect_exact(PROMPT)
        for line in [f"stress {cpus}", "echo func_stack_trace > trace_options",
                     "echo function > current_tracer", "cat tracing_on",
                     "echo nop > current_tracer", "stress 0"]:
            shell.send(line + "\r")
            shell.expect_exact(PROMPT)
        shell.send("exit\r")
        shell.expect(pexpect.EOF)
    finally:
        shell.close(force=True)
    assert shell.exitstatus == qemu.OK
