// SPDX-License-Identifier: MIT
/*
 * The registry of events: an event that is registered at run time is read in
 * every form; a record without an event, or too short for it, is shown as
 * bytes. tests/unit/test_trace_event.c has the registry itself.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/quiesce.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trace_note.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

/* ---- an event of a group of its own -------------------------------------- */

static const char note_format[] =
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\t"
	"signed:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:int change;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned char kind;\toffset:12;\tsize:1;\tsigned:0;\n"
	"\tfield:char owner[5];\toffset:13;\tsize:5;\tsigned:1;\n"
	"\tfield:__data_loc char[] text;\toffset:20;\tsize:4;\tsigned:1;\n"
	"\n"
	"print fmt: \"change=%d kind=%u owner=%s text=%s\", REC->change, "
	"REC->kind, REC->owner, __get_str(text)\n";

static bool event_begin(const char *tracer)
{
	kthread_bind(current, 0);
	return tt_begin(tracer, "ftrace_target_000", 64); /* never called */
}

static void event_end(void)
{
	tt_end();
	kthread_bind(current, CPU_ANY);
}

/* Does a line of trace end in what the pattern says? */
static void trace_has(const char *pattern)
{
	char *text = tt_text(0), *line = text, *end;
	bool found = false;

	for (; line && *line && !found; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		found = glob_match(pattern, line);
	}
	if (!EXPECT(found))
		ktest_note("no line is \"%s\"", pattern);
	kfree(text);
}

/* ---- its raw bytes, as a program of the host decodes them ---------------- */

static u32 number_behind(const char *text, const char *key)
{
	u32 n = 0;

	text = text ? strstr(text, key) : NULL;
	for (text = text ? text + strlen(key) : ""; isdigit(*text); text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* The number in the field that the format file calls "TYPE NAME". */
static u64 decode(const char *format, const char *field, const u8 *record)
{
	const char *line = strstr(format, field);
	u32 offset = number_behind(line, "offset:");
	u32 size = number_behind(line, "size:");
	u64 value = 0;

	if (EXPECT(size && size <= sizeof(value)))
		memcpy(&value, record + offset, size);
	return value;
}

static void check_raw(const char *format)
{
	struct ring_buffer_page *page = alloc_page();
	const u8 *record;
	u32 text;

	ASSERT(page != NULL);
	EXPECT(trace_read_raw(trace_top(), 0, page, false) > 0);
	record = page->data;
	if ((*(const u32 *)record & 31) == 30) /* a time extend, 8 bytes */
		record += 8;
	EXPECT_EQ(*(const u32 *)record & 31, /* the only event there */
		  ((page->commit & 0xfff) - (record - page->data)) / 4 - 1);
	record += RB_EVENT_HEADER;
	EXPECT_EQ(decode(format, "unsigned short common_type;", record),
		  number_behind(format, "ID: "));
	EXPECT_EQ(decode(format, "int common_pid;", record), current->pid);
	EXPECT_EQ((s32)decode(format, "int change;", record), -3);
	EXPECT_EQ(decode(format, "unsigned char kind;", record), 200);
	text = decode(format, "__data_loc char[] text;", record);
	EXPECT_EQ(text >> 16, 6);
	EXPECT(!strcmp((const char *)record + (text & 0xffff), "hello"));
	free_page(page);
}

KTEST(trace_event, an_event_made_at_run_time)
{
	struct trace_event note = tt_note;
	static char format[1024];
	char gone[64];
	struct trace_seq s;

	ASSERT_EQ(trace_event_register(&note), 0);
	EXPECT(note.id >= TRACE_EVENT_DYNAMIC);
	EXPECT(trace_event_by_name("testing", "note") == &note);
	trace_seq_init(&s, format, sizeof(format));
	trace_event_format_show(&note, &s);
	EXPECT(str_has_prefix(format, "name: note\nID: "));
	EXPECT(!strcmp(strstr(format, "format:"), note_format));
	if (event_begin("nop")) {
		tt_write_note(&note, "hello");
		trace_has("*: note: change=-3 kind=200 owner=me text=hello");
		trace_event_unregister(&note);
		snprintf(gone, sizeof(gone),
			 "*: Unknown type %u: fd ff ff ff c8 *", note.id);
		trace_has(gone);
		check_raw(format);
	}
	event_end();
	EXPECT(!trace_event_by_name("testing", "note"));
}

/* The same id does not come back at once: what is left is not misread. E4 */
KTEST(trace_event, a_record_outlives_its_event_E4)
{
	struct trace_event first = tt_note, second = tt_note;

	if (event_begin("nop")) {
		EXPECT_EQ(trace_event_register(&first), 0);
		tt_write_note(&first, "old");
		trace_event_unregister(&first);
		EXPECT_EQ(trace_event_register(&second), 0);
		EXPECT(second.id != first.id);
		trace_has("*: Unknown type *");
		tt_write_note(&second, "new");
		trace_has("*: note: * text=new");
		trace_event_unregister(&second);
	}
	event_end();
}

/* ---- its directory ------------------------------------------------------- */

/* How often a name is in a directory. */
static unsigned int listed(const char *dir, const char *name)
{
	struct tracefs_dirent entry;
	unsigned int n = 0;
	u64 cursor = 0;

	while (tracefs_readdir(dir, &cursor, &entry) > 0)
		n += !strcmp(entry.name, name);
	return n;
}

static u64 inode(const char *path)
{
	struct tracefs_stat stat = { .ino = 0 };

	EXPECT_EQ(tracefs_stat(path, &stat), 0);
	return stat.ino;
}

#define NOTE "events/testing/note"

KTEST(trace_event, its_directory_comes_and_goes)
{
	struct trace_event note = tt_note, other = tt_note;
	struct tracefs_file *file;
	struct tracefs_stat stat;
	char text[64];
	u64 before;

	other.name = "other";
	EXPECT_EQ(listed("events", "testing/"), 0);
	ASSERT_EQ(trace_event_register(&note), 0);
	ASSERT_EQ(trace_event_register(&other), 0);
	EXPECT_EQ(listed("events", "testing/"), 1);
	EXPECT_EQ(listed("events", "ftrace/"), 1);
	EXPECT_EQ(listed("events/testing", "note/"), 1);
	EXPECT_EQ(listed("events/testing", "other/"), 1);
	EXPECT_EQ(listed("events/testing", "function/"), 0);
	EXPECT_EQ(listed(NOTE, "format"), 1);
	before = inode(NOTE);
	ASSERT_EQ(tracefs_open(NOTE "/format", TRACEFS_READ, &file), 0);
	trace_event_unregister(&note);
	EXPECT_EQ(tracefs_read(file, text, sizeof(text)), -ENODEV);
	EXPECT_EQ(tracefs_stat(NOTE, &stat), -ENOENT);
	EXPECT_EQ(listed("events/testing", "note/"), 0);
	/* One of the same name is another one. */
	EXPECT_EQ(trace_event_register(&note), 0);
	EXPECT(inode(NOTE) != before);
	EXPECT_EQ(tracefs_read(file, text, sizeof(text)), -ENODEV);
	EXPECT_EQ(tracefs_close(file), 0);
	trace_event_unregister(&note);
	EXPECT_EQ(listed("events", "testing/"), 1);
	trace_event_unregister(&other);
	EXPECT_EQ(listed("events", "testing/"), 0);
	EXPECT_EQ(tracefs_stat("events/testing", &stat), -ENOENT);
}

/* ---- records that no event can read -------------------------------------- */

#define NOBODY (TRACE_EVENT_DYNAMIC - 1)

static void write_odd_records(void)
{
	struct ring_buffer *buffer = &trace_top()->buffer;
	u8 data[68];
	u16 *tiny;
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i;
	tt_write_record(NOBODY, data, 0);
	tt_write_record(NOBODY, data, 4);
	tt_write_record(NOBODY, data, 68);
	tt_write_record(TRACE_FN, data, 12);
	tt_write_record(TRACE_GRAPH_ENT, data, 8);
	tt_write_record(TRACE_GRAPH_RETVAL, data, 32);
	tt_write_record(TRACE_PRINT, data, 4);
	tt_write_record(TRACE_STACK, data, 0);
	/* Not even a whole trace_entry. */
	tiny = ring_buffer_lock_reserve(buffer, 4, NULL);
	if (!EXPECT(tiny != NULL))
		return;
	tiny[0] = TRACE_FN;
	tiny[1] = 0;
	ring_buffer_unlock_commit(buffer);
}

static const char *const odd[] = {
	"Unknown type 63",
	"Unknown type 63: 00 01 02 03",
	"Unknown type 63: 00 * 3e 3f ...",
	"function: 20 bytes instead of 24: 00 01 02 * 0b",
	"funcgraph_entry: 16 bytes instead of 20: 00 * 07",
	"funcgraph_exit_retval: 40 bytes instead of 48: 00 * 1f",
	"print: 12 bytes instead of 16: 00 01 02 03",
	"kernel_stack: 8 bytes instead of 16",
	"function: 4 bytes instead of 24",
};

static void odd_records(const char *tracer, const char *before,
			const char *behind)
{
	char pattern[96];
	unsigned int i;

	if (event_begin(tracer)) {
		write_odd_records();
		for (i = 0; i < ARRAY_SIZE(odd); i++) {
			snprintf(pattern, sizeof(pattern), "%s%s%s", before,
				 odd[i], behind);
			trace_has(pattern);
		}
	}
	event_end();
}

KTEST(trace_event, records_too_short_for_their_event_E2)
{
	odd_records("nop", "*: ", "");
}

KTEST_FLAGS(trace_event, such_records_among_calls_E2, KTEST_LEAKS, 0)
{
	odd_records("function_graph", "*", "*");
}

/* ---- readers while events come and go ------------------------------------ */

#define ROUNDS 200

static bool stop_reading;

static int read_all_the_time(void *unused)
{
	static char format[1024]; /* of one task only */
	struct trace_seq s;
	const struct trace_event *event;
	u32 slot;

	while (!READ_ONCE(stop_reading)) {
		kfree(tt_text(0));
		cond_resched();
		trace_seq_init(&s, format, sizeof(format));
		for (slot = 0; (event = trace_event_next(&slot));) {
			trace_seq_reset(&s);
			trace_event_format_show(event, &s);
		}
	}
	return 0;
}

/* Free memory is poisoned: a reader of a freed event faults. */
static void register_and_free(void)
{
	struct trace_event *note = kmalloc(sizeof(*note));

	if (!EXPECT(note != NULL))
		return;
	*note = tt_note;
	if (EXPECT_EQ(trace_event_register(note), 0)) {
		tt_write_note(note, "hello");
		trace_event_unregister(note);
		synchronize_tasks();
	}
	kfree(note);
}

KTEST(trace_event, readers_while_events_come_and_go_E3)
{
	struct task_struct *reader;
	unsigned int i;

	WRITE_ONCE(stop_reading, false);
	reader = kthread_run(read_all_the_time, NULL, "event_reader");
	ASSERT(!IS_ERR(reader));
	if (event_begin("nop"))
		for (i = 0; i < ROUNDS; i++)
			register_and_free();
	WRITE_ONCE(stop_reading, true);
	EXPECT_EQ(kthread_join(reader), 0);
	event_end();
}

/* A task that does not sleep may hold the result of a lookup. */
static struct trace_event in_use;

static void forget(void)
{
	trace_event_unregister(&in_use);
	synchronize_tasks();
}

static void forget_at_once(void)
{
	trace_event_unregister(&in_use);
}

static bool waits_for_a_reader(void (*how)(void))
{
	struct visitor v = { .how = BY_YIELD };
	struct waiter w;
	bool waits;

	in_use = tt_note;
	kthread_bind(current, 0);
	if (!EXPECT_EQ(trace_event_register(&in_use), 0) ||
	    !EXPECT(visitor_start(&v, last_cpu())) ||
	    !EXPECT(waiter_start(&w, how, 0)))
		return false;
	waits = waiter_keeps_waiting(&w);
	EXPECT(!trace_event_by_name(in_use.system, in_use.name));
	WRITE_ONCE(v.leave, true);
	waiter_end(&w);
	visitor_end(&v);
	kthread_bind(current, CPU_ANY);
	return waits;
}

KTEST(trace_event, a_reader_is_waited_for_E3)
{
	EXPECT(waits_for_a_reader(forget));
}

KTEST(trace_event, control_without_the_wait_a_reader_keeps_it_E3)
{
	EXPECT(!waits_for_a_reader(forget_at_once));
}
