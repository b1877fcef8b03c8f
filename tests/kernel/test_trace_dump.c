// SPDX-License-Identifier: MIT
/*
 * A trace handed to the host in both forms: as text, and as the pages that
 * stock tools read. tests/test_trace_pages.py compares them. Skipped unless
 * dump=on is on the command line, since it prints.
 *
 *	DUMP text LINE			of trace
 *	DUMP format NAME LINE		of events/ftrace/NAME/format
 *	DUMP header_page LINE, DUMP header_event LINE
 *	DUMP printk LINE		of printk_formats
 *	DUMP cmdline LINE		of saved_cmdlines
 *	DUMP more REST			of the line before
 *	DUMP page CPU HEX		64 bytes of a page; 64 such lines each
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/jump_label.h"
#include "kernel/lib/printf.h"
#include "kernel/mutex.h"
#include "kernel/timer.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_note.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_event_file.h"
#include "trace/output/trace_bprint.h"
#include "trace/event/trace_record.h"

static char file[4096];

/* A line of the log holds so much; DUMP more goes on with the line before. */
#define PIECE 160

static void dump_line(const char *what, const char *line)
{
	size_t left = strlen(line);

	printk_plain("DUMP %s %.*s", what, PIECE, line);
	for (; left > PIECE; left -= PIECE) {
		line += PIECE;
		printk_plain("DUMP more %.*s", PIECE, line);
	}
}

static void dump_lines(const char *what, char *text)
{
	char *end;

	for (; text && *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			break;
		*end = '\0';
		dump_line(what, text);
	}
}

static struct trace_seq *new_file(void)
{
	static struct trace_seq s;

	trace_seq_init(&s, file, sizeof(file));
	return &s;
}

static void dump_descriptions(void)
{
	const struct trace_event *event;
	char what[64];
	u32 slot = 0;

	while ((event = trace_event_next(&slot))) {
		trace_event_format_show(event, new_file());
		snprintf(what, sizeof(what), "format %s", event->name);
		dump_lines(what, file);
	}
	trace_header_page_show(new_file());
	dump_lines("header_page", file);
	trace_header_event_show(new_file());
	dump_lines("header_event", file);
	trace_formats_show(new_file());
	dump_lines("printk", file);
	trace_saved_cmdlines_show(new_file());
	dump_lines("cmdline", file);
}

static void dump_page(unsigned int cpu, const struct ring_buffer_page *page)
{
	const u8 *byte = (const u8 *)page;
	unsigned int i;

	for (i = 0; i < RB_PAGE_SIZE; i += 64)
		printk_plain("DUMP page %u %64ph", cpu, byte + i);
}

static void dump_trace(void)
{
	struct ring_buffer_page *page = alloc_page();
	char *text = tt_text(TRACE_CPU_ALL);
	unsigned int cpu;

	if (EXPECT(page && text)) {
		dump_lines("text", text);
		dump_descriptions();
		for_each_online_cpu(cpu) {
			while (trace_read_raw(trace_top(), cpu, page, false) >
			       0)
				dump_page(cpu, page);
		}
	}
	kfree(text);
	if (page)
		free_page(page);
}

/* A storm on a busy host is long; the buffers have room for so many. */
#define INTERRUPTS 400

static atomic64_t interrupts;

static void call_all(void *unused)
{
	(void)unused;
	if (!in_task() && atomic64_inc_return(&interrupts) > INTERRUPTS)
		return;
	fg_check_all(1, 3);
}

CMDLINE_ON_OFF(dump, "print whole traces, for trace_dump.*");

#define DUMP_TEST(name, tracer, kb)                                  \
	KTEST_FLAGS(trace_dump, name, KTEST_LEAKS, 60)               \
	{                                                            \
		if (!cmdline_is("dump", "on"))                       \
			KTEST_SKIP("prints: only with dump=on");     \
		if (tt_begin(tracer, FG_FILTER, kb)) {               \
			trace_marker_write(trace_top(), "begin", 5); \
			atomic64_set(&interrupts, 0);                \
			tt_storm(call_all, NULL, 30, 1, true);       \
			msleep(200);                                 \
			call_all(NULL);                              \
			trace_marker_write(trace_top(), "end", 3);   \
			dump_trace();                                \
		}                                                    \
		tt_end();                                            \
	}

/* Room for all of them on one CPU: 15 events a call, of 28 or 68 bytes. */
DUMP_TEST(function, "function", 256)
DUMP_TEST(function_graph, "function_graph", 512)
/* Overwritten, so that lost events are marked on the pages. */
DUMP_TEST(lost, "function", 8)

/* An event made at run time, for a reader that knows it by its format only. */
KTEST(trace_dump, event)
{
	struct trace_event note = tt_note;

	if (!cmdline_is("dump", "on"))
		KTEST_SKIP("prints: only with dump=on");
	ASSERT_EQ(trace_event_register(&note), 0);
	if (tt_begin("nop", FG_FILTER, 64)) {
		tt_write_note(&note, "one");
		tt_write_note(&note, "two words");
		dump_trace();
	}
	trace_event_unregister(&note);
	tt_end();
}

/* ---- every event with a tracepoint --------------------------------------- */

static void switch_all(bool on)
{
	struct trace_event_file *one;
	u32 slot = 0;

	event_session_begin();
	while ((one = trace_event_file_next(trace_top(), &slot)))
		EXPECT_EQ(trace_event_enable_disable(one, on), 0);
	event_session_end();
}

static DEFINE_MUTEX(dump_lock);
static DEFINE_STATIC_KEY_FALSE(dump_key);
static volatile unsigned int dump_sink;

static int wait_for_lock(void *unused)
{
	mutex_lock(&dump_lock);
	mutex_unlock(&dump_lock);
	return 0;
}

static void read_unmapped(void *unused)
{
	dump_sink = *(volatile u32 *)0x1234;
}

static void device(struct pt_regs *regs)
{
	if (static_branch_unlikely(&dump_key))
		dump_sink++;
}

static void ignore(void *unused)
{
}

static void interrupt(void)
{
	EXPECT_EQ(irq_register(VECTOR_TEST, device), 0);
	__asm__ volatile("int %0" ::"i"(VECTOR_TEST) : "memory");
	irq_register(VECTOR_TEST, NULL);
}

/* Events made of probes, for the same reader. */
static const char *const probes[] = {
	"p:made/took probe_victim a=%di:u64 low=%di:s8 hex=%di:x16 "
	"text=+0(%si):string bytes=+0(%dx):u8[3] words=+0(%dx):x16[2]",
	"p:made/kinds probe_victim at=%cx:symbol bits=%di:b8@4/32 "
	"who=$comm shorts=+0(%dx):s16[2]",
	"p:made/texts probe_victim all=+0(%r8):string[2] ch=+0(%si):char",
	"r:made/gave probe_victim sum=$retval:s32",
	"f:made/entered probe_victim a=$arg1:x32",
	"f:made/left probe_victim%return r=$retval:u64",
};

static void hit_probes(void)
{
	static const u8 bytes[4] = { 1, 2, 255, 128 };

	static const char *const texts[] = { "one", "and two" };

	EXPECT_EQ(probe_victim(0xfffffffe, "a text", bytes,
			       (unsigned long)probe_victim + 4,
			       (unsigned long)texts, 0, 0, 0),
		  0xffffffffUL);
}

/* Something for each group. */
static void do_everything(void)
{
	struct task_struct *task;
	struct trap_info info;
	struct timer timer;

	timer_setup(&timer, ignore, NULL);
	timer_add(&timer, ktime_ns() + 10000000000ULL);
	timer_cancel_sync(&timer);
	free_page(alloc_page());
	trace_testing_all(5, "hello there", &info);
	trace_testing_all(9, "", NULL);
	tp_call_two(7, ~0UL);
	hit_probes();
	interrupt();
	EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), read_unmapped, NULL, &info));
	mutex_lock(&dump_lock);
	task = kthread_run(wait_for_lock, NULL, "with space");
	EXPECT(!IS_ERR(task));
	msleep(5);
	mutex_unlock(&dump_lock);
	kthread_join(task);
	static_branch_enable(&dump_key);
	interrupt();
	static_branch_disable(&dump_key);
}

KTEST_FLAGS(trace_dump, events, KTEST_LEAKS, 60)
{
	unsigned int i;

	if (!cmdline_is("dump", "on"))
		KTEST_SKIP("prints: only with dump=on");
	if (tt_begin("function", "ftrace_target_000", 64)) {
		for (i = 0; i < ARRAY_SIZE(probes); i++)
			EXPECT(probe_add("dynamic_events", probes[i]) > 0);
		switch_all(true);
		trace_reset(trace_top(), TRACE_CPU_ALL);
		do_everything();
		trace_set_on(trace_top(), false);
		switch_all(false);
		dump_trace();
	}
	probes_end();
}

/* Each kind of argument, to be made text by the reader. */
KTEST_FLAGS(trace_dump, printk, KTEST_LEAKS, 60)
{
	char name[8] = "gone";

	if (!cmdline_is("dump", "on"))
		KTEST_SKIP("prints: only with dump=on");
	if (tt_begin("function", "ftrace_target_000", 64)) {
		trace_printk("nothing\n");
		trace_printk("%d %u %x\n", -1, 4000000000U, 255);
		trace_printk("%ld %lu %llx\n", -2L, ~0UL, 1ULL << 40);
		trace_printk("a text \"%s\" and %d\n", name, 7);
		strscpy(name, "else", sizeof(name));
		trace_printk("%s%s%d\n", "", "xyz", 3);
		trace_printk("%5d|%-5d|%05d 100%%\n", 42, 42, 42);
		trace_printk("%ps %d\n", (void *)schedule, 5);
		dump_trace();
	}
	tt_end();
}
