# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot

TITLE = "The trap: do what the site will say"
INT3 = "arch/x86_64/patch/text_poke_int3.c"
HOLES = [
    Hole(INT3, "get_ref"),
    Hole(INT3, "put_ref"),
    Hole(INT3, "push"),
    Hole(INT3, "emulate", "return FOREIGN;"),
    Hole(INT3, "try_batch", "return NOT_IN_IT;"),
    Hole(INT3, "try_bytes", "return FOREIGN;"),
    Hole(INT3, "handle", "return FOREIGN;"),
]
FAULTS = "text_poke_faults."
TRAPPED = FAULTS + "trapped_call_gets_the_new_target_I2"
TESTS = [
    boot(TRAPPED, 20, image="debug"),
    boot(FAULTS + "late_int3_does_what_the_bytes_say", 20, image="debug"),
    boot(FAULTS + "late_int3_while_patching_is_resolved", 10, image="debug"),
    boot(FAULTS + "late_int3_at_the_end_of_the_pool", 10, image="debug"),
    boot(FAULTS + "vector_is_reused_only_when_nobody_reads_it_I4", 20,
         image="debug", also=TRAPPED),
    boot("text_poke_nmi.nmi_at_every_step", 10, image="debug"),
    boot("text_poke_smp.batches_of_2_adjacent", 10, image="debug"),
]
WRONG = [
    Wrong("no second look after taking a reference", INT3,
          "\tif (READ_ONCE(poke_seq) != seq) {\n", "\tif (false) {\n",
          fails=[FAULTS + "vector_is_reused_only_when_nobody_reads_it_I4"]),
    Wrong("a late trap is taken for a stranger's", INT3,
          "\treturn emulate(to, ip, word, false);", "\treturn FOREIGN;",
          fails=["text_poke_faults.late_int3_does_what_the_bytes_say",
                 "text_poke_faults.late_int3_while_patching_is_resolved",
                 "text_poke_faults.late_int3_at_the_end_of_the_pool"]),
    Wrong("the old place is gone on from", INT3,
          "to->ip = insn_target(word, ip);", "to->ip = ip + INSN_MAX;",
          fails=[test.name for test in TESTS]),
]
SCENE = "int3"
