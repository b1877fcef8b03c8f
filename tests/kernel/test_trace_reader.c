// SPDX-License-Identifier: MIT
/*
 * What reading a trace adds to it, exactly: nothing for an event, and for a
 * read call no more than READ_EVENTS, whatever is traced.
 */
#include "kernel/lib/printf.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"

#define CALLS 500
#define READS 40
/* The path of a read call down to the trace: tracefs_read, pipe_read, ... */
#define READ_EVENTS 16

static struct {
	unsigned int reads;
	unsigned int lines; /* of this task, outside interrupts */
	unsigned int known; /* of them, called by the test on purpose */
	unsigned int locks; /* lines of this task's mutex_lock, in any format */
	unsigned int bytes;
} seen;

/* "COMM-PID [CPU] FLAGS TIME: FUNCTION <-CALLER": is it ours, and outside any
 * interrupt? */
static bool ours(const char *line)
{
	char task[32];
	const char *at, *flags;

	snprintf(task, sizeof(task), "%s-%d ", current->comm, current->pid);
	at = strstr(line, task);
	flags = at ? strstr(at, "] ") : NULL;
	return flags && flags[4] == '.';
}

static void look_at(char *line, const char *caller)
{
	char task[16];

	snprintf(task, sizeof(task), "-%d ", current->pid);
	seen.locks += strstr(line, task) && strstr(line, "mutex_lock");
	if (!ours(line))
		return;
	seen.lines++;
	seen.known += strstr(line, caller) != NULL;
}

#define READ_MAX 4000

/*
 * READS read calls of @size bytes, or until nothing is left. What is done with
 * the lines must not be in them, so they are looked at when all are there.
 */
static void read_pipe(size_t size, const char *caller)
{
	char *text = kmalloc(READS * READ_MAX + 1), *line = text, *end;
	struct tracefs_file *pipe;
	ssize_t n = 1;

	memset(&seen, 0, sizeof(seen));
	if (!EXPECT(text) ||
	    !EXPECT_EQ(tracefs_open("trace_pipe",
				    TRACEFS_READ | TRACEFS_NONBLOCK, &pipe),
		       0))
		goto out;
	for (; seen.reads < READS && n > 0; seen.reads++) {
		n = tracefs_read(pipe, text + seen.bytes, size);
		seen.bytes += max(n, (ssize_t)0);
	}
	trace_set_on(trace_top(), false);
	text[seen.bytes] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		look_at(line, caller);
	}
	EXPECT_EQ(tracefs_close(pipe), 0);
out:
	kfree(text);
}

static DEFINE_MUTEX(known_lock);

static noinline void known_calls(void)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		mutex_lock(&known_lock);
		mutex_unlock(&known_lock);
		barrier();
	}
}

/* Of mutex_lock a reader adds none at all: opening the file takes one. */
KTEST(trace_reader, adds_no_lock_of_its_own)
{
	if (tt_begin("function", "mutex_lock", 256)) {
		known_calls();
		read_pipe(READ_MAX, "<-known_calls");
		EXPECT(seen.reads > 5 && seen.reads < READS);
		EXPECT_EQ(seen.known, CALLS);
		EXPECT(seen.lines - seen.known <= 4);
	}
	tt_end();
}

/* Other formats show no caller, so all its calls are counted. */
static void in_format(const char *tracer, bool latency)
{
	trace_set_option(trace_top(), TRACE_OPT_funcgraph_proc, true);
	trace_set_option(trace_top(), TRACE_OPT_latency_format, latency);
	if (tt_begin(tracer, "mutex_lock", 256)) {
		known_calls();
		read_pipe(READ_MAX, "<-known_calls");
		EXPECT(seen.reads > 5 && seen.reads < READS);
		if (!EXPECT(seen.locks >= CALLS && seen.locks <= CALLS + 4))
			ktest_note("%s: %u lines, %u calls", tracer, seen.locks,
				   CALLS);
	}
	tt_end();
	trace_set_option(trace_top(), TRACE_OPT_latency_format, false);
	trace_set_option(trace_top(), TRACE_OPT_funcgraph_proc, false);
}

KTEST_FLAGS(trace_reader, adds_no_lock_in_other_formats, KTEST_LEAKS, 0)
{
	in_format("function", true);
	in_format("function_graph", false);
	in_format("function_graph", true);
}

static void everything(size_t size)
{
	if (tt_begin("function", NULL, 1408)) {
		known_calls();
		read_pipe(size, "<-known_calls");
		EXPECT_EQ(seen.reads, READS);
		/* A tick that was due comes first, with many lines. */
		EXPECT(size < READ_MAX || seen.lines > 0);
		EXPECT(seen.bytes > 0);
		if (!EXPECT(seen.lines - seen.known <=
			    READ_EVENTS * seen.reads + 100))
			ktest_note("%u lines, %u of them known, in %u reads",
				   seen.lines, seen.known, seen.reads);
	}
	tt_end();
}

/* With everything traced the events of a read do not grow with its lines. */
KTEST(trace_reader, adds_a_bounded_number_to_a_read)
{
	everything(200);
	everything(READ_MAX);
}

/*
 * The text of `trace` by its node's show(), asked as tracefs.c asks: a piece
 * that does not fit is taken back and asked for again, with more room.
 */
static size_t show_in_pieces(char *text, size_t room)
{
	struct tracefs_file *file;
	size_t size = 100, done = 0;
	struct trace_seq s;
	int more = 1;

	if (!EXPECT_EQ(tracefs_open("trace", TRACEFS_READ, &file), 0))
		return 0;
	while (more > 0 && EXPECT(done + size < room)) {
		trace_seq_init(&s, text + done, size);
		more = file->node->show(file, &s);
		if (s.overflow)
			size += 100;
		else
			done += s.len;
	}
	EXPECT_EQ(more, 0);
	EXPECT_EQ(tracefs_close(file), 0);
	return done;
}

KTEST(trace_reader, loses_no_piece_that_does_not_fit)
{
	enum { ROOM = 65536 };
	char *text = kmalloc(ROOM), *whole = NULL;

	if (EXPECT(text) && tt_begin("function", "mutex_lock", 256)) {
		known_calls();
		trace_set_on(trace_top(), false);
		whole = tt_text(TRACE_CPU_ALL);
		text[show_in_pieces(text, ROOM)] = '\0';
		EXPECT(whole && !strcmp(text, whole));
	}
	tt_end();
	kfree(whole);
	kfree(text);
}
