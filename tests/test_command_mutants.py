# SPDX-License-Identifier: MIT
# parts: torture 75
"""Breaks function commands, histograms, triggers, lists of pids and soft mode
on purpose, one line at a time: a named test in the image, a panic, or a fuzz
target over its seeds must notice each."""
import pathlib
import subprocess

import pytest

from tests.mutants import mutated
from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

COMMANDS = "trace/event/func_command.c"

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("FC1: every function is in the ops", COMMANDS,
     "err = register_ftrace_function(&command->ops);",
     "ftrace_set_filter(&command->ops, NULL, 0, 1);\n\t"
     "err = register_ftrace_function(&command->ops);",
     "func_command.only_its*", "not ok 1 - func_command.only_its"),
    ("FC3: a site is freed without waiting", COMMANDS,
     "\tsynchronize_cpus(); /* FC3 */\n\twhile (", "\twhile (",
     "func_command.freed*", "not ok 1 - func_command.freed"),
    ("TG2: the event that a trigger switches is held for ever",
     "trace/event/event_trigger.c",
     "if (trigger->is.target) trace_event_soft_mode(trigger->is.target, "
     "false);", "",
     "event_trigger.enable_event*", "not ok 1 - event_trigger.enable_event"),
    ("FC4: a failed addition leaves its table", COMMANDS,
     "\tif (err)\n\t\tsmp_store_release(&command->table, old); /* FC4 */", "",
     "func_command.memory*", "kernel panic: "),
    ("TG4: an action is refused inside of an action", "trace/core/recursion.h",
     "if (unlikely(*word & bit)) return 0;", "",
     "event_trigger.an_event_ins*", "not ok 1 - event_trigger.an_event_ins"),
    ("TD3: a dump is printed wherever it is asked for",
     "trace/output/trace_dumper.c",
     "in_task() && !preempt_count() && local_save_flags() & X86_EFLAGS_IF",
     "in_task()",
     "func_command.a_dump_where*", "not ok 1 - func_command.a_dump_where"),
    ("HG2: a field is read beyond its end", "trace/event/event_hist.c",
     "n = strnlen((const char *)at, min(n, room));",
     "n = room;",
     "event_hist.texts*", "not ok 1 - event_hist.texts"),
    ("EH3: one histogram of a name is cleared", "trace/event/event_hist.c",
     "smp_store_release(&at->table, table); /* EH3 */\n"
     "\t\ttable->users++;\n\t\told->users--;",
     "if (at != hist) continue;\n\t\ttable->users++;\n"
     "\t\told->users--;",
     "hist_name.events_of*", "not ok 1 - hist_name.events_of"),
    ("EH3: a histogram that goes can be joined",
     "trace/event/event_trigger.c",
     "if (trigger->is.hist) event_hist_retire(trigger->is.hist);", "",
     "hist_name.a_name*", "not ok 1 - hist_name.a_name"),
    ("EH3: any histogram fits a name", "trace/event/event_hist.c",
     "return !other || event_hist_same(hist, other);",
     "return !other || other;",
     "hist_name.another*", "not ok 1 - hist_name.another"),
    ("a stack begins behind the tracepoint", "trace/event/event_hist.c",
     "first = i + 1;", "first = i;",
     "event_hist.stacks", "not ok 1 - event_hist.stacks"),
    ("TG3: a trigger is freed without waiting", "trace/event/event_trigger.c",
     "\tevent_session_wait(); /* TG3 */\n", "",
     "event_trigger.freed*", "not ok 1 - event_trigger.freed"),
    ("EP2: a set of pids is freed without waiting",
     "trace/event/event_pids.c",
     "\tif (old)\n\t\tsynchronize_cpus(); /* EP2 */\n", "",
     "event_pids.a_set*", "not ok 1 - event_pids.a_set"),
    ("EF4: a detached event is no longer soft-disabled",
     "trace/event/trace_event_file.c",
     "trace_event_file_set(file, EVENT_FILE_ENABLED, false);",
     "trace_event_file_set(file, EVENT_FILE_ENABLED |\n\t\t\t     "
     "EVENT_FILE_SOFT_DISABLED, false);",
     "event_file.no_probe*", "not ok 1 - event_file.no_probe"),
]

# A delay makes the window of a race wide: it would tell too much in a puzzle.
DELAYED = [
    ("EH1: sums are added to by load and store", "trace/event/hist_map.h",
     "__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);",
     "u64 old = READ_ONCE(*sum);"
     "for (int i = 0; i < 3000; i++) barrier(); WRITE_ONCE(*sum, old + n);",
     "event_hist.counts_are*", "not ok 1 - event_hist.counts_are"),
    ("EH2: a cleared table is freed without waiting",
     "trace/control/hist_nodes.c",
     "\tif (!err)\n\t\tevent_session_wait(); /* EH2 */\n", "",
     "event_hist.cleared_after*", "not ok 1 - event_hist.cleared_after"),
    ("a pid is added without the lock of its set", "trace/core/pid_set.c",
     "unsigned long flags = begin_change(set);\n\tint ret = 0;\n\n"
     "\tif (!pid_set_has(set, pid)) {\n"
     "\t\tif (atomic_read(&set->live) < PID_SET_MAX) {\n"
     "\t\t\tWRITE_ONCE(*place_for(set, pid), (u32)pid + 1);",
     "unsigned long flags = arch_irq_save();\n\tint ret = 0;\n\n"
     "\tif (!pid_set_has(set, pid)) {\n"
     "\t\tif (atomic_read(&set->live) < PID_SET_MAX) {\n"
     "\t\t\tu32 *slot = place_for(set, pid);\n"
     "\t\t\tfor (volatile int n = 0; n < 300; n++);\n"
     "\t\t\tWRITE_ONCE(*slot, (u32)pid + 1);",
     "pid_set.all_cpus*", "not ok 1 - pid_set.all_cpus"),
    ("TD4: dumps are printed at the same time",
     "trace/output/trace_dumper.c",
     "if (!try_cmpxchg(&dumper.state, &state, PRINTING)) return;",
     "state = READ_ONCE(dumper.state);\n\tif (state == CLOSED) return;",
     "func_command.a_dump_removed*", ""),  # a failure, a panic or a hang
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", DELAYED,
                         ids=ids(DELAYED))
def test_delayed(tree, name, file, text, becomes, tests,  # noqa: F811
                 noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2}, tests)
    assert noticed in boot.log, boot.excerpt()


# Delayed, too, where instructions are counted: a rare race is seen each time.
COUNTED = [
    ("FC2: turns are taken by load and store", "trace/event/event_trigger.c",
     "while (!try_cmpxchg(left, &count, count - 1));\n\treturn true;",
     "while (0);\n\tfor (volatile int n = 0; n < 5000; n++);\n"
     "\tWRITE_ONCE(*left, count - 1);\n\treturn true;",
     "func_command.a_count*", "not ok 1 - func_command.a_count"),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed",
                         MUTANTS + COUNTED, ids=ids(MUTANTS + COUNTED))
def test_counted(tree, name, file, text, becomes, tests,  # noqa: F811
                 noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2, "icount": 0},
                      tests)
    assert noticed in boot.log, boot.excerpt()


# Fuzz targets over their seeds alone.
FUZZED = [
    ("a refused trigger keeps its event", "fuzz_events",
     "trace/event/event_trigger.c",
     "if (err) trace_event_soft_mode(file, false);", ""),
    ("a refused trigger keeps its filter", "fuzz_events",
     "trace/control/trigger_nodes.c",
     "if (err) event_trigger_spec_drop(&w->spec);", ""),
    ("FC4: a failed addition leaves its table", "fuzz_events", COMMANDS,
     "\tif (err)\n\t\tsmp_store_release(&command->table, old);", ""),
    ("a histogram is listed as it is written", "fuzz_events",
     "trace/event/event_hist.c",
     'if (spec->sort[i].descending) trace_seq_puts(seq, ".descending");',
     ""),
    ("a bad value is not told", "fuzz_boot_words",
     "trace/control/boot_words.c",
     "if (ret < 0)\n\t\tcomplain(", "if (0)\n\t\tcomplain("),
]


@pytest.mark.parametrize("name, target, file, text, becomes", FUZZED,
                         ids=ids(FUZZED))
def test_fuzz(tree, name, target, file, text, becomes):  # noqa: F811
    path, program = pathlib.Path(tree, file), f"build/host/fuzz/{target}"
    good = path.read_text(encoding="utf-8")
    path.write_text(mutated(good, text, becomes), encoding="utf-8")
    try:
        subprocess.run(["make", "-s", "-f", "tests/host/host.mk",
                        "BUILD=build", program], cwd=tree, check=True,
                       timeout=300)
    finally:
        path.write_text(good, encoding="utf-8")
    done = subprocess.run([program, "-runs=0", f"tests/fuzz/seeds/{target}"],
                          cwd=tree, capture_output=True, timeout=120,
                          check=False)
    assert done.returncode
