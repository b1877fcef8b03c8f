// SPDX-License-Identifier: MIT
/*
 * trace_columns.c - the columns before an event: task, CPU, flags, time, as on
 * Linux.
 *
 * Owns the texts that a reader keeps of what most lines have in common: of each
 * task and CPU, of the last flags, and of the last whole second. So a line
 * costs a few copies of known length, and six digits.
 *
 * Context: task.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/trace_area.h"
#include "trace/trace_internal.h"

#define COLUMNS_MAX 128 /* of bytes that are written, wider than the text */
#define SECOND	    1000000U /* in microseconds */

/* ---- the task ------------------------------------------------------------ */

static noinline void find_task_slow(struct trace_iterator *iter,
				    struct trace_cmdline *c, int pid)
{
	if (trace_last_boot(iter->tr))
		strscpy(c->comm, pid ? "<...>" : "<idle>", TASK_COMM_LEN);
	else
		trace_find_cmdline(pid, c->comm);
	c->pid = pid;
	c->valid = true;
	c->len = scnprintf(c->column, sizeof(c->column), "%16s-%-7d ", c->comm,
			   pid);
}

static __always_inline const struct trace_cmdline *
find_task(struct trace_iterator *iter, int pid)
{
	struct trace_cmdline *c =
		&iter->cmdlines[(unsigned int)pid % TRACE_CMDLINES];

	if (unlikely(!c->valid || c->pid != pid))
		find_task_slow(iter, c, pid);
	return c;
}

const char *trace_iter_comm(struct trace_iterator *iter, int pid)
{
	return find_task(iter, pid)->comm;
}

/* ---- the flags ----------------------------------------------------------- */

/* Interrupts, resched, context, preempt depth, migrate-disable depth. */
static void make_flags(const struct trace_entry *ent, char text[5])
{
	unsigned int depth = ent->preempt_count & 15;
	u8 flags = ent->flags;

	text[0] = flags & TRACE_FLAG_IRQS_OFF ? 'd' : '.';
	text[1] = flags & TRACE_FLAG_NEED_RESCHED ? 'n' : '.';
	text[2] = flags & TRACE_FLAG_HARDIRQ ? 'h' : '.';
	if (flags & TRACE_FLAG_NMI)
		text[2] = flags & TRACE_FLAG_HARDIRQ ? 'Z' : 'z';
	text[3] = ".123456789abcdef"[depth];
	text[4] = '.';
}

void trace_put_flags(const struct trace_entry *ent, struct trace_seq *s)
{
	char text[5];

	make_flags(ent, text);
	trace_seq_putmem(s, text, sizeof(text));
}

static __always_inline const char *find_flags(struct trace_iterator *iter)
{
	struct trace_kept *kept = &iter->kept;
	u32 key = iter->ent.flags | (u32)iter->ent.preempt_count << 8;

	if (unlikely(kept->flags_key != key)) {
		make_flags(&iter->ent, kept->flags);
		kept->flags[5] = ' ';
		kept->flags_key = key;
	}
	return kept->flags;
}

/* ---- the time ------------------------------------------------------------ */

/* Keep the second in which a time is, in microseconds, and its text. */
static noinline void find_second(struct trace_kept *kept, u64 us)
{
	char *end = trace_dec(kept->second, us / SECOND, 5, ' ');

	*end++ = '.';
	kept->second_len = end - kept->second;
	kept->second_ns = us / SECOND * SECOND * 1000;
}

static __always_inline void put_two_digits(char *at, u32 n)
{
	__builtin_memcpy(at, &trace_two_digits[n * 2], 2);
}

/* Writes up to sizeof(kept->second) + 6 bytes. Return: the end of the text. */
static __always_inline char *make_time(struct trace_iterator *iter, char *at,
				       u64 time)
{
	struct trace_kept *kept = &iter->kept;
	u32 us, hundreds, myriads;
	u64 ns = time + 500; /* rounded to microseconds */

	if (unlikely(!iter->tr->clock->in_ns))
		return trace_dec(at, time, 12, ' ');
	if (unlikely(ns - kept->second_ns >= SECOND * 1000ULL))
		find_second(kept, ns / 1000);
	us = (u32)(ns - kept->second_ns) / 1000;
	hundreds = us / 100;
	myriads = hundreds / 100;
	__builtin_memcpy(at, kept->second, sizeof(kept->second));
	at += kept->second_len;
	put_two_digits(at, myriads);
	put_two_digits(at + 2, hundreds - myriads * 100);
	put_two_digits(at + 4, us - hundreds * 100);
	return at + 6;
}

/* ---- all of them --------------------------------------------------------- */

void trace_columns_init(struct trace_iterator *iter)
{
	unsigned int cpu;

	iter->kept.flags_key = ~0U;
	find_second(&iter->kept, 0);
	for (cpu = 0; cpu < iter->nr_cpus; cpu++) {
		iter->source[cpu].cpu = cpu;
		snprintf(iter->source[cpu].column,
			 sizeof(iter->source[cpu].column), "[%03u] ", cpu);
	}
}

/* Writes up to COLUMNS_MAX bytes. Return: the end of the text. */
static __always_inline char *make_columns(struct trace_iterator *iter, char *at)
{
	const struct trace_cmdline *task = find_task(iter, iter->ent.pid);

	__builtin_memcpy(at, task->column, sizeof(task->column));
	at += task->len;
	__builtin_memcpy(at, iter->source[iter->cpu].column, 8);
	at += 6;
	if (likely(trace_option(iter->tr, TRACE_OPT_irq_info))) {
		__builtin_memcpy(at, find_flags(iter), 8);
		at += 6;
	}
	at = make_time(iter, at, iter->time);
	__builtin_memcpy(at, ": ", 2);
	return at + 2;
}

static noinline void put_columns_slow(struct trace_iterator *iter,
				      struct trace_seq *s)
{
	char text[COLUMNS_MAX];

	trace_seq_putmem(s, text, make_columns(iter, text) - text);
}

void trace_put_columns(struct trace_iterator *iter, struct trace_seq *s)
{
	char *at = trace_seq_room(s, COLUMNS_MAX);

	if (likely(at))
		trace_seq_end(s, make_columns(iter, at));
	else
		put_columns_slow(iter, s);
}

static_assert(NR_CPUS <= 1000, "a column of 6 bytes");
