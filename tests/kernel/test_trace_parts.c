// SPDX-License-Identifier: MIT
/*
 * The table of what else each trace has: a part that notes its calls and may
 * refuse.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/trace_test.h"
#include "trace/trace_internal.h"

static struct trace_array *noted; /* the last trace that was destroyed */
static char calls[8];		  /* a letter each: create, stop, destroy */
static int create_err, stop_err;
static bool noting; /* not for other tests' traces */

static void note(char c)
{
	size_t len = strlen(calls);

	if (noting && EXPECT(len < sizeof(calls) - 1))
		calls[len] = c;
}

static int part_create(struct trace_array *tr)
{
	note('c');
	return create_err;
}

static int part_stop(struct trace_array *tr)
{
	note('s');
	return stop_err;
}

static void part_destroy(struct trace_array *tr)
{
	noted = tr;
	note('d');
}

static const struct trace_part noting_part = {
	.create = part_create,
	.stop = part_stop,
	.destroy = part_destroy,
};
/* Behind all others: what it refuses, the others have to take back. */
TABLE_ENTRY(trace_parts, 99, noting_part);

static void begin(int create, int stop)
{
	noting = true;
	create_err = create;
	stop_err = stop;
	memset(calls, 0, sizeof(calls));
}

KTEST(trace_parts, come_and_go_with_a_trace_V3)
{
	struct trace_array *tr;

	begin(0, 0);
	tr = trace_array_create("parts");
	ASSERT(!IS_ERR(tr));
	EXPECT(!strcmp(calls, "c"));
	EXPECT_EQ(trace_array_destroy(tr), 0);
	EXPECT(!strcmp(calls, "csd"));
	EXPECT(noted == tr);
	noting = false;
}

/* The test's own count of objects shows that nothing else is left. */
KTEST(trace_parts, a_part_refuses_to_begin_V3)
{
	begin(-ENOMEM, 0);
	EXPECT_EQ(PTR_ERR(trace_array_create("parts")), -ENOMEM);
	EXPECT(!strcmp(calls, "cd"));
	EXPECT(!trace_array_find("parts"));
	create_err = 0;
	noting = false;
}

KTEST(trace_parts, a_part_refuses_to_stop_V3)
{
	struct trace_array *tr;

	begin(0, -ENOMEM);
	tr = trace_array_create("parts");
	ASSERT(!IS_ERR(tr));
	EXPECT_EQ(trace_array_destroy(tr), -ENOMEM);
	EXPECT(!strcmp(calls, "cs"));
	EXPECT(trace_array_find("parts") == tr);
	stop_err = 0;
	EXPECT_EQ(trace_array_destroy(tr), 0);
	EXPECT(!strcmp(calls, "cssd"));
	noting = false;
}
