// SPDX-License-Identifier: MIT
/*
 * Constants that a tracer in assembly shares with C, and the macros that write
 * its events (ring_asm.h): the build makes
 * entry-offsets.inc for NASM from this file's assembly (function_fast.asm,
 * graph_fast.asm).
 */
#include "trace/arch_ftrace.h"
#include "trace/event/trace_entries.h"
#include "trace/ring/ring_asm.h"
#include "trace/tracers/function_graph.h"

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))

void entry_offsets(void);
void graph_offsets(void);
void graph_event_offsets(void);
void event_macros(void);

void entry_offsets(void)
{
	DEFINE(FTRACE_FAST_LATE, FTRACE_FAST_LATE);
	DEFINE(TRACE_FN, TRACE_FN);
	DEFINE(TRACE_FLAG_IRQS_OFF, TRACE_FLAG_IRQS_OFF);
	DEFINE(ENTRY_IP, offsetof(struct ftrace_entry, ip));
	DEFINE(ENTRY_PARENT_IP, offsetof(struct ftrace_entry, parent_ip));
	DEFINE(ENTRY_SIZE, sizeof(struct ftrace_entry));
}

void graph_offsets(void)
{
	DEFINE(TRACE_STATE, offsetof(struct trace_array, state));
	DEFINE(TRACE_USUAL, TRACE_USUAL);
	DEFINE(GRAPH_BIT, offsetof(struct graph_trace, gops.bit));
	DEFINE(TASK_RET_STACK, offsetof(struct task_struct, ret_stack));
	DEFINE(TASK_OVERRUN, offsetof(struct task_struct, trace_overrun));
	DEFINE(STACK_TOP, offsetof(struct fgraph_ret_stack, top));
	DEFINE(STACK_END, offsetof(struct fgraph_ret_stack, end));
	DEFINE(FRAME_SIZE, sizeof(struct fgraph_frame));
	DEFINE(FRAME_RET, offsetof(struct fgraph_frame, ret));
	DEFINE(FRAME_RETP, offsetof(struct fgraph_frame, retp));
	DEFINE(FRAME_FUNC, offsetof(struct fgraph_frame, func));
	DEFINE(FRAME_CALLTIME, offsetof(struct fgraph_frame, calltime));
	DEFINE(FRAME_USERS, offsetof(struct fgraph_frame, users));
	DEFINE(FRAME_DEPTH, offsetof(struct fgraph_frame, depth));
}

#define ENT(name, member)        \
	DEFINE(GRAPH_ENT_##name, \
	       offsetof(struct ftrace_graph_ent_entry, member))
#define RET(name, member)        \
	DEFINE(GRAPH_RET_##name, \
	       offsetof(struct ftrace_graph_ret_entry, member))

void graph_event_offsets(void)
{
	DEFINE(TRACE_GRAPH_ENT, TRACE_GRAPH_ENT);
	DEFINE(GRAPH_ENT_SIZE, sizeof(struct ftrace_graph_ent_entry));
	ENT(FUNC, func);
	ENT(DEPTH, depth);
	DEFINE(TRACE_GRAPH_RET, TRACE_GRAPH_RET);
	DEFINE(GRAPH_RET_SIZE, sizeof(struct ftrace_graph_ret_entry));
	RET(FUNC, func);
	RET(DEPTH, depth);
	RET(OVERRUN, overrun);
	RET(CALLTIME, calltime);
	RET(RETTIME, rettime);
}

void event_macros(void)
{
	RING_ASM_EVENT("function", struct ftrace_entry);
	RING_ASM_EVENT("graph_ent", struct ftrace_graph_ent_entry);
	RING_ASM_EVENT("graph_ret", struct ftrace_graph_ret_entry);
}
