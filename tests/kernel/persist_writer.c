// SPDX-License-Identifier: MIT
/*
 * persist.writes_for_ever: write numbers to the trace "boot" until the machine
 * ends, which tests/test_persist.py sees to. tests/plugin/stop.c counts the
 * calls of the two functions, so it knows which numbers are in the trace.
 */
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/ktest.h"
#include "trace/trace.h"

/* Their code differs, or gcc makes one function of them. */
static noinline void persist_writes(void)
{
	__asm__ volatile("# begun");
}

static noinline void persist_wrote(void)
{
	__asm__ volatile("# done");
}

/* Of several lengths, so that pages end in every way. */
KTEST_FLAGS(persist, writes_for_ever, KTEST_ASKED, 0)
{
	static const char tail[] = "........................................"
				   "........................................";
	struct trace_array *tr = trace_array_get("boot");
	char text[128];
	u32 i;
	int len;

	ASSERT(tr);
	for (i = 0;; i++) {
		len = snprintf(text, sizeof(text), "number %u %.*s", i,
			       i * 7 % 80, tail);
		persist_writes();
		if (!EXPECT_EQ(trace_marker_write(tr, text, len), len))
			break;
		persist_wrote();
		if (i % 64 == 0)
			yield();
	}
	trace_array_put(tr);
}
