// SPDX-License-Identifier: MIT
/*
 * Records whose contents are damaged: a trace that survives a reset keeps every
 * record whose head decodes, so the functions that print an event are given
 * any type, any length and any bytes.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_event.h"
#include "trace/output/trace_bprint.h"

#define TEXT	(64 << 10)
#define RECORD	512 /* bytes of the longest */
#define RECORDS 24  /* in the trace at a time */
#define ROUNDS	40

static u64 seed;

static u64 random(void)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return seed >> 24;
}

/* Words at which a check decides: sizes, places of texts, addresses. */
static u32 word(u32 len)
{
	const u32 edges[] = { 0,
			      1,
			      ~0U,
			      1U << 31,
			      len,
			      len << 16 | 8,
			      1U << 16 | (len - 1),
			      0xffff0000 | len,
			      8U << 16 | 0xffff,
			      (u32)(unsigned long)tt_begin,
			      63 };
	u64 r = random();

	return r % 3 ? edges[r / 3 % ARRAY_SIZE(edges)] : (u32)(r >> 8);
}

static bool has_text(const struct trace_event *event)
{
	const struct trace_field *field = event->fields;

	while (field->type && field->kind != TRACE_FIELD_DATA_LOC)
		field++;
	return field->type;
}

/* All events; and those of them with a text that lies behind their fields. */
static const struct trace_event *events[TRACE_EVENT_SLOTS],
	*texts[TRACE_EVENT_SLOTS];
static u32 nr_events, nr_texts;

static void list_events(void)
{
	const struct trace_event *event;
	u32 slot = 0;

	nr_events = nr_texts = 0;
	while ((event = trace_event_next(&slot))) {
		events[nr_events++] = event;
		if (has_text(event))
			texts[nr_texts++] = event;
	}
}

static const struct trace_event *any_event(void)
{
	return random() % 3 == 0 ? texts[random() % nr_texts] :
				   events[random() % nr_events];
}

/* Texts that end behind the record. */
static void move_texts(u8 *record, const struct trace_event *event, u32 len)
{
	const struct trace_field *field = event->fields;
	u32 loc = (u32)(1 + random() % 64) << 16 | (len - random() % 4);

	for (; field->type; field++)
		if (field->kind == TRACE_FIELD_DATA_LOC)
			memcpy(record + field->offset, &loc, sizeof(loc));
}

/* Make a record. Return: its bytes, a multiple of 4. */
static u32 make_record(u32 *record)
{
	const struct trace_event *event = any_event();
	struct trace_entry *entry = (void *)record;
	u32 ones = random() % 4 ? 0 : 0x01010101; /* no byte is NUL */
	u32 len = 4 + random() % RECORD / 4 * 4, i;

	if (random() % 4)
		len = min(ALIGN_UP(event->size, 4U) + (u32)random() % 20 * 4,
			  (u32)RECORD);
	for (i = 0; i < len / 4; i++)
		record[i] = word(len) | ones;
	if (random() % 8 == 0) /* a known format, wrong arguments */
		memcpy(record + 4, &trace_formats_first[0], sizeof(long));
	if (len >= event->size && random() % 4 == 0)
		move_texts((u8 *)record, event, len);
	if (len >= sizeof(*entry) && random() % 32)
		entry->type = event->id;
	return len;
}

static void write_record(struct trace_array *tr, const void *record, u32 len)
{
	void *to = ring_buffer_lock_reserve(&tr->buffer, len, NULL);

	if (!EXPECT(to != NULL))
		return;
	memcpy(to, record, len);
	ring_buffer_unlock_commit(&tr->buffer);
}

static struct trace_array *begin(void)
{
	struct trace_array *tr;

	tt_write("kprobe_events", "p:damaged/probe tp_call_none "
				  "number=%di text=+0(%si):string\n");
	EXPECT_EQ(tracefs_mkdir("instances/damaged"), 0);
	list_events();
	tr = trace_array_find("damaged");
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 64), 0);
	return tr;
}

static void end(void)
{
	EXPECT_EQ(tracefs_rmdir("instances/damaged"), 0);
	tt_write("kprobe_events", "\n");
}

/* ---- no record stops a reader -------------------------------------------- */

static void read_all_ways(char *text)
{
	static const char *const options[] = {
		"latency-format", "nolatency-format", "sym-offset",
		"nosym-offset",	  "sym-addr",	      "nosym-addr",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		tt_write("instances/damaged/trace_options", options[i]);
		tt_read("instances/damaged/trace", text, TEXT);
		EXPECT(strstr(text, "tracing_mark_write: the end\n") ||
		       strstr(text, "/* the end */\n"));
	}
}

static void print_damage(const char *tracer)
{
	static u32 record[RECORD / 4];
	struct trace_array *tr = begin();
	char *text = kmalloc(TEXT);
	unsigned int round, i;

	ASSERT(text);
	tt_write("instances/damaged/set_ftrace_filter", "tp_call_none");
	tt_write("instances/damaged/current_tracer", tracer);
	seed = 1;
	for (round = 0; round < ROUNDS; round++) {
		preempt_disable();
		for (i = 0; i < RECORDS; i++)
			write_record(tr, record, make_record(record));
		preempt_enable();
		trace_marker_write(tr, "the end", 7);
		read_all_ways(text);
		trace_reset(tr, TRACE_CPU_ALL);
	}
	kfree(text);
	end();
}

KTEST(trace_damage, is_printed)
{
	print_damage("nop");
}

KTEST(trace_damage, is_printed_as_a_graph)
{
	print_damage("function_graph");
}

/* ---- a text is of the bytes of its own record ---------------------------- */

/* The text of the newest event, without columns; NULL: none. */
static char *last_text(char *text)
{
	char *line, *last = NULL;

	tt_read("instances/damaged/trace", text, TEXT);
	for (line = strstr(text, "[00"); line; line = strstr(line + 1, "[00"))
		if (strstr(line, ": "))
			last = strstr(line, ": ");
	return last;
}

KTEST(trace_damage, prints_no_byte_of_another_record)
{
	static u32 record[RECORD / 4];
	static u8 before[1024];
	struct trace_array *tr = begin();
	char *text = kmalloc(TEXT), *other = kmalloc(TEXT), *alone, *behind;
	unsigned int i;
	u32 len;

	ASSERT(text && other);
	seed = 2;
	for (i = 0; i < 500; i++) {
		len = make_record(record);
		memset(before, i % 2 ? 0x41 : 0xff, sizeof(before));
		preempt_disable();
		write_record(tr, record, len);
		preempt_enable();
		alone = last_text(text);
		trace_reset(tr, TRACE_CPU_ALL);
		preempt_disable();
		write_record(tr, before, sizeof(before));
		write_record(tr, record, len);
		preempt_enable();
		behind = last_text(other);
		if (!EXPECT(alone && behind && !strcmp(alone, behind)))
			pr_info("%u: %s%s", i, alone ?: "", behind ?: "");
		trace_reset(tr, TRACE_CPU_ALL);
	}
	kfree(text);
	kfree(other);
	end();
}
