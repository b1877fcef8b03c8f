// SPDX-License-Identifier: MIT
/*
 * The switch and the filter of an event in a trace: which calls of reg and
 * unreg each step makes, what the flags are after it, and what is freed when.
 * The event is of the test's own; no tracepoint belongs to it.
 */
#include "kernel/base/fail.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace.h"

struct bell_entry {
	struct trace_entry ent;
	u32 number;
};

static const struct trace_field bell_fields[] = {
	TRACE_FIELD(bell_entry, unsigned int, number),
	TRACE_FIELDS_END,
};

static int attached, detached, answer; /* calls; what reg returns */

static int bell_reg(struct trace_event_file *file)
{
	if (!answer)
		attached++;
	return answer;
}

static void bell_unreg(struct trace_event_file *file)
{
	detached++;
}

static struct trace_event bell = {
	.system = "testing",
	.name = "bell",
	.size = sizeof(struct bell_entry),
	.fields = bell_fields,
	.print_fmt = "\"%u\", REC->number",
	.reg = bell_reg,
	.unreg = bell_unreg,
};

/* Return: the file in the top trace, with a session begun. */
static struct trace_event_file *begin(void)
{
	struct trace_event_file *file = NULL;

	attached = detached = answer = 0;
	if (!tt_begin("function", "ftrace_target_000", 64) ||
	    !EXPECT_EQ(trace_event_add(&bell), 0))
		return NULL;
	event_session_begin();
	file = trace_event_file_find(trace_top(), &bell);
	EXPECT(file != NULL);
	return file;
}

static void end(void)
{
	event_session_end();
	trace_event_remove(&bell);
	tt_end();
}

KTEST(event_file, an_event_is_attached_once_and_detached_once_EF3)
{
	struct trace_event_file *file = begin();

	ASSERT(file);
	EXPECT(!trace_event_enabled(file));
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	EXPECT_EQ(attached, 1);
	EXPECT(trace_event_enabled(file));
	EXPECT_EQ(trace_event_enable_disable(file, false), 0);
	EXPECT_EQ(trace_event_enable_disable(file, false), 0);
	EXPECT_EQ(detached, 1);
	EXPECT_EQ(file->flags, 0);
	end();
}

KTEST(event_file, a_refused_switch_changes_nothing)
{
	struct trace_event_file *file = begin();

	ASSERT(file);
	answer = -ENOMEM;
	EXPECT_EQ(trace_event_enable_disable(file, true), -ENOMEM);
	EXPECT_EQ(trace_event_soft_mode(file, true), -ENOMEM);
	EXPECT(!(file->flags & (EVENT_FILE_ENABLED | EVENT_FILE_SOFT_MODE)));
	EXPECT_EQ(file->soft_users, 0);
	EXPECT_EQ(detached, 0);
	end();
	EXPECT_EQ(detached, 0);
}

/* What its file enable shows: 0, 0*, 1, 1*. */
static const char *shown(const struct trace_event_file *file)
{
	bool star = file->flags & EVENT_FILE_SOFT_MODE;

	if (trace_event_enabled(file))
		return star ? "1*" : "1";
	return star ? "0*" : "0";
}

#define EXPECT_SHOWN(file, text) EXPECT(!strcmp(shown(file), text))

KTEST(event_file, a_soft_user_attaches_and_does_not_record)
{
	struct trace_event_file *file = begin();

	ASSERT(file);
	EXPECT_EQ(trace_event_soft_mode(file, true), 0);
	EXPECT_EQ(trace_event_soft_mode(file, true), 0);
	EXPECT_EQ(attached, 1);
	EXPECT_SHOWN(file, "0*");
	EXPECT(!trace_event_wanted(file));
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	EXPECT_SHOWN(file, "1*");
	EXPECT(trace_event_wanted(file));
	EXPECT_EQ(trace_event_enable_disable(file, false), 0);
	EXPECT_SHOWN(file, "0*");
	EXPECT_EQ(trace_event_soft_mode(file, false), 0);
	EXPECT_EQ(detached, 0);
	EXPECT_EQ(trace_event_soft_mode(file, false), 0);
	EXPECT_EQ(attached, 1);
	EXPECT_EQ(detached, 1);
	EXPECT_SHOWN(file, "0");
	end();
}

/* Until the session ends, a CPU may still be inside the probe. */
KTEST(event_file, no_probe_records_when_the_last_soft_user_goes_EF4)
{
	struct trace_event_file *file = begin();

	ASSERT(file);
	EXPECT_EQ(trace_event_soft_mode(file, true), 0);
	EXPECT_EQ(trace_event_soft_mode(file, false), 0);
	EXPECT_EQ(detached, 1);
	EXPECT(file->flags & EVENT_FILE_SLOW); /* the fast path is closed */
	EXPECT(!trace_event_wanted(file));
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	EXPECT_SHOWN(file, "1");
	EXPECT(!(file->flags & EVENT_FILE_SLOW));
	EXPECT(trace_event_wanted(file));
	end();
}

KTEST(event_file, an_enabled_event_survives_its_soft_users)
{
	struct trace_event_file *file = begin();

	ASSERT(file);
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	EXPECT_EQ(trace_event_soft_mode(file, true), 0);
	EXPECT_SHOWN(file, "1*");
	EXPECT_EQ(trace_event_soft_mode(file, false), 0);
	EXPECT_SHOWN(file, "1");
	EXPECT_EQ(attached, 1);
	EXPECT_EQ(detached, 0);
	end();
	EXPECT_EQ(detached, 1); /* by trace_event_remove() */
}

static int freed;

static bool match_none(const struct event_filter *filter, const void *record,
		       u32 len)
{
	return false;
}

static void count_free(struct event_filter *filter)
{
	freed++;
}

/* EF2 */
KTEST(event_file, a_filter_is_given_back_or_freed_with_its_file)
{
	static struct event_filter first = { match_none, count_free },
				   second = { match_none, count_free };
	struct trace_event_file *file = begin();

	ASSERT(file);
	freed = 0;
	EXPECT(!trace_event_set_filter(file, &first));
	EXPECT_EQ(file->flags, EVENT_FILE_FILTERED);
	EXPECT(trace_event_set_filter(file, NULL) == &first);
	EXPECT_EQ(file->flags, 0);
	EXPECT(!trace_event_set_filter(file, &second));
	EXPECT_EQ(freed, 0);
	end();
	EXPECT_EQ(freed, 1);
}

KTEST(event_file, each_trace_has_files_of_its_own)
{
	struct trace_event_file *file = begin(), *other;
	struct trace_array *tr;

	ASSERT(file);
	event_session_end();
	tr = trace_array_create("bells");
	ASSERT(!IS_ERR(tr));
	event_session_begin();
	other = trace_event_file_find(tr, &bell);
	EXPECT(other && other != file);
	if (other)
		EXPECT_EQ(trace_event_enable_disable(other, true), 0);
	EXPECT(!trace_event_enabled(file));
	event_session_end();
	EXPECT_EQ(trace_array_destroy(tr), 0);
	EXPECT_EQ(detached, 1);
	trace_event_remove(&bell);
	tt_end();
}

KTEST(event_file, the_group_ftrace_has_no_switch)
{
	struct trace_event_file *file;
	u32 slot = 0;

	event_session_begin();
	EXPECT(!trace_event_file_find(trace_top(),
				      trace_event_by_name("ftrace", "print")));
	while ((file = trace_event_file_next(trace_top(), &slot)))
		EXPECT(strcmp(file->event->system, "ftrace") != 0);
	event_session_end();
}

KTEST(event_file, without_memory_an_event_is_not_registered)
{
	fail_nth(1);
	EXPECT_EQ(trace_event_add(&bell), -ENOMEM);
	EXPECT(fail_end());
	EXPECT(!trace_event_by_name("testing", "bell"));
}
