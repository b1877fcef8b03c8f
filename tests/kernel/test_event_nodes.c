// SPDX-License-Identifier: MIT
/*
 * The files of events: enable at three levels, set_event, available_events, id,
 * filter of an event and of a system, with events of the tests' own.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"

#define BELL "events/belfry/bell/"
#define HORN "events/belfry/horn/"

/* Return: bytes written, or the error of open, write or close. */
static ssize_t put(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE | TRACEFS_TRUNC);
}

/* ---- enable -------------------------------------------------------------- */

KTEST(event_nodes, enable_at_three_levels)
{
	ASSERT(bells_begin());
	EXPECT(tt_says(BELL "enable", "0\n"));
	EXPECT(tt_says("events/belfry/enable", "0\n"));
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	EXPECT(tt_says(BELL "enable", "1\n"));
	EXPECT(tt_says("events/belfry/enable", "X\n"));
	EXPECT(tt_says("events/enable", "X\n"));
	EXPECT_EQ(put("events/belfry/enable", "1"), 1);
	EXPECT(tt_says(HORN "enable", "1\n"));
	EXPECT(tt_says("events/belfry/enable", "1\n"));
	EXPECT(tt_says("events/tower/clock/enable", "0\n"));
	EXPECT_EQ(put("events/enable", "1\n"), 2);
	EXPECT(tt_says("events/tower/clock/enable", "1\n"));
	EXPECT(tt_says("events/enable", "1\n"));
	EXPECT_EQ(put("events/enable", "0\n"), 2);
	EXPECT(tt_says("events/enable", "0\n"));
	EXPECT(tt_says(BELL "enable", "0\n"));
	bells_end();
}

KTEST(event_nodes, enable_takes_0_and_1_only)
{
	static const char *const bad[] = { "2\n", "-1\n",  "",	   "\n",
					   "x\n", "1 1\n", "0x1\n" };
	unsigned int i;

	ASSERT(bells_begin());
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(put(BELL "enable", bad[i]), -EINVAL);
		EXPECT_EQ(put("events/belfry/enable", bad[i]), -EINVAL);
		EXPECT_EQ(put("events/enable", bad[i]), -EINVAL);
	}
	EXPECT(tt_says("events/belfry/enable", "0\n"));
	bells_end();
}

KTEST(event_nodes, a_soft_user_shows_as_a_star)
{
	struct trace_event_file *file;

	ASSERT(bells_begin());
	event_session_begin();
	file = trace_event_file_find(trace_top(), &bell);
	EXPECT_EQ(trace_event_soft_mode(file, true), 0);
	event_session_end();
	EXPECT(tt_says(BELL "enable", "0*\n"));
	/* A directory looks at the probe only. */
	EXPECT(tt_says("events/belfry/enable", "X\n"));
	EXPECT(tt_says("set_event", ""));
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	EXPECT(tt_says(BELL "enable", "1*\n"));
	EXPECT(tt_says("set_event", "belfry:bell\n"));
	EXPECT_EQ(put(BELL "enable", "0\n"), 2);
	EXPECT(tt_says(BELL "enable", "0*\n"));
	event_session_begin();
	EXPECT_EQ(trace_event_soft_mode(file, false), 0);
	event_session_end();
	EXPECT(tt_says(BELL "enable", "0\n"));
	bells_end();
}

/* EF1 */
KTEST(event_nodes, what_is_recorded_is_what_is_enabled)
{
	ASSERT(bells_begin());
	bell_ring(1);
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	bell_ring(2);
	bell_ring(3);
	EXPECT_EQ(put(BELL "enable", "0\n"), 2);
	bell_ring(4);
	EXPECT_EQ(bells_recorded(), 2);
	bells_end();
}

KTEST(event_nodes, one_failure_enables_none)
{
	ASSERT(bells_begin());
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	horn_answer = -ENOMEM;
	EXPECT_EQ(put("events/belfry/enable", "1\n"), -ENOMEM);
	EXPECT_EQ(put("events/enable", "1\n"), -ENOMEM);
	horn_answer = 0;
	EXPECT(tt_says(BELL "enable", "1\n"));
	EXPECT(tt_says("events/tower/enable", "0\n"));
	EXPECT(tt_says("events/belfry/enable", "X\n"));
	bells_end();
}

/* ---- what is there ------------------------------------------------------- */

KTEST(event_nodes, a_system_comes_with_its_first_event)
{
	struct tracefs_file *file, *filter;
	char id[16];

	EXPECT_EQ(put("events/belfry/enable", "1\n"), -ENOENT);
	ASSERT(bells_begin());
	snprintf(id, sizeof(id), "%u\n", bell.id);
	EXPECT(tt_says(BELL "id", id));
	ASSERT_EQ(tracefs_open(BELL "enable", TRACEFS_WRITE, &file), 0);
	ASSERT_EQ(tracefs_open(BELL "filter", TRACEFS_WRITE, &filter), 0);
	bells_end();
	EXPECT_EQ(tracefs_write(file, "1\n", 2), -ENODEV);
	EXPECT_EQ(tracefs_write(filter, "0\n", 2), -ENODEV);
	EXPECT_EQ(tracefs_close(file), 0);
	EXPECT_EQ(tracefs_close(filter), 0);
	EXPECT_EQ(put(BELL "enable", "1\n"), -ENOENT);
}

/* The ftrace group has no switch and no filter, as on Linux. */
KTEST(event_nodes, the_ftrace_group_is_only_described)
{
	EXPECT_EQ(put("events/ftrace/enable", "1\n"), -ENOENT);
	EXPECT_EQ(put("events/ftrace/filter", "0\n"), -ENOENT);
	EXPECT_EQ(put("events/ftrace/function/enable", "1\n"), -ENOENT);
	EXPECT_EQ(put("events/ftrace/function/filter", "0\n"), -ENOENT);
	EXPECT_EQ(put("set_event", "ftrace:function\n"), -EINVAL);
	EXPECT(tt_says("events/ftrace/function/id", "1\n"));
}

/* ---- set_event ----------------------------------------------------------- */

struct words {
	const char *text, *enabled;
	ssize_t error; /* 0: the text is accepted */
};

static void check_words(const struct words *words, unsigned int n)
{
	unsigned int i;

	ASSERT(bells_begin());
	for (i = 0; i < n; i++) {
		ssize_t len = strlen(words[i].text);

		if (!EXPECT_EQ(put("set_event", words[i].text),
			       words[i].error ?: len))
			pr_info("%s\n", words[i].text);
		if (!EXPECT(tt_says("set_event", words[i].enabled)))
			pr_info("%s\n", words[i].text);
	}
	bells_end();
}

#define ALL_BELFRY "belfry:bell\nbelfry:horn\n"

KTEST(event_nodes, set_event_names)
{
	static const struct words words[] = {
		{ "belfry:bell\n", "belfry:bell\n" },
		{ "belfry:*", ALL_BELFRY },
		{ "belfry:", ALL_BELFRY },
		{ "belfry", ALL_BELFRY },
		{ "horn", "belfry:horn\n" },
		{ ":horn", "belfry:horn\n" },
		{ "*:bell clock", "belfry:bell\ntower:clock\n" },
		{ "tower:clock !tower:clock", "" },
		{ "belfry:* !belfry:horn\n\n", "belfry:bell\n" },
		{ "", "" },
		{ " \n", "" },
	};

	check_words(words, ARRAY_SIZE(words));
}

KTEST(event_nodes, set_event_refusals)
{
	static const struct words words[] = {
		{ "belfry:bel", "", -EINVAL },
		{ "belfr:bell", "", -EINVAL },
		{ "nothing", "", -EINVAL },
		{ "!nothing", "", -EINVAL },
		{ "!", "", -EINVAL },
		/* Names are exact, and '*' is any name beside a colon. */
		{ "belfry:h?rn", "", -EINVAL },
		{ "b*y:bell", "", -EINVAL },
		{ "belfry:b*", "", -EINVAL },
		{ "bel*", "", -EINVAL },
		{ "*", "", -EINVAL },
		{ ":mod:belfry", "", -EINVAL },
		{ "belfry:mod:x", "", -EINVAL },
		{ "belfry:bell:mod:x", "", -EINVAL },
		{ "belfry:bell:x", "", -EINVAL },
		/* Words in front of a wrong one count. */
		{ "belfry:bell nothing tower:clock", "belfry:bell\n", -EINVAL },
	};

	check_words(words, ARRAY_SIZE(words));
	EXPECT(bells_logged("set_event: error: no such event\n"
			    "  Command: belfry:bell nothing tower:clock\n"
			    "                       ^\n"));
}

KTEST(event_nodes, set_event_adds_and_replaces)
{
	ASSERT(bells_begin());
	EXPECT_EQ(put("set_event", "belfry:bell"), 11);
	EXPECT_EQ(bells_write("set_event", "tower:clock", TRACEFS_WRITE), 11);
	EXPECT(tt_says("set_event", "belfry:bell\ntower:clock\n"));
	EXPECT_EQ(put("set_event", "belfry:horn"), 11);
	EXPECT(tt_says("set_event", "belfry:horn\n"));
	bells_end();
}

KTEST(event_nodes, available_events)
{
	static char text[8192];

	ASSERT(bells_begin());
	tt_read("available_events", text, sizeof(text));
	EXPECT(strstr(text, "belfry:bell\n") != NULL);
	EXPECT(strstr(text, "tower:clock\n") != NULL);
	EXPECT(!strstr(text, "ftrace:"));
	bells_end();
}

/* ---- filter -------------------------------------------------------------- */

KTEST(event_nodes, a_filter_decides_what_is_recorded)
{
	unsigned int i;

	ASSERT(bells_begin());
	EXPECT(tt_says(BELL "filter", "none\n"));
	EXPECT_EQ(put(BELL "filter", "number > 3 && number != 7 \n"), 27);
	EXPECT(tt_says(BELL "filter", "number > 3 && number != 7\n"));
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	for (i = 0; i < 10; i++)
		bell_ring(i);
	EXPECT_EQ(bells_recorded(), 5);
	EXPECT_EQ(put(BELL "filter", " 0 \n"), 4);
	EXPECT(tt_says(BELL "filter", "none\n"));
	bell_ring(0);
	EXPECT_EQ(bells_recorded(), 1);
	bells_end();
}

KTEST(event_nodes, a_refused_text_is_shown_and_removes_the_filter)
{
	ASSERT(bells_begin());
	EXPECT_EQ(put(BELL "filter", "number == 5"), 11);
	EXPECT_EQ(put(BELL "filter", "(number == 1 || no == 17) && x\n"),
		  -EINVAL);
	EXPECT(tt_says(BELL "filter", "(number == 1 || no == 17) && x\n"
				      "                   ^\n"
				      "parse_error: Field not found\n\n"));
	EXPECT(bells_logged("event filter parse error: error: Field not found\n"
			    "  Command: (number == 1 || no == 17) && x\n"
			    "                              ^\n"));
	EXPECT_EQ(put(BELL "enable", "1\n"), 2);
	bell_ring(1);
	EXPECT_EQ(bells_recorded(), 1);
	/* The place may be behind the text. */
	EXPECT_EQ(put(BELL "filter", "number ==\n"), -EINVAL);
	EXPECT(bells_logged("error: Invalid value (did you forget quotes)?\n"
			    "  Command: number ==\n"
			    "                     ^\n"));
	EXPECT(tt_says(BELL "filter",
		       "number ==\n"
		       "         ^\n"
		       "parse_error: Invalid value (did you forget quotes)?"
		       "\n\n"));
	bells_end();
}

static const char help[] =
	"### global filter ###\n"
	"# Use this to set filters for multiple events.\n"
	"# Only events with the given fields will be affected.\n"
	"# If no events are modified, an error message will be displayed "
	"here\n";

KTEST(event_nodes, a_system_filter_goes_where_it_fits)
{
	ASSERT(bells_begin());
	EXPECT(tt_says("events/belfry/filter", help));
	EXPECT_EQ(put("events/belfry/filter", "number == 1\n"), 12);
	EXPECT(tt_says(BELL "filter", "number == 1\n"));
	EXPECT(tt_says(HORN "filter", "number == 1\n"));
	EXPECT_EQ(put("events/belfry/filter", "tone ~ 'a*'"), 11);
	EXPECT(tt_says(BELL "filter", "number == 1\n"));
	EXPECT(tt_says(HORN "filter", "tone ~ 'a*'\n"));
	EXPECT(tt_says("events/tower/clock/filter", "none\n"));
	EXPECT_EQ(put("events/belfry/filter", "no == 1\n"), -EINVAL);
	EXPECT(tt_says("events/belfry/filter",
		       "no == 1\n^\nparse_error: Couldn't find or set field in "
		       "one of a subsystem's events\n\n"));
	EXPECT(bells_logged("event filter parse error: error: Couldn't find or "
			    "set field in one of a subsystem's events\n"
			    "  Command: no == 1\n"
			    "           ^\n"));
	EXPECT(tt_says(BELL "filter", "number == 1\n"));
	EXPECT_EQ(put("events/belfry/filter", "0\n"), 2);
	EXPECT(tt_says("events/belfry/filter", help));
	EXPECT(tt_says(BELL "filter", "none\n"));
	EXPECT(tt_says(HORN "filter", "none\n"));
	bells_end();
}

KTEST(event_nodes, a_page_is_too_long_a_filter)
{
	char *text = kmalloc(4097);

	ASSERT(text != NULL);
	ASSERT(bells_begin());
	memset(text, ' ', 4096);
	memcpy(text, "number == 1", 11);
	text[4096] = '\0';
	EXPECT_EQ(put(BELL "filter", text), -EINVAL);
	EXPECT(tt_says(BELL "filter", "none\n"));
	text[4095] = '\0';
	EXPECT_EQ(put(BELL "filter", text), 4095);
	EXPECT(tt_says(BELL "filter", "number == 1\n"));
	bells_end();
	kfree(text);
}

/* ---- memory -------------------------------------------------------------- */

/* @filter: what the filter of the bell is before the write. */
static void run_out(const char *path, const char *text, const char *filter)
{
	unsigned int n, failures = 0;
	char shows[32];
	ssize_t ret;
	bool failed;

	snprintf(shows, sizeof(shows), "%s\n", filter);
	for (n = 1, failed = true; failed; n++) {
		ret = bells_fail_write(path, text, n, &failed);
		if (ret == -ENOMEM) {
			failures++;
			EXPECT(tt_says(BELL "filter", shows));
			continue;
		}
		/* Done, or the allocator found an empty slab. */
		EXPECT_EQ(ret, strlen(text));
		if (failed)
			put(BELL "filter",
			    strcmp(filter, "none") ? filter : "0");
	}
	EXPECT(failures > 2);
}

KTEST(event_nodes, memory_runs_out_at_every_step)
{
	size_t before;

	ASSERT(bells_begin());
	before = kmalloc_live();
	run_out(BELL "filter", "number == 1", "none");
	run_out("events/belfry/filter", "(number == 2)", "number == 1");
	EXPECT_EQ(put("events/belfry/filter", "0"), 1);
	EXPECT_EQ(kmalloc_live(), before);
	bells_end();
}

/* ---- traces -------------------------------------------------------------- */

KTEST(event_nodes, another_trace_has_switches_and_filters_of_its_own)
{
	struct trace_array *tr;

	ASSERT(bells_begin());
	tr = trace_array_create("belfry");
	ASSERT(!IS_ERR(tr));
	event_session_begin();
	EXPECT_EQ(trace_event_enable_disable(trace_event_file_find(tr, &bell),
					     true),
		  0);
	event_session_end();
	EXPECT(tt_says(BELL "enable", "0\n"));
	EXPECT_EQ(put(BELL "filter", "number == 5"), 11);
	bell_ring(1);
	EXPECT_EQ(bells_recorded(), 0);
	EXPECT_EQ(bells_recorded_in(tr), 1);
	EXPECT_EQ(put(BELL "enable", "1"), 1);
	bell_ring(2);
	EXPECT_EQ(bells_recorded(), 0);
	EXPECT_EQ(bells_recorded_in(tr), 1);
	EXPECT_EQ(trace_array_destroy(tr), 0);
	bells_end();
}
