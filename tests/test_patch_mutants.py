# SPDX-License-Identifier: MIT
# parts: test-all 39, torture 10
"""Breaks the patch engine on purpose, one line at a time: a named test in the
image, or a panic that names the invariant, must notice each."""
import pytest

from tests import qemu
from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

ENGINE = "arch/x86_64/patch/text_poke"

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("a tail cut by a page is not written", ENGINE + "_write.c",
     "store_rest(space, p->ip, p->new, 1);",
     "store_rest(space, p->ip, p->new, 4);",
     "text_poke.boundaries", "kernel panic: I1: site"),
    ("interrupts on with the private space loaded", ENGINE + "_write.c",
     "space->flags = arch_irq_save();", "space->flags = local_save_flags();",
     "text_poke_smp.no_interrupt*", "not ok 1 - text_poke_smp.no_interrupt"),
    ("the last site is not verified", ENGINE + "_vec.c",
     "for (p = vec; p < vec + n; p++) {",
     "for (p = vec; p + 1 < vec + n; p++) {",
     "text_poke.mismatch*", "text_poke_prepare(farm.vec, farm.n, &bug) == 0"),
    ("the last site is not published", ENGINE + "_steps.c",
     "poke_index(), seq, vec, n);", "poke_index(), seq, vec, n - 1);",
     "text_poke_faults.trapped_call*,text_poke_smp.batches_of_2_adjacent",
     "stray INT3 at"),
    ("the index is made once the batch is live", ENGINE + "_steps.c",
     "poke_index_fill(poke_index(), seq, vec, n);\n"
     "\t/* Pairs with the second look at the sequence in try_batch(). */\n"
     "\tsmp_store_release(&poke_seq, seq);",
     "smp_store_release(&poke_seq, seq);\n"
     "\tpoke_index_fill(poke_index(), seq, vec, n);",
     "text_poke_index.a_batch*", "not ok 1 - text_poke_index.a_batch"),
    ("nobody waits for references", ENGINE + "_steps.c",
     "while (READ_ONCE(per_cpu(poke_refs, cpu)))",
     "if (READ_ONCE(per_cpu(poke_refs, cpu)))",
     "text_poke_faults.vector_is_reused*",
     "not ok 1 - text_poke_faults.vector_is_reused"),
    ("no second look after taking a reference", ENGINE + "_int3.c",
     "if (READ_ONCE(poke_seq) != seq)", "if (READ_ONCE(poke_seq) < seq)",
     "text_poke_faults.vector_is_reused*",
     "not ok 1 - text_poke_faults.vector_is_reused"),
    ("a reference is given back before the search", ENGINE + "_int3.c",
     "\tpoke_window(faults);\n\tp = poke_search(",
     "\tput_ref(ref);\n\tpoke_window(faults);\n\tget_ref(ref);\n"
     "\tp = poke_search(",
     "text_poke_faults.vector_is_reused*",
     "not ok 1 - text_poke_faults.vector_is_reused"),
    ("the owner waits for itself", ENGINE + ".c",
     "\tif (mutex_is_held(&text_mutex))\n\t\treturn -EBUSY;\n"
     "\tmutex_lock(&text_mutex);\n\terr = poke_verify",
     "\tif (mutex_is_held(&text_mutex) && n > 1)\n\t\treturn -EBUSY;\n"
     "\tmutex_lock(&text_mutex);\n\terr = poke_verify",
     "text_poke.own_nested*", "kernel panic: "),
    ("the last lines of a plan are not verified", "trace/core/ftrace_session.c",
     "return err ?: arch_ftrace_prepare_lines(line, n, bug);", "return err;",
     "ftrace_bugs.unexpected_bytes*", "kernel panic: "),
    ("a cut site is the fourth", ENGINE + "_write.c",
     "p[3].ip <= last", "p[2].ip <= last",
     "text_poke.boundaries", "kernel panic: "),
    ("the guard's bit stays", "arch/x86_64/patch/ftrace_tramp.c",
     "\tPUT(c, 0x41, 0x31, 0x43, RECURSION_WORD);",
     "\tPUT(c, 0x41, 0x09, 0x43, RECURSION_WORD);",
     "ftrace.recursion*", "not ok 1 - ftrace.recursion"),
]

# In the pure part of the index, which has unit tests, too.
INDEX = [
    ("the last site of a page is not published", ENGINE + "_index.c",
     "poke_range_of(index, p->ip), tag, p, next",
     "poke_range_of(index, p->ip), tag, p, next - (next > p + 1)",
     "text_poke_index.pages_of_two*", "stray INT3 at"),
    ("a range has the last of the pages that share it", ENGINE + "_index.c",
     "if (range->tag == tag)", "if (false)",
     "text_poke_index.pages_of_two*", "stray INT3 at"),
    ("the range of an older batch is searched", ENGINE + "_internal.h",
     "if (range->tag != tag)", "if (!range->tag)",
     "text_poke_index.ranges*", "not ok 1 - text_poke_index.ranges"),
]

ALL = MUTANTS + [pytest.param(*mutant, marks=pytest.mark.torture)
                 for mutant in INDEX]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", ALL,
                         ids=ids(MUTANTS + INDEX))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2, "icount": 0},
                      tests, image=qemu.DEBUG)
    assert noticed in boot.log, boot.excerpt()
