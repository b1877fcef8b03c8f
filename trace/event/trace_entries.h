/* SPDX-License-Identifier: MIT */
/*
 * trace_entries.h - the events in the ring buffer, byte for byte those of
 * Linux, because stock tools read them. Ids up to 19 are Linux's; ours start at
 * 20.
 *
 * The texts of events/ftrace/NAME/format come from the lists of fields in
 * output/trace_entries.c. The compiler checks each field against these structs.
 */
#pragma once

#include "kernel/lib/types.h"

/* The ids as readers see them in the first two bytes of each event. */
enum trace_type {
	TRACE_FN = 1,
	TRACE_CTX = 2,
	TRACE_WAKE = 3,
	TRACE_STACK = 4,
	TRACE_PRINT = 5,
	TRACE_BPRINT = 6,
	TRACE_GRAPH_RET = 10,
	TRACE_GRAPH_ENT = 11,
	TRACE_GRAPH_RETVAL = 20, /* a TRACE_GRAPH_RET and the value returned */
};

/* trace_entry.flags */
#define TRACE_FLAG_IRQS_OFF	0x01
#define TRACE_FLAG_NEED_RESCHED 0x04
#define TRACE_FLAG_HARDIRQ	0x08
#define TRACE_FLAG_NMI		0x40

/* The head of every event. pid: 0 for the idle task of any CPU. */
struct trace_entry {
	u16 type;
	u8 flags;
	u8 preempt_count; /* of the traced code, without the tracer's level */
	s32 pid;
};

/*
 * A call. ip: the site, so the start of the function; parent_ip: the return
 * address in the caller.
 */
struct ftrace_entry {
	struct trace_entry ent;
	unsigned long ip;
	unsigned long parent_ip;
};

/* An entry that function_graph saw; depth: 0 for the outermost call seen. */
struct ftrace_graph_ent_entry {
	struct trace_entry ent;
	unsigned long func;
	s32 depth;
} __packed;

/*
 * The return from it. overrun: calls of this task so far that were not hooked.
 * calltime, rettime: ns of the clock of the trace; without the time asleep if
 * sleep-time is off.
 */
struct ftrace_graph_ret_entry {
	struct trace_entry ent;
	unsigned long func;
	s32 depth;
	u32 overrun;
	u64 calltime;
	u64 rettime;
};

/*
 * retval: RAX at the return, meaningless for a function that returns nothing.
 */
struct ftrace_graph_retval_entry {
	struct ftrace_graph_ret_entry ret;
	u64 retval;
};

/* Of TRACE_CTX and TRACE_WAKE. */
struct ctx_switch_entry {
	struct trace_entry ent;
	u32 prev_pid;
	u32 next_pid;
	u32 next_cpu;
	u8 prev_prio;
	u8 prev_state;
	u8 next_prio;
	u8 next_state;
};

/* size: frames in caller[], the innermost first. */
struct stack_entry {
	struct trace_entry ent;
	s32 size;
	u32 unused;
	unsigned long caller[]; /* up to the end of the record */
};

/* Text that the kernel or a user of trace_marker wrote; ip: of the call. */
struct print_entry {
	struct trace_entry ent;
	unsigned long ip;
	char buf[]; /* ends in "\n\0" */
};

struct bprint_entry {
	struct trace_entry ent;
	unsigned long ip;
	const char *fmt; /* of the table trace_formats */
	u32 buf[];	 /* the arguments: kernel/lib/binprintf.h */
};

/* The layout of Linux 6.1, as its files events/ftrace/NAME/format give it. */
static_assert(sizeof(struct trace_entry) == 8, "trace_entry");
static_assert(sizeof(struct ftrace_entry) == 24, "function");
static_assert(sizeof(struct ftrace_graph_ent_entry) == 20, "funcgraph_entry");
static_assert(sizeof(struct ftrace_graph_ret_entry) == 40, "funcgraph_exit");
static_assert(offsetof(struct ftrace_graph_ret_entry, calltime) == 24, "exit");
static_assert(offsetof(struct ftrace_graph_retval_entry, retval) == 40, "val");
static_assert(offsetof(struct ctx_switch_entry, next_state) == 23, "ctx");
static_assert(offsetof(struct stack_entry, caller) == 16, "kernel_stack");
static_assert(offsetof(struct print_entry, buf) == 16, "print");
static_assert(offsetof(struct bprint_entry, buf) == 24, "bprint");
