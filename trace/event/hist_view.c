// SPDX-License-Identifier: MIT
/*
 * hist_view.c - the rows of a histogram at one moment, sorted, as text.
 *
 * Owns the views. A view copies the sums, so that its rows stay in order while
 * probes go on counting; keys do not change (HM2), so it points at them. Rows
 * that are equal by what they are sorted by are in order of their keys.
 *
 * Context: task; opening and closing: trace_lock held.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/mutex.h"
#include "trace/event/event_hist_internal.h"
#include "trace/trace_internal.h"

/*
 * One line of the histogram: its key, which stays in the map, and its sums,
 * which are copied. sum[0] is hitcount.
 */
struct row {
	const u64 *key;
	u64 sum[1 + HIST_VALS_MAX];
};

/*
 * What a reader sees: a state of one moment, in order. The table is held, so
 * the keys stay.
 */
struct hist_view {
	struct event_hist *hist;
	struct hist_table *table;
	u32 nr;
	u64 hits, dropped;
	struct row row[];
};

/* ---- rows in order ------------------------------------------------------- */

static const struct hist_spec *sorting; /* [trace_lock] for compare() */

/* A difference would overflow. */
static int compare_numbers(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static bool is_signed(u8 load)
{
	return load == HIST_S8 || load == HIST_S16 || load == HIST_S32 ||
	       load == HIST_S64;
}

/*
 * Numbers with a sign get a bias, so that they compare as unsigned ones. A
 * stack is compared frame by frame.
 */
static int compare_keys(const struct hist_field *field, const u64 *a,
			const u64 *b)
{
	u64 bias = is_signed(field->load) ? 1ULL << 63 : 0;
	u32 i;
	int ret = 0;

	a += field->word;
	b += field->word;
	if (field->load >= HIST_CHARS && field->load <= HIST_DATA_LOC)
		return strcmp((const char *)a, (const char *)b);
	for (i = 0; i < field->words && !ret; i++)
		ret = compare_numbers(a[i] + bias, b[i] + bias);
	return ret;
}

/* @field: 0 hitcount, then the values, then the keys (hist_sorted()). */
static int compare_by(u32 field, const struct row *a, const struct row *b)
{
	if (field <= sorting->nr_vals)
		return compare_numbers(a->sum[field], b->sum[field]);
	return compare_keys(hist_sorted(sorting, field), a->key, b->key);
}

/*
 * Equal rows are put in the order of their keys, so the text is always the
 * same.
 */
static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int ret = 0;
	u32 i;

	for (i = 0; i < sorting->nr_sorts && !ret; i++) {
		ret = compare_by(sorting->sort[i].field, a, b);
		if (sorting->sort[i].descending)
			ret = -ret;
	}
	for (i = 0; i < sorting->nr_keys && !ret; i++)
		ret = compare_keys(&sorting->key[i], a->key, b->key);
	return ret;
}

/* Elements so far; probes go on adding some. */
static u32 count(const struct hist_map *map)
{
	u32 slot = 0, n = 0;

	while (hist_map_next(map, &slot))
		n++;
	return n;
}

/* Elements that come after they were counted are in the next view. */
static void copy_rows(struct hist_view *view, u32 room)
{
	const struct hist_map *map = view->table->map;
	const u64 *sums;
	struct row *row;
	u32 slot = 0, i;

	while (view->nr < room && (sums = hist_map_next(map, &slot))) {
		row = &view->row[view->nr++];
		row->key = sums + map->sums;
		for (i = 0; i < map->sums; i++)
			row->sum[i] = READ_ONCE(sums[i]);
		view->hits += row->sum[0];
	}
}

struct hist_view *hist_view_open(struct event_hist *hist)
{
	u32 room = count(hist->table->map);
	struct hist_view *view =
		kzalloc(sizeof(*view) + room * sizeof(view->row[0]));

	assert_held(&trace_lock);
	if (!view)
		return ERR_PTR(-ENOMEM);
	view->hist = hist;
	hist->users++;
	view->table = hist->table;
	view->table->users++;
	view->dropped = READ_ONCE(view->table->map->dropped);
	copy_rows(view, room);
	sorting = &hist->spec;
	sort(view->row, view->nr, sizeof(view->row[0]), compare);
	return view;
}

void hist_view_close(struct hist_view *view)
{
	if (!view)
		return;
	assert_held(&trace_lock);
	hist_table_put(view->table);
	event_hist_put(view->hist);
	kfree(view);
}

u32 hist_view_rows(const struct hist_view *view)
{
	return view->nr;
}

/* ---- text ---------------------------------------------------------------- */

/* @text, and blanks up to @width. */
static void put_padded(struct trace_seq *seq, const char *text, u32 width)
{
	size_t len = strlen(text);

	trace_seq_puts(seq, text);
	if (len < width)
		trace_seq_fill(seq, ' ', width - len);
}

/* The widths are Linux's, as in all lines below: tools read columns. */
static void put_symbol(struct trace_seq *seq, u64 addr, bool offset)
{
	char text[128];

	trace_seq_printf(seq, ": [%llx] ", addr);
	snprintf(text, sizeof(text), offset ? "%pS" : "%ps", (void *)addr);
	put_padded(seq, text, offset ? 55 : 45);
}

static void put_stack(struct trace_seq *seq, const u64 *addrs)
{
	u32 i;

	trace_seq_puts(seq, ":\n");
	for (i = 0; i < HIST_STACK_MAX && addrs[i]; i++) {
		trace_seq_fill(seq, ' ', 9);
		trace_seq_printf(seq, "%pS\n", (void *)addrs[i]);
	}
}

/* The name of the task stands behind the keys of its element. */
static void put_execname(struct trace_seq *seq, const struct hist_spec *spec,
			 const u64 *key, u64 pid)
{
	char comm[TASK_COMM_LEN];

	strscpy(comm, (const char *)(key + spec->key_words), sizeof(comm));
	trace_seq_puts(seq, ": ");
	put_padded(seq, comm, 16);
	trace_seq_printf(seq, "[%10llu]", pid);
}

static void put_number(struct trace_seq *seq, const struct hist_spec *spec,
		       const struct hist_field *field, const u64 *key)
{
	u64 x = key[field->word];

	switch (field->form) {
	case HIST_HEX:
		trace_seq_printf(seq, ": %llx", x);
		break;
	case HIST_SYM:
	case HIST_SYM_OFFSET:
		put_symbol(seq, x, field->form == HIST_SYM_OFFSET);
		break;
	case HIST_EXECNAME:
		put_execname(seq, spec, key, x);
		break;
	case HIST_LOG2:
		trace_seq_printf(seq, ": ~ 2^%-2llu", x);
		break;
	case HIST_BUCKETS:
		trace_seq_printf(seq, ": ~ %llu-%llu", x,
				 x + field->bucket - 1);
		break;
	default:
		trace_seq_printf(seq, ": %10llu", x);
	}
}

static void put_key(struct trace_seq *seq, const struct hist_spec *spec,
		    const struct hist_field *field, const u64 *key)
{
	trace_seq_puts(seq, field->name);
	if (field->load == HIST_STACK) {
		put_stack(seq, key + field->word);
	} else if (field->load > HIST_TIME) {
		trace_seq_puts(seq, ": ");
		put_padded(seq, (const char *)(key + field->word), 50);
	} else {
		put_number(seq, spec, field, key);
	}
}

static void put_sum(struct trace_seq *seq, const char *name, u8 form, u64 sum)
{
	trace_seq_printf(seq, form == HIST_HEX ? " %s: %10llx" : " %s: %10llu",
			 name, sum);
}

/* A stack ends in a newline, so the bracket has no blank before it. */
void hist_view_show(const struct hist_view *view, u32 n, struct trace_seq *seq)
{
	const struct hist_spec *spec = &view->hist->spec;
	const struct row *row = &view->row[n];
	bool has_stack = false;
	u32 i;

	for (i = 0; i < spec->nr_keys; i++) {
		trace_seq_puts(seq, i ? ", " : "{ ");
		put_key(seq, spec, &spec->key[i], row->key);
		has_stack |= spec->key[i].load == HIST_STACK;
	}
	trace_seq_puts(seq, has_stack ? "}" : " }");
	if (!spec->nohitcount)
		put_sum(seq, "hitcount", HIST_PLAIN, row->sum[0]);
	for (i = 0; i < spec->nr_vals; i++) {
		trace_seq_putc(seq, ' ');
		put_sum(seq, spec->val[i].name, spec->val[i].form,
			row->sum[i + 1]);
	}
	trace_seq_putc(seq, '\n');
}

void hist_view_show_totals(const struct hist_view *view, struct trace_seq *seq)
{
	trace_seq_printf(seq,
			 "\nTotals:\n    Hits: %llu\n    Entries: %u\n"
			 "    Dropped: %llu\n",
			 view->hits, view->nr, view->dropped);
}
