/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the tracer seen from its control tree: what is traced, how, into
 * which buffer, and how that is read.
 *
 * A trace_array is one complete set of that, and everything takes the one it
 * is about. One is there from boot on, trace_top(), whose callbacks know its
 * address; others come by trace_array_create().
 *
 * Unless said otherwise: task context, may sleep, takes trace_lock itself;
 * 0 or a negative errno. Text goes into a struct trace_seq: a _show function
 * writes the whole text of the file of that name.
 *
 * Lock legend: [I] immutable; [L] trace_lock; [A] one store, read anywhere.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "trace/core/ftrace.h"
#include "trace/event/trace_entries.h"
#include "trace/event/trace_seq.h"
#include "trace/ring/ring_buffer.h"

struct trace_array;
struct trace_iterator;
struct tracer;

#define TRACE_CPU_ALL		(~0U)
#define TRACE_BUFFER_KB_DEFAULT 1408

/* ---- options ------------------------------------------------------------- */

/* constant, name in trace_options, on at boot */
#define TRACE_OPTION_LIST(X)                                   \
	X(print_parent, "print-parent", true)                  \
	X(sym_offset, "sym-offset", false)                     \
	X(sym_addr, "sym-addr", false)                         \
	X(annotate, "annotate", true)                          \
	X(context_info, "context-info", true)                  \
	X(latency_format, "latency-format", false)             \
	X(overwrite, "overwrite", true)                        \
	X(irq_info, "irq-info", true)                          \
	X(markers, "markers", true)                            \
	X(pause_on_trace, "pause-on-trace", false)             \
	X(func_stack_trace, "func_stack_trace", false)         \
	X(funcgraph_overrun, "funcgraph-overrun", false)       \
	X(funcgraph_cpu, "funcgraph-cpu", true)                \
	X(funcgraph_overhead, "funcgraph-overhead", true)      \
	X(funcgraph_proc, "funcgraph-proc", false)             \
	X(funcgraph_duration, "funcgraph-duration", true)      \
	X(funcgraph_abstime, "funcgraph-abstime", false)       \
	X(funcgraph_irqs, "funcgraph-irqs", true)              \
	X(funcgraph_tail, "funcgraph-tail", false)             \
	X(funcgraph_retval, "funcgraph-retval", false)         \
	X(funcgraph_retval_hex, "funcgraph-retval-hex", false) \
	X(sleep_time, "sleep-time", true)

enum trace_option {
#define TRACE_OPTION_BIT(id, name, on) TRACE_OPT_##id,
	TRACE_OPTION_LIST(TRACE_OPTION_BIT)
#undef TRACE_OPTION_BIT
		TRACE_OPTIONS
};

/* ---- refused writes: control/error_log.c --------------------------------- */

#define TRACE_ERRORS	  8
#define TRACE_ERROR_INPUT 160
#define TRACE_ERROR_PATH  512

struct trace_error {
	u64 time_ns;
	char where[TRACE_ERROR_PATH]; /* the file, as it was opened */
	const char *text;	      /* static */
	char input[TRACE_ERROR_INPUT];
	unsigned int at; /* the place in it that is wrong */
};

struct trace_errors {
	unsigned int count; /* ever added */
	struct trace_error error[TRACE_ERRORS];
};

/* ---- one trace ----------------------------------------------------------- */

#define TRACE_USUAL    1 /* on, not special */
#define TRACERS_MAX    16
#define TRACE_NAME_MAX 32

struct trace_array {
	/* A fast callback looks at both together, and finds TRACE_USUAL. */
	union {
		struct {
			bool on;      /* [A] tracing_on */
			bool special; /* [A] its tracer has to look at more */
		};
		u16 state;
	};
	u32 options; /* [A] BIT(TRACE_OPT_...) */
	struct ring_buffer buffer;
	struct ftrace_ops ops;	     /* its filters are set_ftrace_filter's */
	struct ftrace_pids pids;     /* set_ftrace_pid's */
	const struct tracer *tracer; /* [L] */
	const struct trace_clock *clock; /* [L] */
	u64 cpumask;			 /* [L] CPUs recorded */
	size_t buffer_kb[NR_CPUS];	 /* [L] as asked for */
	bool expanded;			/* [L] not the small boot-time buffer */
	unsigned int pipes;		/* [L] open consuming readers */
	u64 pipe_cpus;			/* [L] CPUs with one of their own */
	bool pipe_all;			/* [L] one for all CPUs is open */
	unsigned int readers;		/* [L] open, of all kinds */
	unsigned int paused;		/* [L] readers with pause-on-trace */
	bool paused_was_on;		/* [L] */
	struct trace_errors errors;	/* of its files: error_log.c's lock */
	char name[TRACE_NAME_MAX];	/* [I] "": the top trace's */
	struct trace_array *next;	/* [A], changed with [L] */
	void *tracer_data[TRACERS_MAX]; /* [I] see trace_tracer_data() */
};

extern struct trace_array trace_top_array;

static __always_inline struct trace_array *trace_top(void)
{
	return &trace_top_array;
}

static __always_inline bool trace_option(const struct trace_array *tr,
					 enum trace_option option)
{
	return READ_ONCE(tr->options) & BIT(option);
}

/*
 * trace_init() - buffers of a few pages for every CPU, tracers registered
 * Context: boot, all CPUs up, the heap ready. Return: 0; -ENOMEM.
 */
int trace_init(void);

/*
 * trace_array_create() - one more trace, on, with nop as its tracer
 * Its settings and its buffer are as the top trace's were at boot.
 * Return: the trace; ERR_PTR(-EINVAL): the name is empty, "." or "..", too long
 * or has a slash; -EEXIST a trace has it; -ENOMEM. No other code is returned.
 */
struct trace_array *trace_array_create(const char *name);

/*
 * trace_array_destroy() - its tracer stops, its memory returns
 * No file of its directory is open, and nobody writes a marker into it.
 * Return: 0; with the trace still there: -EBUSY somebody reads it; -EINVAL it
 * is the top trace; or what stopping its tracer, ftrace_set_pids() or
 * ftrace_free_filter() returned.
 */
int trace_array_destroy(struct trace_array *tr);

/* NULL: there is none. It stays as long as the caller knows that it does. */
struct trace_array *trace_array_find(const char *name);

/* ---- tracers ------------------------------------------------------------- */

struct tracer {
	const char *name;
	/*
	 * The tracer's own data of a trace, for as long as the trace exists;
	 * NULL: it has none. Return: the data; NULL without memory.
	 */
	void *(*create)(struct trace_array *tr);
	/* The reverse; the tracer is not current, and nobody runs in it. */
	void (*destroy)(struct trace_array *tr, void *data);
	/* Begin; on an error nothing has changed. [trace_lock held] */
	int (*init)(struct trace_array *tr);
	/* The reverse. [trace_lock held] Return: 0, or it goes on as before. */
	int (*reset)(struct trace_array *tr);
	/* tracing_on goes to 1; NULL: nothing to do. [trace_lock held] */
	void (*start)(struct trace_array *tr);
	u32 options; /* BIT(TRACE_OPT_...) that are its own */
	/*
	 * One of them is about to change; NULL: any time. [trace_lock held]
	 * Return: 0, or it stays as it is.
	 */
	int (*set_option)(struct trace_array *tr, enum trace_option option,
			  bool on);
	/*
	 * The clock of the trace is about to change to @clock, or has just
	 * changed; called of every tracer, current or not; NULL: never.
	 * [trace_lock held] May sleep.
	 */
	void (*clock_change)(struct trace_array *tr,
			     const struct trace_clock *clock, bool before);
	/*
	 * A reader begins or ends; NULL: it needs nothing. ->tracer_data of
	 * the reader is the tracer's. [trace_lock held] Return: 0; -ENOMEM.
	 */
	int (*open)(struct trace_iterator *iter);
	void (*close)(struct trace_iterator *iter);
	/* Its own column heads; NULL: the common ones. */
	void (*header)(struct trace_iterator *iter, struct trace_seq *s);
	/* Write a line of its own. Return: false: use the common form. */
	bool (*line)(struct trace_iterator *iter, struct trace_seq *s);
};

/*
 * Each tracer puts itself into this table, in the order of available_tracers:
 * TABLE_ENTRY(tracers, 20, my_tracer).
 */
DECLARE_TABLE(struct tracer, tracers);

/* The i-th tracer, in the order of available_tracers; NULL past the end. */
const struct tracer *trace_tracer(unsigned int i);
const struct tracer *trace_current_tracer(struct trace_array *tr);
/* What @tracer's create gave for this trace. Context: any. */
void *trace_tracer_data(const struct trace_array *tr,
			const struct tracer *tracer);

/*
 * trace_set_tracer() - the one of that name becomes current
 * All buffers are emptied; the buffer grows to its full size the first time.
 * Return: 0 (also if it is current already); -EINVAL no such tracer; -EBUSY a
 * trace_pipe is open; -ENOMEM; or what registering its callback returned.
 */
int trace_set_tracer(struct trace_array *tr, const char *name);

/* ---- on and off ---------------------------------------------------------- */

bool trace_is_on(struct trace_array *tr);
void trace_set_on(struct trace_array *tr, bool on);

/* Empty one CPU's buffer, or all (TRACE_CPU_ALL). */
void trace_reset(struct trace_array *tr, unsigned int cpu);

/* ---- buffer -------------------------------------------------------------- */

/*
 * Size in KiB of the buffer of one CPU; of all: 0 if they differ.
 * Setting (TRACE_CPU_ALL: each): -EINVAL 0; -ENOMEM more than any buffer can
 * have, or than there is memory for. later: if the small buffers of boot have
 * not grown, it is what they will have when they do.
 */
size_t trace_buffer_kb(struct trace_array *tr, unsigned int cpu);
int trace_set_buffer_kb(struct trace_array *tr, unsigned int cpu, size_t kb);
int trace_set_buffer_kb_later(struct trace_array *tr, unsigned int cpu,
			      size_t kb);
/* As the files show it, "7 (expanded: 1408)" before the first use. */
void trace_buffer_size_show(struct trace_array *tr, unsigned int cpu,
			    struct trace_seq *s);
void trace_buffer_total_show(struct trace_array *tr, struct trace_seq *s);

u64 trace_cpumask(struct trace_array *tr);
/*
 * Bits of CPUs that are not there are ignored beside others; 0: none records.
 * Return: 0; -EINVAL there are only such bits.
 */
int trace_set_cpumask(struct trace_array *tr, u64 mask);

/* The file trace_clock. Setting empties the buffers; -EINVAL unknown. */
void trace_clock_show(struct trace_array *tr, struct trace_seq *s);
int trace_set_clock(struct trace_array *tr, const char *name);

/* per_cpu/cpuN/stats */
void trace_stats_show(struct trace_array *tr, unsigned int cpu,
		      struct trace_seq *s);

/* ---- options ------------------------------------------------------------- */

/*
 * Whatever tracer is current, all can be set and are shown: those of another
 * one wait for it. (Linux's trace_options knows the current tracer's only; the
 * others have files in its options/.) name: NULL past the end.
 */
const char *trace_option_name(unsigned int option);
int trace_set_option(struct trace_array *tr, unsigned int option, bool on);
/* "name" or "noname". -EINVAL: no such option. */
int trace_set_option_text(struct trace_array *tr, const char *text);
void trace_options_show(struct trace_array *tr, struct trace_seq *s);

/* ---- writing events ------------------------------------------------------ */

/*
 * trace_marker_write() - text into the trace, split if it is long
 * Return: bytes taken (all of them); -EINVAL option markers is off or
 * nothing to write; -EBADF tracing is off. No other code is returned.
 */
ssize_t trace_marker_write(struct trace_array *tr, const char *text,
			   size_t len);

/*
 * trace_stack() - record the stack, from the entry that is @from on (from the
 * caller, if that is not there). Context: probe.
 */
void trace_stack(struct trace_array *tr, unsigned long from);

/* ---- reading ------------------------------------------------------------- */

/*
 * trace_open() - the file trace: all that is in the buffers, in order of
 * time, with its header; nothing is consumed, writers go on
 * @cpu: of one CPU only, or TRACE_CPU_ALL
 * Return: to be read to the end and closed; ERR_PTR(-ENOMEM).
 */
struct trace_iterator *trace_open(struct trace_array *tr, unsigned int cpu);

/*
 * trace_pipe_open() - the same without header, consuming
 * Return: ERR_PTR(-ENOMEM), ERR_PTR(-EBUSY) another one is open for this CPU.
 */
struct trace_iterator *trace_pipe_open(struct trace_array *tr,
				       unsigned int cpu);

/*
 * trace_read() - the text that follows
 * Return: bytes; 0 the end (of trace); -EAGAIN nothing at the moment (of
 * trace_pipe). No other code is returned.
 */
ssize_t trace_read(struct trace_iterator *iter, char *buf, size_t len);

/* Would trace_read() return something else than -EAGAIN? */
bool trace_readable(struct trace_iterator *iter);

void trace_close(struct trace_iterator *iter);

/*
 * trace_read_raw() - one page of trace_pipe_raw
 * @full: only one that is complete
 * Return: RB_PAGE_SIZE; -EAGAIN none. No other code is returned.
 */
ssize_t trace_read_raw(struct trace_array *tr, unsigned int cpu,
		       struct ring_buffer_page *page, bool full);

/* Is there a page, complete or not? */
bool trace_readable_raw(struct trace_array *tr, unsigned int cpu);

/* ---- names of tasks ------------------------------------------------------ */

/*
 * pid and comm of the tasks whose names were saved: as on Linux, of those that
 * were switched out after their CPU had recorded something, and of this one.
 * Context: task.
 */
void trace_saved_cmdlines_show(struct trace_seq *s);
/* A saved name, or that of a live task. No event is added if it is saved.
 * Return: false: unknown, comm is "<...>". comm has TASK_COMM_LEN bytes. */
bool trace_find_cmdline(int pid, char *comm);

/* ---- stack tracer -------------------------------------------------------- */

int stack_tracer_set(bool on); /* or what registering the callback returned */
bool stack_tracer_on(void);
void stack_trace_show(struct trace_seq *s);
unsigned long stack_max_size(void);
void stack_set_max_size(unsigned long bytes);
struct ftrace_ops *stack_tracer_ops(void); /* its filter */
