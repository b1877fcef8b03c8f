# SPDX-License-Identifier: MIT
# parts: torture 105
"""Breaks, one line at a time, what keeps several traces apart, what keeps a
damaged record from a reader, and the steps of the tracer's fast code: a named
test in the image, or a panic, must notice each."""
import pytest

from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

GRAPH, PRINT = "trace/tracers/graph_output.c", "trace/output/trace_bprint.c"
ENTRIES, FILE = "trace/output/trace_entries.c", "trace/event/trace_event_file.c"
FOREIGN = "not ok 3 - trace_damage.prints_no_byte"

RING, FN = "trace/ring/ring_fast.inc", "trace/tracers/function_fast.asm"
FAST_GRAPH = "trace/tracers/graph_fast.asm"
STEPS, ASM = "trace/ring/ring_steps.h", "trace/ring/ring_asm.h"
HOOK = ("ring_fast.and_of_the*", "not ok 1 - ring_fast.and_of")
LOST = (HOOK[0], "kernel panic: R1: no frame for")
SAME = ("ring_fast.writes*", "not ok 1 - ring_fast.writes")
NMI = ("ring_fast.an_nmi_writes_at_each_instruction_RB3",
       "not ok 1 - ring_fast.an_nmi")
NO_ROOM = ("ring_fast.an_nmi_writes_where_there_is_no_room",
           "not ok 1 - ring_fast.an_nmi")
LONG = ("ring_fast.an_nmi_writes_where_the_time_is_long",
        "not ok 1 - ring_fast.an_nmi")
STILL = ("ring_fast.an_nmi_writes_while_the_clock*",
         "not ok 1 - ring_fast.an_nmi")
OTHER_TIME = ("ring_fast.an_nmi_writes_where_another_time_is_stored",
              "not ok 1 - ring_fast.an_nmi")
ALONE = ("ring_fast.calls_nothing*", "not ok 1 - ring_fast.calls_nothing")
SWAPPED = ("ring_fast.the_ring_goes*", "not ok 1 - ring_fast.the_ring_goes")
NESTED = ("ring_fast.calls_nest*", "not ok 1 - ring_fast.calls_nest")
WALK = ("ring_fast.the_stack*", "not ok 1 - ring_fast.the_stack")
SETTINGS = "dword [abs trace_top_array + TRACE_STATE], TRACE_USUAL"

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("V2: a trace is freed without waiting", "trace/trace_array.c",
     "\tsynchronize_tasks(); /* V2 */\n", "",
     "trace_array.freed*", "not ok 1 - trace_array.freed"),
    ("CS1: calls are counted by load and store", "trace/tracers/call_stat.c",
     "local_inc(counter_of(here));",
     "{ u64 *n = (void *)counter_of(here), old = READ_ONCE(*n);"
     "for (int i = 0; i < 3000; i++) barrier(); WRITE_ONCE(*n, old + 1); }",
     "consumers.stat_is_exact*", "not ok 1 - consumers.stat_is_exact"),
    ("fast code: the time is stored behind `enter`", STEPS,
     "STEP(begin) \\ STEP(enter)", "STEP(enter) STEP(begin)", *NMI),
    ("fast code: the time is stored before `gate`", STEPS,
     "STEP(gate) \\ STEP(clock) \\ STEP(begin)",
     "STEP(clock) STEP(begin) STEP(gate)", *NESTED),
    ("fast code: the place is read before `enter`", STEPS,
     "STEP(enter) \\ STEP(place)", "STEP(place) STEP(enter)", *STILL),
    ("fast code: the event is counted behind `publish`", STEPS,
     "STEP(count) \\ STEP(publish)", "STEP(publish) STEP(count)", *NMI),
    ("fast code: a writer inside is not seen", STEPS,
     "DO(load32, word, data.state) \\ DO(or32, word, slow)",
     "DO(load32, word, slow)", *NESTED),
    ("fast code: a commit that is pending is not seen", ASM,
     '"or", RING_R32_##r, m);',
     '"or", RING_R32_##r, m); RING_INSN("btr eax, 31");',
     *LONG),
    ("fast code: a ring that is held is written", STEPS,
     "DO(or32, word, slow)", "", "ring_fast.a_masked*",
     "not ok 1 - ring_fast.a_masked"),
    ("fast code: the time is not stored", STEPS,
     "DO(store, data.begun, now)", "", *ALONE),
    ("fast code: nobody sees that a writer is inside", STEPS,
     "DO(add32, data.state, RB_STATE_INSIDE(size, 0))", "", *NMI),
    ("fast code: an event runs over the page's end", ASM,
     '"cmp " RING_R_##r ", %c0"', '"cmp " RING_R_##r ", 8 + %c0"', *SAME),
    ("fast code: another time is in the ring", STEPS,
     "DO(differ, now, data.begun, undo)", "", *OTHER_TIME),
    ("fast code: no second look after leaving", ASM, '"js "', '"; "', *NMI),
    # Forms of operations in assembly: the other back end has the right ones.
    ("assembly: load16 loads more", ASM, '"movzx " RING_R32_##r ", word',
     '"mov " RING_R32_##r ", ', *ALONE),
    ("assembly: load32 loads nothing", ASM, '"mov", RING_R32_##r, m',
     '"xor eax, eax;", RING_R32_##r, m', *NESTED),
    ("assembly: or32 is an and", ASM, '"or", RING_R32_##r',
     '"and", RING_R32_##r', *NESTED),
    ("assembly: sub adds", ASM, '"sub"', '"add"', *ALONE),
    ("assembly: add is a copy", ASM, '"add", RING_R_##r, m',
     '"mov", RING_R_##r, m', *SAME),
    ("assembly: copy copies nothing", ASM,
     '"mov " RING_R_##r ", " RING_R_##s', '"nop"', *ALONE),
    ("assembly: tsc is not multiplied", ASM, '"i"(1 << (c))', '"i"(1)', *SAME),
    ("assembly: shift_left does not", ASM, '"shl " RING_R_##r', '"bt rax"',
     *SAME),
    ("assembly: add_const adds more", ASM, '"add " RING_R_##r ", %c0"',
     '"add " RING_R_##r ", 1 + %c0"', *SAME),
    ("assembly: store stores nothing", ASM, '"mov", m', '"cmp", m', *ALONE),
    ("assembly: put32 puts it elsewhere", ASM, '" + %c0], "',
     '" + %c0 + 4], "', *SAME),
    ("assembly: add32 adds nothing", ASM, '"add dword', '"cmp dword', *NMI),
    ("assembly: count does not", ASM, '"inc qword [r11 + %c0]"', '"nop"',
     *SWAPPED),
    ("assembly: add32_sign looks for a carry", ASM, '"js "', '"jc "', *ALONE),
    ("assembly: above has a sign", ASM, '"ja "', '"jg "', *SAME),
    ("assembly: differ is below", ASM, '"jne "', '"jb "', *OTHER_TIME),
    ("fast code: a writer that is undone stays inside", FN,
     "mov r10d, RB_EVENT_HEADER + ENTRY_SIZE", "mov r10d, RING_REFUSED",
     *NO_ROOM),
    ("fast code: a writer that was refused is undone", FN,
     ".refused: mov r10d, RING_REFUSED",
     ".refused:\n\tmov r10d, RB_EVENT_HEADER + ENTRY_SIZE",
     NESTED[0], "kernel panic: "),
    ("RB9: what stands behind an undone event waits in a ring",
     "trace/ring/ring_buffer.c",
     "if (state & RB_STATE_PENDING) ring_buffer_commit_rest(rb);", "",
     "ring_fast.the_ring_goes_at_an_event*",
     "not ok 1 - ring_fast.the_ring_goes"),
    ("graph: a writer undone at the entry stays inside", FAST_GRAPH,
     "mov r10d, RB_EVENT_HEADER + GRAPH_ENT_SIZE",
     "mov r10d, RING_REFUSED", *HOOK),
    ("graph: a writer undone at the return stays inside", FAST_GRAPH,
     "mov esi, RB_EVENT_HEADER + GRAPH_RET_SIZE",
     "mov esi, RING_REFUSED", *HOOK),
    ("fast code: its own level of preemption counts", RING,
     "<< 16) - CONTEXT_LEVEL]", "<< 16)]", *SAME),
    ("fast code: interrupts seem on", RING,
     "(TRACE_FLAG_IRQS_OFF << 16)", "0", *SAME),
    ("fast code: a register is not given back", FN,
     "ring_end .resched .out: pop rdx pop rax",
     "ring_end .resched\n.out:\n\tpop rax\n\tpop rax", *SAME),
    ("fast code: a switch that is due waits", RING,
     "js %1", "", "ring_fast.a_switch*",
     "not ok 1 - ring_fast.a_switch"),
    ("fast code: every task is seen", FN,
     "jne function_fast_end + FTRACE_FAST_LATE", "nop", "ring_fast.asks*",
     "not ok 1 - ring_fast.asks"),
    ("graph: the slot is hooked before the frame has it", FAST_GRAPH,
     "mov [rcx + FRAME_RETP], rax mov qword [rax], return_to_handler",
     "mov qword [rax], return_to_handler\n\tmov [rcx + FRAME_RETP], rax",
     *WALK),
    ("graph: a frame beyond the shadow stack", FAST_GRAPH,
     "cmp rcx, [rax + STACK_END] jae .refused", "nop",
     "fgraph.values_beyond*", "not ok 1 - fgraph.values_beyond"),
    ("graph: a frame of no user", FAST_GRAPH,
     "mov [rcx + FRAME_USERS], eax", "nop", *HOOK),
    ("graph: a frame of any user is its own", FAST_GRAPH,
     "cmp [rcx + FRAME_USERS], eax jne .not_ours", "nop",
     "function_graph.a_call_hidden*",
     "not ok 1 - function_graph.a_call_hidden"),
    ("graph: a frame of any slot is its own", FAST_GRAPH,
     "cmp [rcx + FRAME_RETP], rdi jne .not_ours", "nop",
     "fgraph.frames_of*", "kernel panic: "),
    ("graph: no setting counts at the entry", FAST_GRAPH,
     f"cmp {SETTINGS} jne graph_fast_end + FTRACE_FAST_LATE", "",
     "function_graph.max_graph*", "not ok 1 - function_graph.max_graph"),
    ("graph: every task is seen", FAST_GRAPH,
     "cmp byte [gs:ftrace_aside], 0", "cmp al, al",
     "ring_fast.asks*", "not ok 1 - ring_fast.asks"),
    ("graph: no setting counts at the return", FAST_GRAPH,
     f"cmp {SETTINGS} jne .not_ours", "nop", "function_graph.durations*",
     "not ok 1 - function_graph.durations"),
    ("graph: the frame is popped behind the commit", FAST_GRAPH,
     "mov [rsi + STACK_TOP], rcx ; after the frame was read "
     "graph_ret_commit .rest",
     "graph_ret_commit .rest\n\tmov [rsi + STACK_TOP], rcx",
     *HOOK),
    ("graph: a frame whose event has no room stays", FAST_GRAPH,
     "sub rcx, FRAME_SIZE mov [rax + STACK_TOP], rcx", "nop", *HOOK),
    ("graph: a frame is filled and not pushed", FAST_GRAPH,
     "mov qword [rcx + FRAME_RETP], 0 mov [rax + STACK_TOP], rcx", "nop",
     *LOST),
    ("graph: the slot keeps the hook", FAST_GRAPH,
     "mov [rdi], rax", "nop", *LOST),
    ("graph: the return is not left when the ring refuses", FAST_GRAPH,
     "mov rdi, r11 jmp graph_handler_refused",
     "mov rdi, r11\n\tjmp graph_handler_late", *HOOK),
    ("BP1: prints go on to a trace that has gone", PRINT,
     "if (print_dest == tr)", "if (!print_dest)",
     "instances.prints_of*", "not ok 1 - instances.prints_of"),
    ("BP1: the top trace gives it up", PRINT,
     "return tr == trace_top() ? -EINVAL : 0;", "return 0;",
     "instances.prints_go*", "not ok 1 - instances.prints_go"),
    ("BP1: two traces have it", PRINT,
     "WRITE_ONCE(old->options, old->options & ~bit);", "(void)old;",
     "instances.prints_go*", "not ok 1 - instances.prints_go"),
    ("triggers stay in a trace that goes", FILE,
     "\tevent_triggers_drop_all(tr);\n", "",
     "instances.triggers_in*", "not ok 1 - instances.triggers_in"),
    ("a stack of an instance begins in the tracer", FILE,
     "file->caller = top->caller;", "file->caller = 0;",
     "instances.a_stack*", "not ok 1 - instances.a_stack"),
    ("a damaged depth", GRAPH,
     "min(max(depth, 0), FGRAPH_DEPTH_MAX)", "max(depth, 0)",
     "trace_damage.*", "not ok 2 - trace_damage.is_printed_as"),
    ("a damaged depth in the table of open calls", GRAPH,
     "depth >= 0 && depth < FGRAPH_DEPTH_MAX", "true",
     "trace_damage.*", "kernel panic: "),
    ("a damaged format", PRINT,
     "if (!format_known(entry->fmt))",
     "if (!entry->fmt && !format_known(NULL))",
     "trace_damage.*", "kernel panic: "),
    ("a text that ends behind its record", "trace/event/event_print.c",
     "!size || offset > len || size > len - offset ||", "!size ||",
     "trace_damage.*", FOREIGN),
    ("a text of a probe that does", "trace/probes/probe_event_format.c",
     "else if (at > iter->len || len > iter->len - at)", "else if (false)",
     "trace_damage.*", FOREIGN),
    ("an array of characters without an end", "trace/event/event_code.def",
     "if (iter->event->has_char_arrays)", "if (false)",
     "trace_damage.*", FOREIGN),
    ("a stack of more than its record", ENTRIES,
     "i < room && i < (u32)entry->size", "i < room + 64 && i < "
     "(u32)entry->size", "trace_damage.*", FOREIGN),
    ("a marker without an end", ENTRIES,
     "strnlen(entry->buf, iter->len - sizeof(*entry))",
     "strlen(entry->buf)", "trace_damage.*", FOREIGN),
    ("E2: a record shorter than its event", "trace/output/trace_iter.c",
     "trace_event_of(iter->data, event->len); /* E2 */",
     "trace_event_of(iter->data, RB_DATA_SIZE);", "trace_damage.*", ""),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2}, tests)
    assert noticed in boot.log, boot.excerpt()
