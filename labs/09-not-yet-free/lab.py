# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot

TITLE = "Not yet free: waiting for tasks and CPUs"
QUIESCE, MARKS = "kernel/quiesce.c", "kernel/quiesce_marks.c"
HOLES = [
    Hole(MARKS, "quiesce_drop", "return false;"),
    Hole(MARKS, "quiesce_switch", "return false;"),
    Hole(MARKS, "quiesce_pass"),
    Hole(MARKS, "quiesce_idle"),
    Hole(QUIESCE, "mark_task"),
    Hole(QUIESCE, "cpu_is_quiet", "return true;"),
    Hole(QUIESCE, "is_to_pass", "return false;"),
    Hole(QUIESCE, "mark_cpu"),
]
RUNNING = "quiesce.a_task_running_at_the_call_is_waited_for"
HALTS = "quiesce.a_cpu_about_to_halt_is_not_waited_for"
TESTS = [
    boot(RUNNING, 10),
    boot("quiesce.preemption_is_no_voluntary_switch", 5),
    boot("quiesce.sleeping_is_a_voluntary_switch", 5),
    boot("quiesce.yield_is_a_voluntary_switch", 5),
    boot("quiesce.ending_is_a_voluntary_switch", 5),
    boot("quiesce.cond_resched_is_a_voluntary_switch", 5),
    boot("quiesce.an_idle_cpu_in_an_interrupt_is_waited_for", 10),
    boot("quiesce.a_section_with_preemption_off_is_waited_for", 5),
    boot("quiesce.a_section_with_interrupts_off_is_waited_for", 5),
    boot("quiesce.a_handler_of_an_nmi_is_waited_for", 10),
    boot("quiesce.two_waits_end_each_on_its_own", 10),
    boot("quiesce.a_task_that_never_switches_is_not_waited_for", 5,
         also=RUNNING),
    boot("quiesce.a_handler_of_an_interrupt_is_waited_for", 10),
    # The short turns of four CPUs bring it to each moment of the way.
    boot(HALTS, 10, smp=4, also=RUNNING, quiet=800),
]
WRONG = [
    Wrong("a CPU that runs a task is not marked", QUIESCE,
          "return rq->curr != current;", "return rq->curr == rq->idle;",
          fails=["quiesce.a_section_with_preemption_off_is_waited_for",
                 "quiesce.a_section_with_interrupts_off_is_waited_for"]),
    Wrong("any switch is enough", MARKS,
          "if (unlikely(prev->quiesce_marks) && voluntary)",
          "if (unlikely(prev->quiesce_marks))",
          fails=["quiesce.a_task_running_at_the_call_is_waited_for",
                 "quiesce.preemption_is_no_voluntary_switch",
                 "quiesce.two_waits_end_each_on_its_own",
                 "quiesce.a_task_that_never_switches_is_not_waited_for",
                 HALTS]),
    Wrong("marks of one wait only go", MARKS,
          "\tfor (; which; which &= which - 1)\n", "\tif (which)\n",
          fails=["quiesce.two_waits_end_each_on_its_own"]),
    Wrong("no second look", QUIESCE, "\t\tif (cpu_is_quiet(cpu)) {",
          "\t\tif (0) {", fails=[HALTS]),
    Wrong("a CPU that halts keeps its marks", MARKS,
          "\tif (likely(!READ_ONCE(rq->quiesce_marks)))\n", "\tif (1)\n",
          fails=["quiesce.an_idle_cpu_in_an_interrupt_is_waited_for", HALTS]),
    Wrong("tasks are not counted", QUIESCE, "\t\tw->tasks++;\n", "",
          fails=["quiesce.two_waits_end_each_on_its_own"]),
    Wrong("CPUs are not counted", QUIESCE, "\t\t\tw->cpus++;\n", "",
          fails=["quiesce.an_idle_cpu_in_an_interrupt_is_waited_for"]),
]
