/* SPDX-License-Identifier: MIT */
/*
 * function_graph.h - the function_graph tracer's data of one trace, the
 * functions for its files in the control tree, and the declarations that its
 * three source files share. function_graph.c records, graph_choice.c chooses
 * the calls to record, graph_output.c prints.
 *
 * Lock legend: [I] immutable; [S] graph_sets_lock; [A] written by one store,
 * read in any context; [Q] freed only after synchronize_tasks().
 */
#pragma once

#include "trace/graph/fgraph.h"
#include "trace/trace_internal.h"
#include "trace/tracers/tracer_options.h"

/* Lives as long as its trace; graph_trace() finds it. */
struct graph_trace {
	struct trace_array *tr;	   /* [I] */
	struct fgraph_ops gops;	   /* ->ops is the trace's ops */
	u32 max_depth;		   /* [A] 0: unlimited */
	struct ftrace_hash *only;  /* [S,A,Q] NULL: every function */
	struct ftrace_hash *never; /* [S,A,Q] NULL: no function */
	bool other_clock;	   /* [A] a clock other than local may stamp */
	u32 options;		   /* [S] copy of the trace's options */
};

/* ---- files of the control tree: graph_choice.c --------------------------- */

/* 0: unlimited. */
unsigned int trace_graph_depth(struct trace_array *tr);
void trace_set_graph_depth(struct trace_array *tr, unsigned int depth);

/*
 * The sets of set_graph_function and set_graph_notrace. NULL means all
 * functions, or none excluded. The caller of get owns the copy; set takes over
 * @hash.
 * Return: 0; -ENOMEM (get only). No other code is returned.
 */
int trace_graph_hash_get(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash **copy);
int trace_graph_hash_set(struct trace_array *tr, bool notrace_set,
			 struct ftrace_hash *hash);

/* ---- shared by the tracer's files ---------------------------------------- */

struct graph_trace *graph_trace(const struct trace_array *tr);

/* The data of the top trace; graph_fast.asm has it at a constant address. */
extern struct graph_trace graph_top;

/*
 * graph_fast.asm: the handler of the top trace's fgraph_ops, see there. With
 * something left to do it ends in one of the other two, preemption off by one
 * level: @rb refused, nothing is done; or all is done but the commit of a
 * writer that nested in @rb (NULL: none) and a switch that is due.
 */
enum fgraph_handled graph_handler(unsigned long *retp);
enum fgraph_handled graph_handler_refused(struct ring_buffer_per_cpu *rb,
					  u32 refused);
enum fgraph_handled graph_handler_late(struct ring_buffer_per_cpu *rb);

enum graph_choice { GRAPH_SKIP, GRAPH_RECORD, GRAPH_ROOT, GRAPH_HIDE };

/* Marks of this tracer's frames in fgraph_frame.users. */
#define GRAPH_FRAME_ROOT FGRAPH_FRAME_MARK(0) /* records its callees */
#define GRAPH_FRAME_HIDE FGRAPH_FRAME_MARK(1) /* hides its callees */

/* Context: probe, while the frame of this call is on top. */
enum graph_choice graph_choose(const struct graph_trace *g, unsigned long func,
			       int depth);
void graph_set_options(struct graph_trace *g, u32 options);
void graph_set_other_clock(struct graph_trace *g, bool other);

/*
 * Let time asleep not count, or count again, in the calltime of the frames of
 * the graph's user @bit, which are by the local clock. [trace_lock held]
 */
void graph_leave_out_sleep(u32 bit, bool leave_out);

/* Print microseconds in at most 7 characters, with as many decimals as fit. */
void graph_put_time(struct trace_seq *s, u64 ns);

int graph_open(struct trace_iterator *iter);
void graph_close(struct trace_iterator *iter);
void graph_header(struct trace_iterator *iter, struct trace_seq *s);
bool graph_line(struct trace_iterator *iter, struct trace_seq *s);
