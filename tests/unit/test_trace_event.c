// SPDX-License-Identifier: MIT
/*
 * The registry of events by itself: what it refuses, what it gives out, what
 * it finds. tests/test_trace_mutants.py takes its checks away one by one.
 * host-sources: trace/event/trace_event.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "trace/event/trace_event.h"

struct pair_entry {
	struct trace_entry ent;
	u32 first, second;
};

static const struct trace_field pair_fields[] = {
	TRACE_FIELD(pair_entry, unsigned int, first),
	TRACE_FIELD(pair_entry, unsigned int, second),
	TRACE_FIELDS_END,
};

static const struct trace_event of_the_table = {
	.system = "table",
	.name = "pair",
	.id = 7,
	.size = sizeof(struct pair_entry),
	.fields = pair_fields,
	.print_fmt = "\"\"",
};

TABLE_ENTRY(trace_events, 20, of_the_table);

static void init_once(void)
{
	static bool done;

	if (!done)
		trace_events_init();
	done = true;
}

static struct trace_event event_named(const char *name)
{
	struct trace_event event = of_the_table;

	init_once();
	event.system = "unit";
	event.name = name;
	event.id = 0;
	return event;
}

static int try(const struct trace_event *model)
{
	struct trace_event event = *model;
	int err = trace_event_register(&event);

	if (!err)
		trace_event_unregister(&event);
	return err;
}

UNIT(trace_event, of_the_table)
{
	struct trace_entry record = { .type = 7 };
	u32 slot = 0;

	init_once();
	CHECK(trace_event_find(7) == &of_the_table);
	CHECK(trace_event_by_name("table", "pair") == &of_the_table);
	CHECK(!trace_event_by_name("table", "pai"));
	CHECK(!trace_event_by_name("tabl", "pair"));
	CHECK(trace_event_next(&slot) == &of_the_table);
	CHECK_EQ(slot, 8);
	CHECK(!trace_event_next(&slot));
	CHECK(trace_event_of(&record, 16) == &of_the_table);
	CHECK(!trace_event_of(&record, 12)); /* E2 */
	record.type = 7 + TRACE_EVENT_SLOTS;
	CHECK(!trace_event_of(&record, 16));
}

UNIT(trace_event, names)
{
	char name[TRACE_EVENT_NAME + 1];
	struct trace_event event = event_named("a_1");

	CHECK_EQ(try(&event), 0);
	event.name = "";
	CHECK_EQ(try(&event), -EINVAL);
	event.name = "a/b";
	CHECK_EQ(try(&event), -EINVAL);
	event.name = "a b";
	CHECK_EQ(try(&event), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[TRACE_EVENT_NAME] = '\0';
	event.name = name;
	CHECK_EQ(try(&event), -EINVAL);
	name[TRACE_EVENT_NAME - 1] = '\0';
	CHECK_EQ(try(&event), 0);
	event.system = "..";
	CHECK_EQ(try(&event), -EINVAL);
}

UNIT(trace_event, one_owner_E1)
{
	struct trace_event first = event_named("same"), second = first;

	CHECK_EQ(trace_event_register(&first), 0);
	CHECK_EQ(trace_event_register(&second), -EEXIST);
	CHECK(trace_event_find(first.id) == &first);
	second.system = "other";
	CHECK_EQ(trace_event_register(&second), 0);
	CHECK(first.id != second.id);
	trace_event_unregister(&first);
	trace_event_unregister(&second);
	CHECK(!trace_event_find(first.id));
}

/* Fields lie behind the trace_entry and within what every record has. */
UNIT(trace_event, sizes_E2)
{
	struct trace_field fields[] = {
		TRACE_FIELD(pair_entry, unsigned int, second),
		TRACE_FIELDS_END,
	};
	struct trace_event event = event_named("sizes");

	event.fields = fields;
	CHECK_EQ(try(&event), 0);
	event.size--;
	CHECK_EQ(try(&event), -EINVAL);
	fields[0].size = 0; /* up to the end, wherever that is */
	CHECK_EQ(try(&event), 0);
	fields[0].offset = event.size + 1;
	CHECK_EQ(try(&event), -EINVAL);
	fields[0].offset = sizeof(struct trace_entry) - 1;
	CHECK_EQ(try(&event), -EINVAL);
	fields[0].offset = sizeof(struct trace_entry);
	fields[0].size = ~0U;
	CHECK_EQ(try(&event), -EINVAL);
	fields[0].type = NULL; /* no fields at all */
	CHECK_EQ(try(&event), 0);
	event.size = sizeof(struct trace_entry) - 1;
	CHECK_EQ(try(&event), -EINVAL);
	event.size = 4096;
	CHECK_EQ(try(&event), -EINVAL);
}

/* Ids between two owners of the same one; they are all dynamic ones. */
UNIT(trace_event, an_id_comes_back_last_E4)
{
	struct trace_event event = event_named("again");
	u32 between = 0;
	u16 id;

	CHECK_EQ(trace_event_register(&event), 0);
	id = event.id;
	do {
		trace_event_unregister(&event);
		CHECK_EQ(trace_event_register(&event), 0);
		if (!CHECK(event.id >= TRACE_EVENT_DYNAMIC))
			break;
	} while (event.id != id && ++between < 2 * TRACE_EVENT_ID_MAX);
	/* All but its own and those of the table's event's slot. */
	CHECK_EQ(between, TRACE_EVENT_ID_MAX - TRACE_EVENT_DYNAMIC -
				  TRACE_EVENT_ID_MAX / TRACE_EVENT_SLOTS);
	trace_event_unregister(&event);
}

UNIT(trace_event, full_and_empty_E1)
{
	static struct trace_event event[TRACE_EVENT_SLOTS];
	static char name[TRACE_EVENT_SLOTS][8];
	u32 times, slot, n, seen;

	for (times = 0; times < 10; times++) {
		for (n = 0; n < TRACE_EVENT_SLOTS; n++) {
			snprintf(name[n], sizeof(name[n]), "n%u", n);
			event[n] = event_named(name[n]);
			if (trace_event_register(&event[n]))
				break;
			CHECK(trace_event_find(event[n].id) == &event[n]);
		}
		CHECK_EQ(n, TRACE_EVENT_SLOTS - 1);
		CHECK_EQ(trace_event_register(&event[n]), -ENOSPC);
		for (slot = seen = 0; trace_event_next(&slot); seen++)
			;
		CHECK_EQ(seen, TRACE_EVENT_SLOTS);
		while (n--)
			trace_event_unregister(&event[n]);
	}
	slot = 8;
	CHECK(!trace_event_next(&slot));
}

struct kinds_entry {
	struct trace_entry ent;
	s64 deep;
	char name[6];
	u16 words[2];
	u32 text;
	char rest[];
};

static const struct trace_field kinds_fields[] = {
	TRACE_FIELD(kinds_entry, long long, deep),
	TRACE_FIELD_ARRAY(kinds_entry, char, name, 6),
	TRACE_FIELD_ARRAY(kinds_entry, unsigned short, words, 2),
	TRACE_FIELD_STRING_AT(kinds_entry, text),
	TRACE_FIELD_REST(kinds_entry, char, rest),
	TRACE_FIELDS_END,
};

UNIT(trace_event, kinds_of_fields)
{
	static const enum trace_field_kind kind[] = {
		TRACE_FIELD_NUMBER,   TRACE_FIELD_STRING, TRACE_FIELD_OPAQUE,
		TRACE_FIELD_DATA_LOC, TRACE_FIELD_STRING,
	};
	struct trace_event event = event_named("kinds");
	char text[1024];
	struct trace_seq s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kind); i++)
		CHECK_EQ(kinds_fields[i].kind, kind[i]);
	CHECK(!kinds_fields[i].type);
	event.fields = kinds_fields;
	event.size = sizeof(struct kinds_entry);
	CHECK_EQ(try(&event), 0);
	trace_seq_init(&s, text, sizeof(text));
	trace_event_format_show(&event, &s);
	CHECK_STR(strstr(text, "\n\n"),
		  "\n\n\tfield:long long deep;\toffset:8;\tsize:8;\tsigned:1;\n"
		  "\tfield:char name[6];\toffset:16;\tsize:6;\tsigned:1;\n"
		  "\tfield:unsigned short words[2];\toffset:22;\tsize:4;\t"
		  "signed:0;\n"
		  "\tfield:__data_loc char[] text;\toffset:28;\tsize:4;\t"
		  "signed:1;\n"
		  "\tfield:char rest[];\toffset:32;\tsize:0;\tsigned:1;\n"
		  "\nprint fmt: \"\"\n");
}
