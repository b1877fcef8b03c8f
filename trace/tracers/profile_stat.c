// SPDX-License-Identifier: MIT
/*
 * profile_stat.c - the counts of the function profiler as text, in Linux's
 * layout.
 *
 * A reader gets a copy, so its lines are in order and belong together.
 *
 * Context: task, may sleep.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "trace/tracers/function_graph.h"
#include "trace/tracers/profile.h"
#include "trace/tracers/profile_internal.h"

struct profile_line {
	struct profile_row row;
	size_t site;
};

struct profile_stat {
	bool timed;
	size_t n;
	struct profile_line line[];
};

/* The longest time first, then the most calls, then the lowest address. */
static int by_time(const void *a, const void *b)
{
	const struct profile_line *x = a, *y = b;

	if (x->row.time != y->row.time)
		return x->row.time < y->row.time ? 1 : -1;
	if (x->row.calls != y->row.calls)
		return x->row.calls < y->row.calls ? 1 : -1;
	return x->site < y->site ? -1 : 1;
}

struct profile_stat *profile_stat_copy(unsigned int cpu)
{
	const struct profile_row *rows = profile_rows_of(cpu);
	size_t i, n = 0, sites = rows ? ftrace_rec_count() : 0;
	struct profile_stat *stat;

	for (i = 0; i < sites; i++)
		n += READ_ONCE(rows[i].calls) != 0;
	stat = kmalloc(sizeof(*stat) + n * sizeof(stat->line[0]));
	if (!stat)
		return NULL;
	stat->timed = profile_timed();
	stat->n = 0;
	for (i = 0; i < sites && stat->n < n; i++) {
		if (!READ_ONCE(rows[i].calls))
			continue;
		stat->line[stat->n].row = rows[i];
		stat->line[stat->n++].site = i;
	}
	sort(stat->line, stat->n, sizeof(stat->line[0]), by_time);
	return stat;
}

/* ---- numbers ------------------------------------------------------------- */

/* Divide by @d, rounded down; the quotient's upper half is dropped. */
static u64 divide(unsigned __int128 x, u64 d, bool *rest)
{
	unsigned __int128 left = 0, quotient = 0;
	int bit;

	for (bit = 127; bit >= 0; bit--) {
		left = left << 1 | (x >> bit & 1);
		quotient <<= 1;
		if (left >= d) {
			left -= d;
			quotient |= 1;
		}
	}
	*rest = left;
	return quotient >> 64 ? ~0ULL : (u64)quotient;
}

/* The same with a wide result. */
static unsigned __int128 divide_wide(unsigned __int128 x, u64 d, bool *rest)
{
	u64 high = x >> 64, below = high % d;
	unsigned __int128 left = (unsigned __int128)below << 64 | (u64)x;

	return (unsigned __int128)(high / d) << 64 | divide(left, d, rest);
}

/*
 * (squares - sum^2 / n) / (n - 1). sum^2 / n is rounded up, so the difference
 * is rounded down, and so is the result.
 */
u64 profile_variance(u64 n, u64 sum, u64 low, u64 high)
{
	unsigned __int128 squares = (unsigned __int128)high << 64 | low, mean;
	bool rest;

	if (n < 2)
		return 0;
	mean = divide_wide((unsigned __int128)sum * sum, n, &rest);
	mean += rest;
	if (squares < mean)
		return 0; /* a call was added while the row was copied */
	squares = divide_wide(squares - mean, n - 1, &rest);
	return divide(squares, 1000, &rest);
}

/* ---- lines --------------------------------------------------------------- */

static void put_heads(const struct profile_stat *stat, struct trace_seq *seq)
{
	trace_seq_puts(seq, "  Function                               Hit");
	if (stat->timed)
		trace_seq_puts(seq, "    Time            Avg             s^2");
	trace_seq_puts(seq, "\n  --------                               ---");
	if (stat->timed)
		trace_seq_puts(seq, "    ----            ---             ---");
	trace_seq_putc(seq, '\n');
}

static void put_line(const struct profile_stat *stat,
		     const struct profile_line *line, struct trace_seq *seq)
{
	const struct profile_row *row = &line->row;
	char label[FTRACE_NAME_MAX];

	trace_seq_printf(seq, "  %-30.30s  %10llu",
			 ftrace_rec_name(ftrace_rec(line->site), label),
			 row->calls);
	if (stat->timed) {
		trace_seq_puts(seq, "    ");
		graph_put_time(seq, row->time);
		trace_seq_puts(seq, "    ");
		graph_put_time(seq, row->time / row->calls);
		trace_seq_puts(seq, "    ");
		graph_put_time(seq, profile_variance(row->calls, row->time,
						     row->squares.low,
						     row->squares.high));
	}
	trace_seq_putc(seq, '\n');
}

bool profile_stat_show(const struct profile_stat *stat, u64 *pos,
		       struct trace_seq *seq)
{
	if (*pos)
		put_line(stat, &stat->line[*pos - 1], seq);
	else
		put_heads(stat, seq);
	return (*pos)++ < stat->n;
}
