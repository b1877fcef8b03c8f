/* SPDX-License-Identifier: MIT */
/*
 * trace_internal.h - shared by the trace core's files and the tracers.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "trace/event/trace_event.h"
#include "trace/trace.h"

extern struct mutex trace_lock;

extern const struct tracer nop_tracer;

/* Set the default options: see trace_options.c. [trace_lock held] */
void trace_options_init(struct trace_array *tr);

#define TRACE_BOOT_PAGES 2 /* of each ring, before the first use */

static inline size_t trace_kb_to_pages(size_t kb)
{
	return max(DIV_ROUND_UP(kb * 1024, (size_t)RB_DATA_SIZE),
		   (size_t)RB_PAGES_MIN);
}

/* As trace_set_option(). [trace_lock held] */
int trace_set_option_locked(struct trace_array *tr, unsigned int option,
			    bool on);

/* Make nop current. [trace_lock held] Return: 0 or the error of reset. */
int trace_stop_tracer(struct trace_array *tr);

/* Empty all its buffers. [trace_lock held] */
void trace_reset_locked(struct trace_array *tr);

/* Give it this clock, which empties all its buffers. [trace_lock held] */
void trace_use_clock(struct trace_array *tr, const struct trace_clock *clock);

/* Grow the buffer to its full size. [trace_lock held] Return: 0; -ENOMEM. */
int trace_expand(struct trace_array *tr);

/* The CPUs that have a ring in the trace. Context: any; not traceable. */
static inline u64 trace_ring_cpus(const struct trace_array *tr)
{
	u64 cpus = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		cpus |= READ_ONCE(tr->buffer.cpu[cpu]) ? BIT(cpu) : 0;
	return cpus;
}

/*
 * What else each trace has adds itself to this table; a NULL is not called. In
 * rising order of the keys. [trace_lock held]
 */
struct trace_part {
	/* The trace is being made. Return: 0; -ENOMEM, destroy follows. */
	int (*create)(struct trace_array *tr);
	/*
	 * Stop writing into the trace, which is to be removed. Return: 0; or an
	 * errno, and the trace stays; the call may be repeated.
	 */
	int (*stop)(struct trace_array *tr);
	/* Free what there is, which is nothing if create was not called. */
	void (*destroy)(struct trace_array *tr);
};
DECLARE_TABLE(struct trace_part, trace_parts);

/* ---- the snapshot: trace_snapshot.c. [trace_lock held] ------------------- */

/* As ring_buffer_resize(), for the buffer and the snapshot. */
int trace_snapshot_resize(struct trace_array *tr, const u32 pages[NR_CPUS]);
/* Give the snapshot, if there is one, a ring for one more CPU. 0; -ENOMEM. */
int trace_snapshot_add_cpu(struct trace_array *tr, unsigned int cpu,
			   size_t pages);
/* Allocate it, unless there is one; free it. 0; -ENOMEM. */
int trace_snapshot_alloc_locked(struct trace_array *tr);
void trace_snapshot_free_locked(struct trace_array *tr);
/* Free it. No task can take one any more, no reader is open. */
void trace_snapshot_destroy(struct trace_array *tr);
/* Print what stands in the place of events if there are none. */
void trace_snapshot_put_help(const struct trace_iterator *iter,
			     struct trace_seq *s);

/*
 * Write one event print of the function at @ip, with a newline if there is none
 * at the end. Return: len; -EBADF there is no room. Context: probe.
 */
ssize_t trace_write_text(struct trace_array *tr, unsigned long ip,
			 const char *text, size_t len);

/* Count the readers with pause-on-trace. [trace_lock held] */
void trace_pause(struct trace_array *tr);
void trace_unpause(struct trace_array *tr);

/* ---- iterators: trace_iter.c, trace_output.c ----------------------------- */

/*
 * The longest text of an event is a stack of TRACE_STACK_MAX places, each with
 * a name (to 90 bytes), offset, size and address. The first line, with the
 * columns, is not longer than one of them. The text is in the iterator.
 */
#define TRACE_STACK_MAX 64
#define TRACE_PLACE_MAX 128
#define TRACE_LINE_MAX	((1 + TRACE_STACK_MAX) * TRACE_PLACE_MAX)
#define TRACE_SYMBOLS	256 /* direct-mapped caches, powers of two */
#define TRACE_CMDLINES	64

struct trace_symbol {
	unsigned long addr;
	const char *name; /* NULL: none */
	unsigned long off, size;
	unsigned int len; /* of the name */
};

struct trace_cmdline {
	int pid;
	bool valid;
	char comm[TASK_COMM_LEN];
	unsigned int len; /* of the column, "comm-pid" and blanks */
	char column[32];
	u32 pad;
};

static_assert(sizeof(struct trace_cmdline) == 64, "one shift to find it");

struct trace_source {
	struct ring_buffer_per_cpu *rb; /* NULL: this CPU is not read */
	struct ring_buffer_iter walk;	/* not for pipes */
	u64 time;			/* time of the next event */
	char column[8];			/* "[007] " */
	bool valid;			/* there is a next event */
	bool started;			/* its first event was printed */
	unsigned int cpu;
};

/* Texts that most lines have in common: trace_columns.c. */
struct trace_kept {
	u32 flags_key;	 /* flags and preempt_count; ~0: none yet */
	char flags[8];	 /* "d..1. " */
	u64 second_ns;	 /* a whole second */
	u32 second_len;	 /* of its text */
	char second[16]; /* "    7." */
};

struct trace_iterator {
	struct trace_array *tr;
	const struct tracer *tracer; /* current at open: prints the lines */
	void *tracer_data;	     /* the tracer's, see its open */
	bool pipe;
	bool snapshot; /* reads the snapshot */
	bool annotate;
	bool paused;		/* its close ends pause-on-trace */
	unsigned int cpu_asked; /* or TRACE_CPU_ALL */
	unsigned int nr_cpus;	/* highest CPU read + 1 */
	u64 lines;
	u64 start; /* time of the first event */

	/* The event being printed, a copy. */
	unsigned int cpu;
	u64 time;
	u64 lost;
	u32 len;
	const struct trace_event *event; /* NULL: do not read data */
	union {
		struct trace_entry ent;
		u8 data[RB_DATA_SIZE];
	};

	struct trace_seq seq; /* text not yet read, from ->at on */
	size_t at;
	char text[TRACE_LINE_MAX];
	struct trace_symbol symbols[TRACE_SYMBOLS];
	struct trace_cmdline cmdlines[TRACE_CMDLINES];
	struct trace_kept kept;
	struct trace_source source[];
};

/*
 * Peek at, or skip, the event after the current one on its CPU. The event that
 * peek returns stays valid until the next call. Return of peek: false if there
 * is none yet.
 */
bool trace_iter_peek(struct trace_iterator *iter,
		     struct ring_buffer_event *event);
void trace_iter_skip(struct trace_iterator *iter);

/*
 * An iterator of which the caller starts the walks, see trace_dump.c; NULL
 * without memory. And: print the next event to ->seq. Return: false: no event.
 */
struct trace_iterator *trace_iter_alloc(struct trace_array *tr);
void trace_iter_free(struct trace_iterator *iter); /* NULL is allowed */
bool trace_iter_line(struct trace_iterator *iter);

/*
 * Print the newest events of the top trace, as trace_dump() does; leave the
 * rings that could be read in @dump->source, with their reader_lock held.
 */
void trace_dump_rings(struct trace_iterator *dump, unsigned int cpu);
/* How many events the ring has, its reader_lock held. */
u64 trace_dump_unread(const struct ring_buffer_per_cpu *rb);

/* The word tp_printk: trace_printk.c. Context: boot. Return: 0; -ENOMEM. */
int trace_printk_start(void);

/* Print pieces of lines. */
void trace_put_symbol(struct trace_iterator *iter, struct trace_seq *s,
		      unsigned long addr, bool offset);
/* The same in the form that sym-offset and sym-addr select. */
void trace_put_address(struct trace_iterator *iter, struct trace_seq *s,
		       unsigned long addr);
const char *trace_iter_comm(struct trace_iterator *iter, int pid);
void trace_put_flags(const struct trace_entry *ent, struct trace_seq *s);
/* "NAME <-NAME", each in the form of trace_put_address(). */
void trace_put_call(struct trace_iterator *iter, struct trace_seq *s,
		    unsigned long ip, unsigned long parent_ip);
/* All columns of the common form; the first function prepares a new reader. */
void trace_columns_init(struct trace_iterator *iter);
void trace_put_columns(struct trace_iterator *iter, struct trace_seq *s);
/* Return: the mark of a duration: + ! # * @ $ above 10 us, 100 us, ... 1 s. */
char trace_delay_mark(u64 ns);
/* The common form: all column heads, and a line with its columns. */
void trace_put_header(struct trace_iterator *iter, struct trace_seq *s);
void trace_put_line(struct trace_iterator *iter, struct trace_seq *s);
/* Print an event of any type, without columns and newline. */
void trace_put_event(struct trace_iterator *iter, struct trace_seq *s);
