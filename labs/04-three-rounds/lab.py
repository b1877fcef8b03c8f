# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, model

TITLE = "Three rounds: each synchronisation, needed or not"
STEPS = "arch/x86_64/patch/text_poke_steps.c"
IPI = "arch/x86_64/cpu/ipi.c"
MODEL = "tests/model/text_poke.pml"
# The boot patches some sites while nobody calls them: without protection.
HOLES = [
    Hole(STEPS, "steps_int3", "POKE_TAIL, POKE_HEAD, POKE_END,"),
    Hole(STEPS, "publish"),
    Hole(STEPS, "unpublish"),
    Hole(STEPS, "retire"),
    Hole(IPI, "answer_myself"),
    Hole(IPI, "wait_for_answer"),
    Hole(IPI, "sync_core_all"),
    Hole(MODEL, "patcher", "byte i;\nover = true"),
]
SMALL = "NO_NMI"
HOLDS, BROKEN = 0, 1
ROUNDS = "text_poke.three_rounds_for_any_batch"
TRAPPED = "text_poke_faults.trapped_call_gets_the_new_target_I2"
READERS = "text_poke_faults.vector_is_reused_only_when_nobody_reads_it_I4"
WATCHED = "text_poke_faults.no_phase_goes_on_without_every_cpu"
LOAD = "text_poke_smp.batches_of_2_adjacent"
TESTS = [
    boot("ipi.sync_round_is_answered_by_all", 5),
    boot("ipi.sync_round_waits_for_a_cpu_with_interrupts_off", 5),
    boot(ROUNDS, 20),
    boot(TRAPPED, 10, image="debug"),
    boot(READERS, 10, image="debug", also=TRAPPED),
    boot(WATCHED, 25, image="debug"),
    boot(LOAD, 5, image="debug", also=TRAPPED),
    model("model.tails_wait_for_the_traps", 10,
          [(HOLDS, [SMALL]), (BROKEN, [SMALL, "NO_SYNC1"])]),
    model("model.first_bytes_wait_for_the_tails", 5,
          [(HOLDS, [SMALL]), (BROKEN, [SMALL, "NO_SYNC2"])]),
    model("model.the_third_round_is_for_hardware", 5,
          [(HOLDS, [SMALL, "HARDWARE", "NO_LATE"]),
           (BROKEN, [SMALL, "HARDWARE", "NO_LATE", "NO_SYNC3"])]),
]
WRONG = [
    Wrong("no round between the traps and the tails", STEPS,
          "POKE_PUBLISH, POKE_INT3, POKE_SYNC,    POKE_TAIL,",
          "POKE_PUBLISH, POKE_INT3, POKE_TAIL,",
          fails=[ROUNDS,
                 WATCHED]),
    Wrong("no round between the tails and the first bytes", STEPS,
          "POKE_TAIL,   POKE_SYNC,\n\tPOKE_HEAD,", "POKE_TAIL, POKE_HEAD,",
          fails=[ROUNDS,
                 WATCHED]),
    Wrong("first bytes before tails", STEPS,
          "POKE_TAIL,   POKE_SYNC,\n\tPOKE_HEAD,",
          "POKE_HEAD, POKE_SYNC, POKE_TAIL,",
          fails=[TRAPPED,
                 READERS,
                 WATCHED,
                 LOAD]),
    Wrong("nobody waits for references", STEPS,
          "while (READ_ONCE(per_cpu(poke_refs, cpu)))", "while (false)",
          fails=[READERS]),
    Wrong("a round waits for nobody", IPI,
          "if (!spin_until(has_answered(cpu, round), smp_timeout_ns))",
          "if (round == 0 && !has_answered(cpu, round))",
          fails=["ipi.sync_round_is_answered_by_all",
                 "ipi.sync_round_waits_for_a_cpu_with_interrupts_off"]),
    Wrong("in the model the second round is missing", MODEL,
          "#ifndef NO_SYNC2\n\t\tsync_all();\n#endif", "",
          fails=["model.tails_wait_for_the_traps",
                 "model.first_bytes_wait_for_the_tails",
                 "model.the_third_round_is_for_hardware"]),
]
SCENE = "int3"
