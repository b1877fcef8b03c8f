# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "Who traces the tracer?"
TRAMP = "arch/x86_64/patch/ftrace_tramp.c"
# The lengths of the two pieces are fixed: other code counts on them.
NOPS = """\
for (unsigned int i = 0; i < {}; i++)
	PUT(c, 0x90);
"""
HOLES = [
    Hole(TRAMP, "put_guard_enter", NOPS.format("GUARD_ENTER_LEN")),
    Hole(TRAMP, "put_guard_leave", NOPS.format("GUARD_LEAVE_LEN")),
]
STOPPED = "ftrace.recursion_is_stopped_by_the_core"
TESTS = [
    unit("ftrace_tramp", "ftrace_tramp.every_call_is_found_again", 20),
    boot(STOPPED, 40),
    boot("ftrace_bugs.interrupt_is_no_recursion", 20, also=STOPPED),
    boot("unwind.through_a_trampoline_with_a_guard", 20, also=STOPPED),
]
WRONG = [
    Wrong("the bit stays", TRAMP,
          "\tPUT(c, 0x41, 0x31, 0x43, RECURSION_WORD);",
          "\tPUT(c, 0x41, 0x09, 0x43, RECURSION_WORD);",
          fails=["ftrace.recursion_is_stopped_by_the_core",
                 "ftrace_bugs.interrupt_is_no_recursion",
                 "unwind.through_a_trampoline_with_a_guard"]),
    Wrong("there is no way around the call", TRAMP,
          "PUT(c, 0x75, 4 + 1 + INSN_MAX + GUARD_LEAVE_LEN);",
          "PUT(c, 0x66, 0x90);",
          fails=["ftrace.recursion_is_stopped_by_the_core",
                 "ftrace_bugs.interrupt_is_no_recursion",
                 "unwind.through_a_trampoline_with_a_guard"]),
    Wrong("the bit is popped into another register", TRAMP,
          "PUT(c, 0x58);", "PUT(c, 0x59);",
          fails=["ftrace_tramp.every_call_is_found_again",
                 "ftrace.recursion_is_stopped_by_the_core",
                 "ftrace_bugs.interrupt_is_no_recursion",
                 "unwind.through_a_trampoline_with_a_guard"]),
]
