/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the tracer's interface to its control tree: what is traced, how,
 * into which buffer, and how it is read.
 *
 * A trace_array holds all of that for one trace, and every function takes its
 * trace as an argument. The top trace, trace_top(), exists from boot on, and
 * its callbacks use its constant address. trace_array_create() creates others.
 *
 * Unless stated otherwise, a function runs in task context, may sleep, takes
 * trace_lock itself, and returns 0 or a negative errno. Text goes into a struct
 * trace_seq: a _show function writes the whole text of the file of that name.
 *
 * Lock legend: [I] immutable; [L] trace_lock; [A] written by one store, read in
 * any context.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/table.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/lib/types.h"
#include "kernel/sched.h"
#include "trace/core/ftrace.h"
#include "trace/event/trace_entries.h"
#include "trace/event/event_pids.h"
#include "trace/event/trace_event.h"
#include "trace/ring/ring_buffer.h"

struct event_refusal;
struct func_command;
struct trace_area;
struct trace_array;
struct trace_event_file;
struct trace_iterator;
struct tracer;

#define TRACE_CPU_ALL		(~0U)
#define TRACE_BUFFER_KB_DEFAULT 1408
#define TRACE_PERCENT_DEFAULT	50

/* ---- options ------------------------------------------------------------- */

/* Of a whole trace: constant, name in trace_options, on at boot. */
#define TRACE_OPTION_LIST(X)                            \
	X(print_parent, "print-parent", true)           \
	X(sym_offset, "sym-offset", false)              \
	X(sym_addr, "sym-addr", false)                  \
	X(annotate, "annotate", true)                   \
	X(context_info, "context-info", true)           \
	X(latency_format, "latency-format", false)      \
	X(overwrite, "overwrite", true)                 \
	X(irq_info, "irq-info", true)                   \
	X(markers, "markers", true)                     \
	X(pause_on_trace, "pause-on-trace", false)      \
	X(event_fork, "event-fork", false)              \
	X(function_fork, "function-fork", false)        \
	X(trace_printk_dest, "trace_printk_dest", true) \
	X(record_cmd, "record-cmd", true)               \
	X(stacktrace, "stacktrace", false)

enum trace_option {
#define TRACE_OPTION_BIT(id, name, on) TRACE_OPT_##id,
	TRACE_OPTION_LIST(TRACE_OPTION_BIT)
#undef TRACE_OPTION_BIT
		TRACE_OPTIONS_CORE /* those of the tracers begin here */
};

/* ---- refused writes: control/error_log.c --------------------------------- */

#define TRACE_ERRORS	  8
#define TRACE_ERROR_INPUT 160
#define TRACE_ERROR_PATH  512

struct trace_error {
	u64 time_ns;
	char where[TRACE_ERROR_PATH]; /* the file's path at open */
	const char *text;	      /* static */
	char input[TRACE_ERROR_INPUT];
	unsigned int at; /* offset of the wrong part in it */
};

struct trace_errors {
	unsigned int count; /* added in total */
	struct trace_error error[TRACE_ERRORS];
};

/* ---- one trace ----------------------------------------------------------- */

#define TRACE_USUAL    1 /* on, not special, no list of pids */
#define TRACERS_MAX    16
#define TRACE_NAME_MAX 64 /* as TRACEFS_NAME_MAX */

/* The longest latency of a trace: see tracers/latency.h. */
struct trace_max {
	u64 ns;	  /* 0: none yet */
	u64 from; /* its events: by the trace's clock, from this time on */
	unsigned int cpu;
	int pid;
	char comm[TASK_COMM_LEN];
	unsigned long begin, end; /* where; 0: nowhere special */
};

struct trace_array {
	/* Fast code tests all of them at once: they must equal TRACE_USUAL. */
	union {
		struct {
			bool on;      /* [A] tracing_on */
			bool special; /* [A] its tracer must check more */
			bool listed;  /* [A] pids has a list */
			bool unused;
		};
		u32 state;
	};
	u32 options; /* [A] BIT(TRACE_OPT_...) */
	struct ring_buffer buffer;
	struct ring_buffer snapshot;	 /* [L] see trace_snapshot.h */
	bool snapshot_allocated;	 /* [A] written under [L] */
	struct ftrace_ops ops;		 /* with set_ftrace_filter's filters */
	struct ftrace_pids pids;	 /* of set_ftrace_pid */
	const struct tracer *tracer;	 /* [L] */
	const struct trace_clock *clock; /* [L] */
	u64 cpumask;			 /* [L] CPUs recorded */
	size_t buffer_kb[NR_CPUS];	 /* [L] as set by the user */
	bool expanded;			/* [L] not the small boot-time buffer */
	unsigned int pipes;		/* [L] open consuming readers */
	u64 pipe_cpus;			/* [L] CPUs that have one open */
	bool pipe_all;			/* [L] one for all CPUs is open */
	unsigned int readers;		/* [L] open, of all kinds */
	unsigned int paused;		/* [L] readers with pause-on-trace */
	bool paused_was_on;		/* [L] */
	unsigned int buffer_percent;	/* [A] see trace_raw_full() */
	struct trace_max max;		/* see tracers/latency.c */
	struct trace_errors errors;	/* of its files [lock of error_log.c] */
	char name[TRACE_NAME_MAX];	/* [I] "": the top trace */
	u64 serial;			/* [I] no other trace ever has it */
	unsigned int held;		/* [L] see trace_array_get() */
	struct trace_array *next;	/* [A], written under [L] */
	void *tracer_data[TRACERS_MAX]; /* [I] see trace_tracer_data() */
	/* [L] by the event's slot: trace_event_file.h */
	struct trace_event_file *event_files[TRACE_EVENT_SLOTS];
	struct event_refusal *event_refusals; /* [L] events/SYSTEM/filter */
	/* [A] set_event_pid, set_event_notrace_pid: event_pids.h */
	struct event_pid_set *event_pids[EVENT_PIDS_KINDS];
	struct func_command *func_commands; /* [L] event/func_command.h */
	struct trace_area *area; /* [I] trace_area.h; NULL: in the heap */
};

extern struct trace_array trace_top_array;

static __always_inline struct trace_array *trace_top(void)
{
	return &trace_top_array;
}

static __always_inline bool trace_option(const struct trace_array *tr,
					 unsigned int option)
{
	return READ_ONCE(tr->options) & BIT(option);
}

/*
 * trace_init() - set up the top trace, with a few pages for every CPU
 * Context: boot, all CPUs up, the heap ready. Return: 0; -ENOMEM.
 */
int trace_init(void);

/*
 * trace_array_create() - create a trace that is on, with nop as its tracer
 * It has the options that the top trace has now, as on Linux (event-fork,
 * function-fork and trace_printk_dest are off); its other settings and its
 * small buffer are those of the top trace at boot.
 * Return: the trace; ERR_PTR(-EINVAL): the name is empty, "." or "..", too long
 * or has a slash; -EEXIST a trace has it; -ENOMEM. No other code is returned.
 */
struct trace_array *trace_array_create(const char *name);

/*
 * trace_array_destroy() - stop a trace's tracer and free the trace
 * trace_array_remove() - the same, by name
 * Return: 0; or, with the trace still there, -EBUSY it is held or a reader is
 * open; -EINVAL it is the top trace; or the error of stopping its tracer or a
 * part of it (struct trace_part), of ftrace_set_pids() or of
 * ftrace_free_filter(). remove: -ENOENT no such trace.
 */
int trace_array_destroy(struct trace_array *tr);
int trace_array_remove(const char *name);

/*
 * trace_array_get() - find a trace by name and hold it: it is not destroyed
 * trace_array_put() - no longer
 * Return: the trace; NULL: not found.
 */
struct trace_array *trace_array_get(const char *name);
void trace_array_put(struct trace_array *tr);

/*
 * Find the trace with the lowest serial number that is at least *@serial, the
 * top trace left out, and copy its name. Return: false: there is none.
 */
bool trace_array_next(u64 *serial, char name[TRACE_NAME_MAX]);

/*
 * Return: NULL: not found. The caller must keep the trace from being destroyed.
 */
struct trace_array *trace_array_find(const char *name);

/* ---- tracers ------------------------------------------------------------- */

struct tracer {
	const char *name;
	/*
	 * Create the tracer's own data of a trace, which exists as long as the
	 * trace. NULL: no data. Return: the data; NULL without memory.
	 */
	void *(*create)(struct trace_array *tr);
	/* Free the data. The tracer is not current, and no CPU runs in it. */
	void (*destroy)(struct trace_array *tr, void *data);
	/* Start tracing; on an error nothing has changed. [trace_lock held] */
	int (*init)(struct trace_array *tr);
	/*
	 * Stop. [trace_lock held] Return: 0, or an errno and nothing changed.
	 */
	int (*reset)(struct trace_array *tr);
	/* tracing_on becomes 1; NULL: nothing to do. [trace_lock held] */
	void (*start)(struct trace_array *tr);
	u32 options; /* BIT(TRACE_OPT_...) of this tracer's options */
	/*
	 * Called before one of them changes; NULL: any may change at any time.
	 * [trace_lock held]
	 * Return: 0, or an errno and the option stays.
	 */
	int (*set_option)(struct trace_array *tr, unsigned int option, bool on);
	/*
	 * Called before (@before) and after the clock of the trace changes to
	 * @clock, for every tracer, current or not. NULL: not needed.
	 * [trace_lock held] May sleep.
	 */
	void (*clock_change)(struct trace_array *tr,
			     const struct trace_clock *clock, bool before);
	/* It keeps a maximum in the snapshot, which its trace file shows. */
	bool keeps_max;
	/* tracing_thresh has changed. NULL: not needed. [trace_lock held] */
	void (*thresh_change)(struct trace_array *tr);
	/*
	 * A reader opens or closes; NULL: nothing to do. The reader's
	 * ->tracer_data belongs to the tracer. [trace_lock held] Return: 0;
	 * -ENOMEM.
	 */
	int (*open)(struct trace_iterator *iter);
	void (*close)(struct trace_iterator *iter);
	/* Print the tracer's column heads; NULL: use the common ones. */
	void (*header)(struct trace_iterator *iter, struct trace_seq *s);
	/* Print the event as a line. Return: false: use the common form. */
	bool (*line)(struct trace_iterator *iter, struct trace_seq *s);
};

/*
 * Each tracer adds itself to this table, in the order of available_tracers:
 * TABLE_ENTRY(tracers, 20, my_tracer).
 */
DECLARE_TABLE(struct tracer, tracers);

/* Return: the i-th tracer of available_tracers, or NULL past the end. */
const struct tracer *trace_tracer(unsigned int i);
const struct tracer *trace_current_tracer(struct trace_array *tr);
/* Return: the data that @tracer's create returned for @tr. Context: any. */
void *trace_tracer_data(const struct trace_array *tr,
			const struct tracer *tracer);

/*
 * trace_set_tracer() - make the tracer of that name current
 * Empties all buffers. The first call grows the buffers to their full size.
 * Return: 0 (also if it is current already); -EINVAL no such tracer; -EBUSY a
 * trace_pipe is open; -ENOMEM; or the error of registering its callback.
 */
int trace_set_tracer(struct trace_array *tr, const char *name);

/* ---- on and off ---------------------------------------------------------- */

bool trace_is_on(struct trace_array *tr);
void trace_set_on(struct trace_array *tr, bool on);
/* trace_stop() - tracing_on becomes 0. Context: any; not traceable. */
void trace_stop(struct trace_array *tr);
/*
 * trace_switch() - tracing_on becomes @on, without the tracer's start
 * Return: whether it was not. Context: any; not traceable.
 */
bool trace_switch(struct trace_array *tr, bool on);

/* Empty one CPU's buffer, or all (TRACE_CPU_ALL). */
void trace_reset(struct trace_array *tr, unsigned int cpu);

/* ---- buffer -------------------------------------------------------------- */

/*
 * The size in KiB of the buffer of one CPU; for all CPUs, 0 if they differ.
 * Setting (TRACE_CPU_ALL: each) returns -EINVAL for 0, and -ENOMEM for more
 * than a buffer can have or memory allows. The form _later only notes the size
 * if the buffers still have their boot size; they get it when they grow.
 */
size_t trace_buffer_kb(struct trace_array *tr, unsigned int cpu);
int trace_set_buffer_kb(struct trace_array *tr, unsigned int cpu, size_t kb);
int trace_set_buffer_kb_later(struct trace_array *tr, unsigned int cpu,
			      size_t kb);
/* The text of the files; "7 (expanded: 1408)" before the first use. */
void trace_buffer_size_show(struct trace_array *tr, unsigned int cpu,
			    struct trace_seq *s);
void trace_buffer_total_show(struct trace_array *tr, struct trace_seq *s);

u64 trace_cpumask(struct trace_array *tr);
/*
 * Bits of CPUs that do not exist are ignored; with mask 0 no CPU records.
 * Return: 0; -EINVAL the mask has only bits of CPUs that do not exist.
 */
int trace_set_cpumask(struct trace_array *tr, u64 mask);

/* The file trace_clock. Setting empties the buffers; -EINVAL unknown clock. */
void trace_clock_show(struct trace_array *tr, struct trace_seq *s);
int trace_set_clock(struct trace_array *tr, const char *name);

/* per_cpu/cpuN/stats */
void trace_stats_show(struct trace_array *tr, unsigned int cpu,
		      struct trace_seq *s);

/* ---- tracing_thresh ------------------------------------------------------ */

/* Nanoseconds, the same for all traces; 0: record everything. Context: any. */
u64 trace_thresh(void);
void trace_set_thresh(u64 ns);

/* ---- options ------------------------------------------------------------- */

/*
 * Every option can be set and is shown, whichever tracer is current; an option
 * of another tracer takes effect when that tracer becomes current. (Linux's
 * trace_options has the options of the current tracer only; the others have
 * files in its options/.) trace_option_name() returns NULL past the end.
 */
const char *trace_option_name(unsigned int option);
int trace_set_option(struct trace_array *tr, unsigned int option, bool on);
/* Set an option by "name" or "noname". -EINVAL: no such option. */
int trace_set_option_text(struct trace_array *tr, const char *text);
void trace_options_show(struct trace_array *tr, struct trace_seq *s);

/* ---- writing events ------------------------------------------------------ */

/*
 * trace_marker_write() - write text into the trace, split if it is long
 * Return: bytes written (all of them, or fewer if the buffer is full); -EINVAL
 * the option markers is off or @len is 0; -EBADF tracing is off, or no room for
 * any text; -ENOMEM for its triggers. No other code is returned.
 */
ssize_t trace_marker_write(struct trace_array *tr, const char *text,
			   size_t len);

/*
 * trace_function() - write an event of the function tracer's form
 * Context: any; not traceable.
 */
void trace_function(struct trace_array *tr, unsigned long ip,
		    unsigned long parent_ip);

/*
 * trace_puts() - write a line into the trace, unless it is off or full
 * Context: any; not traceable.
 */
void trace_puts(struct trace_array *tr, const char *text);

/*
 * trace_stack() - record the stack from the entry @from on (from the caller if
 * the stack has no such entry). Context: probe.
 */
void trace_stack(struct trace_array *tr, unsigned long from);

/*
 * The same from behind the innermost entry in [@from, @to): the caller of that
 * function is the first. @from 0: from the caller. Context: probe.
 */
void trace_stack_behind(struct trace_array *tr, unsigned long from,
			unsigned long to);

/* ---- reading ------------------------------------------------------------- */

/*
 * trace_open() - open the file trace: every event in the buffers, in order of
 * time, with a header; consumes no event and does not stop writers
 * @cpu: of one CPU only, or TRACE_CPU_ALL
 * Return: the reader, which the caller closes; ERR_PTR(-ENOMEM).
 */
struct trace_iterator *trace_open(struct trace_array *tr, unsigned int cpu);

/*
 * trace_pipe_open() - open a consuming reader, without header
 * Return: the reader; ERR_PTR(-ENOMEM); ERR_PTR(-EBUSY) another consuming
 * reader of this CPU is open.
 */
struct trace_iterator *trace_pipe_open(struct trace_array *tr,
				       unsigned int cpu);

/*
 * trace_read() - read the next text
 * Return: bytes; 0 the end (of trace); -EAGAIN nothing at the moment (of
 * trace_pipe). No other code is returned.
 */
ssize_t trace_read(struct trace_iterator *iter, char *buf, size_t len);

/* Return: false if trace_read() would return -EAGAIN. */
bool trace_readable(struct trace_iterator *iter);

void trace_close(struct trace_iterator *iter);

/*
 * trace_read_raw() - read one page of trace_pipe_raw
 * @full: only a complete page
 * Return: RB_PAGE_SIZE; -EAGAIN there is none. No other code is returned.
 */
ssize_t trace_read_raw(struct trace_array *tr, unsigned int cpu,
		       struct ring_buffer_page *page, bool full);

/*
 * trace_raw_full() - is the CPU's buffer filled to buffer_percent with pages
 * that are not read? With 0: is there an event?
 */
bool trace_raw_full(struct trace_array *tr, unsigned int cpu);

/*
 * trace_use() - begin to use a trace's rings by trace_read_raw()
 * trace_unuse() - no longer
 * In between, the trace cannot be destroyed (-EBUSY) and its rings stay.
 */
void trace_use(struct trace_array *tr);
void trace_unuse(struct trace_array *tr);

/* Is there a page, complete or not? */
bool trace_readable_raw(struct trace_array *tr, unsigned int cpu);

/* ---- in a panic: output/trace_dump.c ------------------------------------- */

/* trace_dump_prepare() - get the memory for trace_dump(). Return: 0; -ENOMEM */
int trace_dump_prepare(void);

/*
 * trace_dump() - print the newest events of the top trace on the console
 * @cpu: of this CPU only, or TRACE_CPU_ALL
 * Takes no lock that another CPU may hold, and prints at most TRACE_DUMP_MAX
 * events, so it ends. Without trace_dump_prepare() it prints nothing.
 * Context: panic; the other CPUs have stopped.
 */
#define TRACE_DUMP_MAX 1000
void trace_dump(unsigned int cpu);

/* ---- names of tasks ------------------------------------------------------ */

/*
 * Print pid and comm of the tasks with saved names. As on Linux, these are the
 * tasks that were switched out after their CPU had recorded an event, and the
 * current task. While the option record-cmd is off, no further name is saved.
 * Context: task.
 */
void trace_saved_cmdlines_show(struct trace_seq *s);

/* Room for names. Setting forgets all. Return: 0; -ENOMEM, nothing changed. */
#define TRACE_CMDLINES_MAX 32768
unsigned int trace_saved_cmdlines_size(void);
int trace_set_saved_cmdlines_size(unsigned int n);
/* Copy a saved name, or, with record-cmd, that of a live task. Adds no event if
 * it is saved. Return: false: unknown, comm is "<...>". comm has TASK_COMM_LEN
 * bytes. */
bool trace_find_cmdline(int pid, char *comm);
/* From now on it takes no lock and knows saved names only. Context: panic. */
void trace_cmdlines_freeze(void);
