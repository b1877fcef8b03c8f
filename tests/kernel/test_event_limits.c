// SPDX-License-Identifier: MIT
/*
 * What an event takes and how much of it there is: each allocation that fails
 * leaves everything as it was, and the registry, the probes of a tracepoint and
 * the users of a key go from empty to full and back ten times.
 */
#include "kernel/base/fail.h"
#include "kernel/jump_label.h"
#include "kernel/lib/printf.h"
#include "kernel/quiesce.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/event_trigger.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/tracepoint.h"

#define TURNS 10

/* ---- no memory ----------------------------------------------------------- */

static unsigned int enabled(void)
{
	struct trace_event_file *file;
	unsigned int n = 0;
	u32 slot = 0;

	event_session_begin();
	while ((file = trace_event_file_next(trace_top(), &slot)))
		n += trace_event_enabled(file);
	event_session_end();
	return n;
}

/* Enable events up to the first error. Return: it; *@n: those before it. */
static int enable_all(unsigned int *n)
{
	struct trace_event_file *file;
	int err = 0;
	u32 slot = 0;

	*n = 0;
	event_session_begin();
	while (!err && (file = trace_event_file_next(trace_top(), &slot))) {
		err = trace_event_enable_disable(file, true);
		*n += !err;
	}
	event_session_end();
	return err;
}

static void disable_all(void)
{
	struct trace_event_file *file;
	u32 slot = 0;

	event_session_begin();
	while ((file = trace_event_file_next(trace_top(), &slot)))
		EXPECT_EQ(trace_event_enable_disable(file, false), 0);
	event_session_end();
}

KTEST(event_limits, each_allocation_of_an_enable_may_fail)
{
	unsigned int n, all, before;
	int err;

	if (tt_begin("function", "ftrace_target_000", 64)) {
		trace_set_on(trace_top(), false);
		for (n = 1;; n++) {
			fail_nth(n);
			err = enable_all(&before);
			if (!fail_end())
				break;
			/* 0: it was a page, and the slab had another. */
			EXPECT(err == -ENOMEM || !err);
			EXPECT_EQ(enabled(), before);
			disable_all(); /* needs no memory */
			EXPECT_EQ(enabled(), 0);
		}
		EXPECT_EQ(err, 0);
		all = enabled();
		EXPECT_EQ(all, before);
		EXPECT(n > all && all > 30); /* each event allocates */
		disable_all();
		jump_label_check();
	}
	tt_end();
}

/* ---- full and empty ------------------------------------------------------ */

static int no_reg(struct trace_event_file *file)
{
	return 0;
}

static void no_unreg(struct trace_event_file *file)
{
}

static const struct trace_field no_fields[] = { TRACE_FIELDS_END };

static struct trace_event *make_event(unsigned int nr)
{
	struct trace_event *event = kzalloc(sizeof(*event) + 16);
	char *name = (char *)(event + 1);

	if (!EXPECT(event != NULL))
		return NULL;
	snprintf(name, 16, "limit_%u", nr);
	*event = (struct trace_event){
		.system = "testing_limits",
		.name = name,
		.size = sizeof(struct trace_entry),
		.fields = no_fields,
		.print_fmt = "\"\"",
		.reg = no_reg,
		.unreg = no_unreg,
	};
	return event;
}

/* Return: how many events fit, all of which are gone again. */
static unsigned int fill_registry(void)
{
	static struct trace_event *made[TRACE_EVENT_SLOTS];
	unsigned int n = 0, i;
	int err = 0;

	while (n < TRACE_EVENT_SLOTS && !err) {
		made[n] = make_event(n);
		err = made[n] ? trace_event_add(made[n]) : -ENOMEM;
		if (err)
			kfree(made[n]);
		else
			n++;
	}
	EXPECT_EQ(err, -ENOSPC);
	for (i = 0; i < n; i++)
		trace_event_remove(made[i]);
	synchronize_tasks();
	for (i = 0; i < n; i++)
		kfree(made[i]);
	return n;
}

KTEST(event_limits, the_registry_full_and_empty_ten_times)
{
	unsigned int turn, first = fill_registry();

	EXPECT(first > 300);
	for (turn = 1; turn < TURNS; turn++)
		EXPECT_EQ(fill_registry(), first);
}

#define PROBES 1000

static unsigned int seen;

static notrace void count(void *data, unsigned int number, unsigned long value)
{
	seen++;
}

KTEST(event_limits, a_thousand_probes_and_none_ten_times)
{
	struct tracepoint *tp = &__tracepoint_testing_two;
	unsigned long turn, i;

	for (turn = 0; turn < TURNS; turn++) {
		tracepoint_session_begin();
		for (i = 1; i <= PROBES; i++)
			EXPECT_EQ(
				tracepoint_probe_register(tp, count, (void *)i),
				0);
		tracepoint_session_end();
		seen = 0;
		tp_call_two(1, 2);
		EXPECT_EQ(seen, PROBES);
		tracepoint_session_begin();
		for (i = 1; i <= PROBES; i++)
			EXPECT_EQ(tracepoint_probe_unregister(tp, count,
							      (void *)i),
				  0);
		tracepoint_session_end();
		tp_call_two(1, 2);
		EXPECT_EQ(seen, PROBES);
	}
}

/* ---- histograms ---------------------------------------------------------- */

#define HISTS_OF "events/testing_tp/testing_two/"

static ssize_t add_hist(unsigned int n)
{
	char text[80];

	snprintf(text, sizeof(text), "hist:keys=number:size=128 if value == %u",
		 n);
	return bells_write(HISTS_OF "trigger", text, TRACEFS_WRITE);
}

/* As many histograms as triggers of an event, all of their elements in use. */
KTEST(event_limits, histograms_full_and_gone_ten_times)
{
	unsigned int turn, n;
	static char text[1 << 14];

	ASSERT(tt_begin("nop", NULL, 64));
	for (turn = 0; turn < TURNS; turn++) {
		for (n = 0; n < EVENT_TRIGGERS_MAX; n++)
			EXPECT(add_hist(n) > 0);
		EXPECT_EQ(add_hist(n), -ENOSPC);
		for (n = 0; n < 200; n++)
			tp_call_two(n, 0);
		tt_read(HISTS_OF "hist", text, sizeof(text));
		EXPECT(strstr(text, "    Hits: 128\n    Entries: 128\n"
				    "    Dropped: 72\n") != NULL);
		bells_write(HISTS_OF "trigger", "",
			    TRACEFS_WRITE | TRACEFS_TRUNC);
		EXPECT(tt_says(HISTS_OF "hist", ""));
		EXPECT(tt_says(HISTS_OF "enable", "0\n"));
	}
	tt_end();
}
