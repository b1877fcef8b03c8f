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

struct trace_entry {
	u16 type;
	u8 flags;
	u8 preempt_count; /* of the traced code, without the tracer's level */
	s32 pid;
};

struct ftrace_entry {
	struct trace_entry ent;
	unsigned long ip;
	unsigned long parent_ip;
};

struct ftrace_graph_ent_entry {
	struct trace_entry ent;
	unsigned long func;
	s32 depth;
} __packed;

struct ftrace_graph_ret_entry {
	struct trace_entry ent;
	unsigned long func;
	s32 depth;
	u32 overrun;
	u64 calltime;
	u64 rettime;
};

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

struct stack_entry {
	struct trace_entry ent;
	s32 size;
	u32 unused;
	unsigned long caller[]; /* up to the end of the record */
};

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
