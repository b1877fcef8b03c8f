// SPDX-License-Identifier: MIT
/*
 * event_hist.c - the histogram of a trigger: how an event is counted.
 *
 * Owns the histograms and their tables. Invariants EH1 and EH2: event_hist.h.
 *
 * Context: as event_hist.h says; nothing that a probe calls is traceable.
 */
#include "trace/event/event_hist.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/stacktrace.h"
#include "trace/event/event_hist_internal.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_internal.h"
#include <asm/atomic.h>

#define LOAD(type, at)                                         \
	({                                                     \
		type value_;                                   \
                                                               \
		__builtin_memcpy(&value_, at, sizeof(value_)); \
		value_;                                        \
	})

/* Frames between a tracepoint's caller and this file. */
#define INNER_FRAMES 12

/* ---- probe: values ------------------------------------------------------- */

static __always_inline u64 clock_now(const struct event_hist *hist,
				     const struct hist_field *field)
{
	u64 now = READ_ONCE(hist->tr->clock)->read();

	return field->form == HIST_USECS ? now / 1000 : now;
}

static __always_inline u64 number(const struct event_hist *hist,
				  const struct hist_field *field,
				  const u8 *record)
{
	const u8 *at = record + field->offset;

	switch (field->load) {
	case HIST_U8:
		return *at;
	case HIST_S8:
		return (s64)(s8)*at;
	case HIST_U16:
		return LOAD(u16, at);
	case HIST_S16:
		return (s64)LOAD(s16, at);
	case HIST_U32:
		return LOAD(u32, at);
	case HIST_S32:
		return (s64)LOAD(s32, at);
	case HIST_CPU:
		return smp_processor_id();
	case HIST_TIME:
		return clock_now(hist, field);
	default:
		return LOAD(u64, at);
	}
}

/* The smallest n for which 2^n is not below x. */
static u64 log2_up(u64 x)
{
	return x <= 1 ? 0 : 64 - __builtin_clzll(x - 1);
}

static __always_inline u64 form_number(const struct hist_field *field, u64 x)
{
	if (field->form == HIST_LOG2)
		return log2_up(x);
	if (field->form == HIST_BUCKETS)
		return x - x % field->bucket;
	return x;
}

/* HG2: characters up to a NUL; the rest of the words is 0. */
static void load_chars(const struct hist_field *field, const u8 *record,
		       u32 len, u64 *to)
{
	const u8 *at = record + field->offset;
	u32 n = field->size, loc, room = field->words * sizeof(u64) - 1;

	if (field->load == HIST_REST) {
		n = len - field->offset;
	} else if (field->load == HIST_DATA_LOC) {
		loc = LOAD(u32, at);
		n = loc >> 16;
		at = record + (loc & 0xffff);
		if ((loc & 0xffff) > len || n > len - (loc & 0xffff))
			n = 0;
	}
	n = strnlen((const char *)at, min(n, room));
	memset(to, 0, room + 1);
	memcpy(to, at, n);
}

/* The stack from the caller of the tracepoint on; the rest is 0. */
static noinline void load_stack(const struct event_hist *hist, u64 *to)
{
	unsigned long addrs[HIST_STACK_MAX + INNER_FRAMES];
	u32 i, n = stack_trace_save(addrs, ARRAY_SIZE(addrs), 1), first = 0;

	for (i = 0; i < n && !first; i++)
		if (addrs[i] >= hist->from && addrs[i] < hist->to)
			first = i + 1;
	n = min(n - first, (u32)HIST_STACK_MAX);
	memset(to, 0, HIST_STACK_MAX * sizeof(*to));
	memcpy(to, addrs + first, n * sizeof(*to));
}

static noinline void load_long(const struct event_hist *hist,
			       const struct hist_field *field, const u8 *record,
			       u32 len, u64 *to)
{
	if (field->load == HIST_STACK)
		load_stack(hist, to);
	else
		load_chars(field, record, len, to);
}

/* Any keys and values. */
static noinline void hit_many(struct event_hist *hist, const u8 *record,
			      u32 len)
{
	u64 key[HIST_KEY_MAX / sizeof(u64) + HIST_COMM_WORDS];
	const struct hist_spec *spec = &hist->spec;
	const struct hist_field *field;
	u64 *sums;
	u32 i;

	for (i = 0; i < spec->nr_keys; i++) {
		field = &spec->key[i];
		if (likely(field->load <= HIST_TIME))
			key[field->word] =
				form_number(field, number(hist, field, record));
		else
			load_long(hist, field, record, len, key + field->word);
	}
	if (spec->has_execname)
		memcpy(key + spec->key_words, current->comm, TASK_COMM_LEN);
	sums = hist_map_get(smp_load_acquire(&hist->table)->map, key);
	if (unlikely(!sums))
		return;
	hist_map_add(&sums[0], 1);
	for (i = 0; i < spec->nr_vals; i++)
		hist_map_add(&sums[i + 1], number(hist, &spec->val[i], record));
}

/* The fast path: one number as key, and the hitcount only. */
void event_hist_hit(struct event_hist *hist, const void *record, u32 len)
{
	const struct hist_field *field = &hist->spec.key[0];
	u64 key, *sums;

	if (unlikely(READ_ONCE(hist->paused)))
		return;
	if (unlikely(!hist->one_number)) {
		hit_many(hist, record, len);
		return;
	}
	key = form_number(field, number(hist, field, record));
	sums = hist_map_get_one(smp_load_acquire(&hist->table)->map, &key);
	if (likely(sums))
		hist_map_add(&sums[0], 1);
}

/* ---- tables: [trace_lock] ------------------------------------------------ */

static struct hist_table *table_create(const struct hist_spec *spec)
{
	struct hist_table *table = kzalloc(sizeof(*table));

	if (!table)
		return NULL;
	table->users = 1;
	table->map = hist_map_create(spec->size, 1 + spec->nr_vals,
				     spec->key_words,
				     spec->has_execname ? HIST_COMM_WORDS : 0);
	if (table->map)
		return table;
	kfree(table);
	return NULL;
}

void hist_table_put(struct hist_table *table)
{
	if (!table || --table->users)
		return;
	hist_map_free(table->map);
	kfree(table);
}

static struct hist_table *dead; /* cleared away, to be put after the wait */

/* @at or the next one behind it of @hist's name; NULL: no more, or no name. */
static struct event_hist *next_named(const struct event_hist *hist,
				     struct event_hist *at)
{
	while (at && (!hist->spec.name.at ||
		      strcmp(at->spec.name.is, hist->spec.name.is)))
		at = at->next_named;
	return at;
}

static struct event_hist *named; /* those with a name that have a trigger */

int event_hist_clear(struct event_hist *hist)
{
	struct hist_table *old = hist->table, *table;
	struct event_hist *at;

	table = table_create(&hist->spec);
	if (!table)
		return -ENOMEM;
	for (at = named; (at = next_named(hist, at)); at = at->next_named) {
		smp_store_release(&at->table, table); /* EH3 */
		table->users++;
		old->users--;
	}
	if (hist->spec.name.at) { /* it was one of them */
		table->users--;
		old->users++;
	}
	/* Pairs with event_hist_hit(): the map is complete. */
	smp_store_release(&hist->table, table);
	old->dead = dead;
	dead = old;
	return 0;
}

void event_hists_settled(void)
{
	struct hist_table *table;

	while ((table = dead)) {
		dead = table->dead;
		hist_table_put(table);
	}
}

/* ---- histograms: [trace_lock] -------------------------------------------- */

struct event_hist *event_hist_create(struct trace_event_file *file,
				     const struct hist_spec *spec)
{
	struct event_hist *hist = kzalloc(sizeof(*hist));

	if (!hist)
		return NULL;
	hist->spec = *spec;
	hist->tr = file->tr;
	hist->one_number = spec->nr_keys == 1 && !spec->nr_vals &&
			   spec->key[0].load <= HIST_TIME &&
			   !spec->has_execname;
	hist->paused = spec->pause;
	hist->users = 1;
	hist->from = file->caller;
	hist->to = file->caller + file->caller_size;
	return hist;
}

int event_hist_start(struct event_hist *hist)
{
	const struct event_hist *other = next_named(hist, named);

	if (other) { /* EH3 */
		hist->spec.size = other->spec.size;
		hist->table = other->table;
		hist->table->users++;
	} else {
		hist->table = table_create(&hist->spec);
	}
	if (!hist->table)
		return -ENOMEM;
	if (hist->spec.name.at) {
		hist->next_named = named;
		named = hist;
	}
	return 0;
}

void event_hist_retire(struct event_hist *hist)
{
	struct event_hist **at = &named;

	while (*at && *at != hist)
		at = &(*at)->next_named;
	if (*at)
		*at = hist->next_named;
}

void event_hist_put(struct event_hist *hist)
{
	if (!hist || --hist->users)
		return;
	event_hist_retire(hist);
	hist_table_put(hist->table);
	kfree(hist);
}

static bool same_field(const struct hist_field *a, const struct hist_field *b)
{
	return !strcmp(a->name, b->name) && a->form == b->form &&
	       a->bucket == b->bucket && a->load == b->load &&
	       a->words == b->words;
}

/* Size, clock and what is to be done do not matter. */
static bool same_spec(const struct hist_spec *a, const struct hist_spec *b)
{
	u32 i;

	if (strcmp(a->name.is, b->name.is) || a->nr_keys != b->nr_keys ||
	    a->nr_vals != b->nr_vals || a->nr_sorts != b->nr_sorts ||
	    a->nohitcount != b->nohitcount)
		return false;
	for (i = 0; i < a->nr_keys; i++)
		if (!same_field(&a->key[i], &b->key[i]))
			return false;
	for (i = 0; i < a->nr_vals; i++)
		if (!same_field(&a->val[i], &b->val[i]))
			return false;
	for (i = 0; i < a->nr_sorts; i++)
		if (a->sort[i].field != b->sort[i].field ||
		    a->sort[i].descending != b->sort[i].descending)
			return false;
	return true;
}

bool event_hist_same(const struct event_hist *a, const struct event_hist *b)
{
	return same_spec(&a->spec, &b->spec);
}

bool event_hist_fits_name(const struct event_hist *hist)
{
	const struct event_hist *other = next_named(hist, named);

	return !other || event_hist_same(hist, other);
}

static bool reads_entry(const struct hist_field *field)
{
	return field->load <= HIST_S64 &&
	       field->offset < sizeof(struct trace_entry);
}

bool event_hist_reads_entry(const struct event_hist *hist)
{
	bool reads = false;
	u32 i;

	for (i = 0; i < hist->spec.nr_keys; i++)
		reads |= reads_entry(&hist->spec.key[i]);
	for (i = 0; i < hist->spec.nr_vals; i++)
		reads |= reads_entry(&hist->spec.val[i]);
	return reads;
}

const struct hist_spec *event_hist_spec(const struct event_hist *hist)
{
	return &hist->spec;
}

bool event_hist_pause(struct event_hist *hist, bool pause)
{
	return xchg(&hist->paused, pause) != pause;
}

/* ---- text ---------------------------------------------------------------- */

static void show_field(const struct hist_field *field, struct trace_seq *seq)
{
	static const char *const forms[] = {
		[HIST_PLAIN] = "",
		[HIST_HEX] = ".hex",
		[HIST_SYM] = ".sym",
		[HIST_SYM_OFFSET] = ".sym-offset",
		[HIST_EXECNAME] = ".execname",
		[HIST_LOG2] = ".log2",
		[HIST_BUCKETS] = ".buckets",
		[HIST_USECS] = ".usecs",
	};

	trace_seq_puts(seq, field->name);
	trace_seq_puts(seq, forms[field->form]);
	if (field->form == HIST_BUCKETS)
		trace_seq_printf(seq, "=%llu", field->bucket);
}

static void show_sort(const struct hist_spec *spec, struct trace_seq *seq)
{
	u32 i;

	for (i = 0; i < spec->nr_sorts; i++) {
		trace_seq_puts(seq, i ? "," : ":sort=");
		if (spec->sort[i].field)
			show_field(hist_sorted(spec, spec->sort[i].field), seq);
		else
			trace_seq_puts(seq, "hitcount");
		if (spec->sort[i].descending)
			trace_seq_puts(seq, ".descending");
	}
}

void event_hist_show(const struct event_hist *hist, struct trace_seq *seq)
{
	const struct hist_spec *spec = &hist->spec;
	u32 i;

	trace_seq_puts(seq, "hist");
	if (spec->name.at)
		trace_seq_printf(seq, ":name=%s", spec->name.is);
	for (i = 0; i < spec->nr_keys; i++) {
		trace_seq_puts(seq, i ? "," : ":keys=");
		show_field(&spec->key[i], seq);
	}
	trace_seq_puts(seq, spec->nohitcount ? ":vals=" : ":vals=hitcount");
	for (i = 0; i < spec->nr_vals; i++) {
		if (i || !spec->nohitcount)
			trace_seq_putc(seq, ',');
		show_field(&spec->val[i], seq);
	}
	show_sort(spec, seq);
	trace_seq_printf(seq, ":size=%u", spec->size);
	if (spec->has_time)
		trace_seq_printf(seq, ":clock=%s", spec->clock.is);
	if (spec->nohitcount)
		trace_seq_puts(seq, ":nohitcount");
}

void event_hist_show_state(const struct event_hist *hist, struct trace_seq *seq)
{
	trace_seq_puts(seq,
		       READ_ONCE(hist->paused) ? " [paused]\n" : " [active]\n");
}
