// SPDX-License-Identifier: MIT
/*
 * Snapshots: the events before and after the moment are all there, once, and
 * the trace goes on. (Every step of a writer at which rings may be exchanged:
 * tests/unit/test_ring_buffer_swap.c.)
 */
#include "kernel/base/fail.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "kernel/lib/printf.h"
#include "trace/trace_snapshot.h"

#define HELP                                                               \
	"# Snapshot commands:\n"                                           \
	"# echo 0 > snapshot : Clears and frees snapshot buffer\n"         \
	"# echo 1 > snapshot : Allocates snapshot buffer, if not already " \
	"allocated.\n"                                                     \
	"#                      Takes a snapshot of the main buffer.\n"    \
	"# echo 2 > snapshot : Clears snapshot buffer (but does not "      \
	"allocate or free)\n"                                              \
	"#                      (Doesn't have to be '2' works with any "   \
	"number that\n"                                                    \
	"#                       is not a '0' or '1')\n"

#define CPU_HELP                                                           \
	"# Snapshot commands:\n"                                           \
	"# echo 0 > snapshot : Invalid for per_cpu snapshot file.\n"       \
	"# echo 1 > snapshot : Allocates snapshot buffer, if not already " \
	"allocated.\n"                                                     \
	"#                      Takes a snapshot of the main buffer for "  \
	"this cpu.\n"                                                      \
	"# echo 2 > snapshot : Clears this cpu's snapshot buffer (but "    \
	"does not allocate)\n"                                             \
	"#                      (Doesn't have to be '2' works with any "   \
	"number that\n"                                                    \
	"#                       is not a '0' or '1')\n"

#define EMPTY "# tracer: function\n#\n#\n# * Snapshot is %s *\n#\n"

static bool says(const char *path, const char *state, const char *help)
{
	static char expected[1024];

	snprintf(expected, sizeof(expected), EMPTY "%s", state, help);
	return tt_says(path, expected);
}

/* Events that stand in the buffer, or in the snapshot. */
static u64 entries(const struct ring_buffer *buffer)
{
	struct ring_buffer_stats stats;
	unsigned int cpu;
	u64 n = 0;

	for_each_online_cpu(cpu) {
		if (!buffer->cpu[cpu])
			continue;
		ring_buffer_stats(buffer->cpu[cpu], &stats);
		n += stats.entries;
	}
	return n;
}

static void calls(unsigned int n)
{
	while (n--)
		fg_leaf(1);
}

static bool have(u64 live, u64 snapshot)
{
	bool good = EXPECT_EQ(entries(&trace_top()->buffer), live);

	return EXPECT_EQ(entries(&trace_top()->snapshot), snapshot) && good;
}

/* ---- the file ------------------------------------------------------------ */

KTEST(snapshot, the_file_as_on_linux)
{
	ASSERT(tt_begin("function", "fg_leaf", 64));
	kthread_bind(current, 0);
	EXPECT(says("snapshot", "freed", HELP));
	EXPECT(says("per_cpu/cpu0/snapshot", "freed", CPU_HELP));
	calls(5);
	tt_write("snapshot", "2\n"); /* allocates nothing */
	EXPECT(says("snapshot", "freed", HELP));
	tt_write("snapshot", "1\n");
	have(0, 5);
	calls(3);
	have(3, 5);
	tt_write("snapshot", "3\n");
	have(3, 0);
	EXPECT(says("snapshot", "allocated", HELP));
	EXPECT(says("per_cpu/cpu0/snapshot", "allocated", CPU_HELP));
	tt_write("per_cpu/cpu0/snapshot", "1\n");
	have(0, 3);
	tt_write("per_cpu/cpu0/snapshot", "2\n");
	have(0, 0);
	tt_write("snapshot", "0\n");
	EXPECT(says("snapshot", "freed", HELP));
	EXPECT(!trace_snapshot_allocated(trace_top()));
	tt_end();
}

static void refused(const char *path, const char *text, int err)
{
	struct tracefs_file *file;

	ASSERT_EQ(tracefs_open(path, TRACEFS_WRITE, &file), 0);
	EXPECT_EQ(tracefs_write(file, text, strlen(text)), err);
	EXPECT_EQ(tracefs_close(file), 0);
	EXPECT(!trace_snapshot_allocated(trace_top()));
}

/* More than any: CPUs that never came have rings of the first size, too. */
#define ALLOCATIONS 10000

KTEST(snapshot, what_is_refused_changes_nothing)
{
	unsigned int n;
	int err = 0;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	refused("snapshot", "x\n", -EINVAL);
	refused("snapshot", "\n", -EINVAL);
	refused("snapshot", "-1\n", -EINVAL);
	refused("snapshot", "1 1\n", -EINVAL);
	refused("per_cpu/cpu0/snapshot", "0\n", -EINVAL);
	calls(3);
	for (n = 1; n < ALLOCATIONS; n++) {
		fail_nth(n);
		err = tracing_snapshot_alloc(trace_top());
		if (!fail_end())
			break;
		if (!err) { /* it could do without that one */
			tracing_free_snapshot(trace_top());
			trace_reset(trace_top(), TRACE_CPU_ALL);
			calls(3);
			continue;
		}
		EXPECT_EQ(err, -ENOMEM);
		EXPECT(!trace_snapshot_allocated(trace_top()));
		EXPECT_EQ(entries(&trace_top()->buffer), 3);
	}
	EXPECT(n > 2 + num_online_cpus());
	EXPECT(n < ALLOCATIONS);
	EXPECT_EQ(err, 0);
	have(0, 3);
	tracing_free_snapshot(trace_top());
	tt_end();
}

/* ---- the trace goes on --------------------------------------------------- */

static char text[8192];

KTEST(snapshot, counts_and_positions_go_along)
{
	struct trace_iterator *pipe;
	unsigned int cpu = 0;
	ssize_t n;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	kthread_bind(current, cpu);
	calls(4);
	pipe = trace_pipe_open(trace_top(), TRACE_CPU_ALL);
	ASSERT(!IS_ERR(pipe));
	n = trace_read(pipe, text, 8); /* a part of the first line */
	EXPECT_EQ(n, 8);
	EXPECT_EQ(tracing_snapshot_alloc(trace_top()), 0);
	have(0, 3);
	calls(2);
	n = trace_read(pipe, text, sizeof(text) - 1);
	text[n] = '\0';
	EXPECT_EQ(entries(&trace_top()->buffer), 0); /* the new ones */
	EXPECT_EQ(trace_read(pipe, text, sizeof(text)), -EAGAIN);
	trace_close(pipe);
	have(0, 3);
	tt_read("per_cpu/cpu0/stats", text, sizeof(text));
	EXPECT(strstr(text, "read events: 2\n"));
	tt_write("snapshot", "0\n");
	tt_end();
}

static unsigned int count(const char *in, const char *what)
{
	unsigned int n = 0;

	while ((in = strstr(in, what))) {
		in += strlen(what);
		n++;
	}
	return n;
}

KTEST(snapshot, is_read_as_a_trace_and_by_pages)
{
	static struct ring_buffer_page page;
	struct tracefs_file *file;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	kthread_bind(current, 0);
	calls(7);
	EXPECT_EQ(tracing_snapshot_alloc(trace_top()), 0);
	calls(1);
	tt_read("snapshot", text, sizeof(text));
	EXPECT(str_has_prefix(text, "# tracer: function\n#\n# entries-in-"));
	EXPECT_EQ(count(text, ": fg_leaf <-"), 7);
	ASSERT_EQ(
		tracefs_open("per_cpu/cpu0/snapshot_raw", TRACEFS_READ, &file),
		0);
	EXPECT_EQ(tracefs_read(file, (char *)&page, 100), 100);
	EXPECT_EQ(tracefs_read(file, (char *)&page + 100, sizeof(page)), 3996);
	EXPECT_EQ(page.commit, 7 * (4 + 24));
	EXPECT_EQ(tracefs_read(file, (char *)&page, sizeof(page)), 0);
	EXPECT_EQ(tracefs_close(file), 0);
	have(1, 0);
	tt_write("snapshot", "0\n");
	tt_end();
}

KTEST(snapshot, has_the_settings_of_its_trace)
{
	ASSERT(tt_begin("function", "fg_leaf", 64));
	kthread_bind(current, 0);
	EXPECT_EQ(tracing_alloc_snapshot(trace_top()), 0);
	EXPECT_EQ(trace_set_buffer_kb(trace_top(), TRACE_CPU_ALL, 128), 0);
	EXPECT_EQ(trace_top()->snapshot.cpu[0]->data.nr_slots,
		  trace_top()->buffer.cpu[0]->data.nr_slots);
	EXPECT_EQ(trace_set_cpumask(trace_top(), 0), 0);
	EXPECT_EQ(tracing_snapshot(trace_top()), 0);
	calls(1);
	have(0, 0);
	EXPECT_EQ(trace_set_cpumask(trace_top(), cpu_online_mask), 0);
	EXPECT_EQ(tracing_snapshot(trace_top()), 0);
	calls(1);
	have(1, 0);
	EXPECT_EQ(trace_set_clock(trace_top(), "counter"), 0);
	EXPECT_EQ(tracing_snapshot(trace_top()), 0);
	calls(2);
	have(2, 0);
	EXPECT_EQ(trace_set_clock(trace_top(), "local"), 0);
	tracing_free_snapshot(trace_top());
	tt_end();
}

/* TS2: a walk goes on in the ring that it began with, and can do no harm. */
/* TS2 */
KTEST(snapshot, freed_beside_a_walk)
{
	struct trace_iterator *walk;
	u64 before;

	ASSERT(tt_begin("function", "fg_leaf", 64));
	calls(600);
	walk = trace_open(trace_top(), TRACE_CPU_ALL);
	ASSERT(!IS_ERR(walk));
	EXPECT(trace_read(walk, text, 100) > 0);
	EXPECT_EQ(tracing_snapshot_alloc(trace_top()), 0);
	before = page_free_count();
	tracing_free_snapshot(trace_top());
	EXPECT(!trace_snapshot_allocated(trace_top()));
	EXPECT(page_free_count() > before); /* cut down */
	while (trace_read(walk, text, sizeof(text)) > 0)
		;
	trace_close(walk);
	EXPECT_EQ(tracing_snapshot_alloc(trace_top()), 0);
	tracing_free_snapshot(trace_top());
	tt_end();
}

/* ---- in the kernel ------------------------------------------------------- */

/* TS1 */
KTEST(snapshot, without_one_the_trace_stops)
{
	ASSERT(tt_begin("function", "fg_leaf", 64));
	EXPECT_EQ(tracing_snapshot(trace_top()), -ENODEV);
	EXPECT(!trace_is_on(trace_top()));
	tt_read("trace", text, sizeof(text));
	EXPECT_EQ(count(text, ": *** SNAPSHOT NOT ALLOCATED ***\n"), 1);
	EXPECT_EQ(count(text, ": *** stopping trace here!   ***\n"), 1);
	tt_end();
}

static struct {
	bool asked;
	int err;
} nmi;

static bool snapshot_in_nmi(struct pt_regs *regs)
{
	(void)regs;
	if (!nmi.asked)
		return false;
	nmi.asked = false;
	nmi.err = tracing_snapshot(trace_top());
	return true;
}

KTEST(snapshot, none_is_taken_in_an_nmi)
{
	ASSERT(tt_begin("function", "fg_leaf", 64));
	EXPECT_EQ(tracing_alloc_snapshot(trace_top()), 0);
	EXPECT_EQ(nmi_handler_register(snapshot_in_nmi), 0);
	nmi.asked = true;
	send_nmi(smp_processor_id());
	wait_until(!READ_ONCE(nmi.asked), 1000);
	nmi_handler_unregister(snapshot_in_nmi);
	EXPECT_EQ(nmi.err, -EPERM);
	EXPECT(trace_is_on(trace_top()));
	tt_read("trace", text, sizeof(text));
	EXPECT_EQ(count(text, "*** SNAPSHOT CALLED FROM NMI CONTEXT ***"), 1);
	tracing_free_snapshot(trace_top());
	tt_end();
}

/* ---- beside writers ------------------------------------------------------ */

static void call_leaf(void *unused)
{
	(void)unused;
	fg_leaf(1);
}

static struct {
	bool stop;
	u64 taken, read;
} taker;

/* Consume all that a buffer has. */
static u64 drain(struct ring_buffer *buffer)
{
	struct ring_buffer_event event;
	unsigned int cpu;
	u64 n = 0;

	for_each_online_cpu(cpu) {
		struct ring_buffer_per_cpu *rb = buffer->cpu[cpu];

		mutex_lock(&rb->reader_lock);
		for (; ring_buffer_peek(rb, &event); n++)
			ring_buffer_consume(rb);
		mutex_unlock(&rb->reader_lock);
	}
	return n;
}

static int take_snapshots(void *unused)
{
	(void)unused;
	while (!READ_ONCE(taker.stop)) {
		EXPECT_EQ(tracing_snapshot(trace_top()), 0);
		taker.taken++;
		taker.read += drain(&trace_top()->snapshot);
		yield();
	}
	return 0;
}

/* Function events by the fast path, in every context of every CPU. */
KTEST_FLAGS(snapshot, before_and_after_is_what_was_written, 0, 120)
{
	struct task_struct *task;
	struct tt_calls made;
	unsigned int round;
	u64 all = 0, during = 0, before;

	ASSERT(tt_begin("function", "fg_leaf", 4096));
	EXPECT_EQ(tracing_alloc_snapshot(trace_top()), 0);
	memset(&taker, 0, sizeof(taker));
	task = kthread_run(take_snapshots, NULL, "taker");
	ASSERT(!IS_ERR(task));
	/* On a busy host the taker may not run during one storm. */
	for (round = 0; round < 20 && during < 3; round++) {
		before = READ_ONCE(taker.taken);
		made = tt_storm(call_leaf, NULL, 20000, 2, false);
		during += READ_ONCE(taker.taken) - before;
		EXPECT(made.nmi && made.irq);
		all += made.task + made.irq + made.nmi;
		/* Both rings are emptied, so that no later storm fills them. */
		before = READ_ONCE(taker.taken);
		wait_until(READ_ONCE(taker.taken) >= before + 3, 20000);
	}
	WRITE_ONCE(taker.stop, true);
	kthread_join(task);
	EXPECT(during > 0);
	taker.read += drain(&trace_top()->snapshot);
	taker.read += drain(&trace_top()->buffer);
	EXPECT_EQ(taker.read, all);
	tracing_free_snapshot(trace_top());
	tt_end();
}
