// SPDX-License-Identifier: MIT
/* Shared by the suites of probe events: probe_lines.h. */
#include "tests/kernel/probe_lines.h"

#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"

traced_function u64 probe_victim(u64 a, const void *b, const void *c, u64 d,
				 u64 e, u64 f, u64 g, u64 h)
{
	return a + 1;
}

void probe_victim_calls(unsigned int n)
{
	while (n--)
		EXPECT_EQ(probe_victim(n, NULL, NULL, 4, 5, 6, 7, 8), n + 1);
}

ssize_t probe_add(const char *file, const char *line)
{
	return bells_write(file, line, TRACEFS_WRITE);
}

ssize_t probe_clear(const char *file)
{
	return bells_write(file, "", TRACEFS_WRITE | TRACEFS_TRUNC);
}

bool probes_begin(const char *tracer)
{
	return tt_begin(tracer, "probe_victim", 64) &&
	       EXPECT_EQ(probe_event_count(), 0);
}

void probes_end(void)
{
	tt_write("events/enable", "0");
	tt_write("dynamic_events", "\n");
	EXPECT_EQ(probe_event_count(), 0);
	EXPECT(tt_says("kprobes/list", ""));
	tt_end();
}

bool probe_record(const char *event, char *text, size_t size)
{
	char *all = tt_text(TRACE_CPU_ALL), *at, *end;
	char name[80];

	snprintf(name, sizeof(name), " %s: ", event);
	at = all ? strstr(all, name) : NULL;
	if (at) {
		end = strchr(++at, '\n');
		if (end)
			*end = '\0';
		strscpy(text, at, size);
	}
	kfree(all);
	trace_reset(trace_top(), TRACE_CPU_ALL);
	return at != NULL;
}

unsigned int probe_records(const char *text)
{
	char *all = tt_text(TRACE_CPU_ALL);
	const char *at = all;
	unsigned int n = 0;

	while (at && (at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	kfree(all);
	return n;
}

bool probe_recorded(const char *event, const char *pattern)
{
	static char text[4096];

	if (!probe_record(event, text, sizeof(text))) {
		ktest_note("%s: no record", event);
		return false;
	}
	if (glob_match(pattern, text))
		return true;
	ktest_note("\"%s\" is not \"%s\"", text, pattern);
	return false;
}
