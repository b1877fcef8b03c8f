# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "A trampoline by hand"
TRAMP = "arch/x86_64/patch/ftrace_tramp.c"
HOLES = [
    Hole(TRAMP, "put_save_fast"),
    Hole(TRAMP, "put_restore_fast"),
    Hole(TRAMP, "put_args"),
    Hole(TRAMP, "put_callback"),
    Hole(TRAMP, "put_leave"),
    Hole(TRAMP, "ftrace_tramp_emit", "return 0;"),
]
# Without trampolines the list function serves, and promises as much.
TAKEN = "unwind.through_a_trampoline"
TESTS = [
    unit("ftrace_tramp", "ftrace_tramp.sizes", 10),
    unit("ftrace_tramp", "ftrace_tramp.the_size_is_that_of_the_code", 15),
    unit("ftrace_tramp", "ftrace_tramp.every_call_is_found_again", 15),
    unit("ftrace_tramp", "ftrace_tramp.direct_target_at_the_end", 10),
    boot("unwind.through_a_trampoline", 20),
    boot("ftrace_regs.survive_callbacks", 20, also=TAKEN),
    boot("ftrace_regs.reach_a_direct_target", 10, also=TAKEN),
]
WRONG = [
    Wrong("one register is not saved", TRAMP,
          "put_save_fast(struct code *c)\n{\n\tPUT(c, PUSH_FAST);",
          "put_save_fast(struct code *c)\n{\n\tPUT(c, 0x57, 0x56, 0x52, "
          "0x51, 0x50, 0x41, 0x50, 0x41, 0x50);",
          fails=["ftrace_regs.survive_callbacks",
                 "ftrace_regs.reach_a_direct_target"]),
    Wrong("ip is the return address", TRAMP,
          "PUT(c, 0x48, 0x83, 0xef, MCOUNT_INSN_SIZE);",
          "PUT(c, 0x48, 0x83, 0xef, 0);",
          fails=["ftrace_regs.survive_callbacks",
                 "ftrace_regs.reach_a_direct_target"]),
    Wrong("a direct target is never reached", TRAMP,
          "\tif (!direct) {\n\t\tPUT(c, 0xc3);",
          "\tif (direct || !direct) {\n\t\tPUT(c, 0xc3);",
          fails=["ftrace_tramp.direct_target_at_the_end",
                 "ftrace_regs.reach_a_direct_target"]),
]
