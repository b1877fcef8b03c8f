// SPDX-License-Identifier: MIT
/*
 * The stack tracer: the deepest stack, and what each function takes of it.
 */
#include "tests/kernel/trace_test.h"
#include "trace/graph/fgraph.h"
#include "trace/tracers/stack.h"

#define BIG   1024
#define SMALL 256

void st_bottom(char *p);
traced_function void st_bottom(char *p)
{
	*p = 1;
}

void st_small(void);
traced_function void st_small(void)
{
	char room[SMALL];

	st_bottom(room);
	barrier();
}

void st_big(void);
traced_function void st_big(void)
{
	char room[BIG];

	st_bottom(room);
	st_small();
	barrier();
}

/* Frames of 16 bytes, so that a stack has many. */
u64 st_again(u64 n);
traced_function u64 st_again(u64 n)
{
	if (n)
		n = st_again(n - 1);
	barrier();
	return n;
}

static char text[65536];

static void show(void)
{
	struct trace_seq s;

	trace_seq_init(&s, text, sizeof(text));
	stack_trace_show(&s);
}

static unsigned long digits(char **at)
{
	unsigned long n = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		n = n * 10 + **at - '0';
	return n;
}

/* A number of the line that has the name; field 0 or 1 behind the ")". */
static unsigned long number(const char *name, unsigned int field)
{
	char *at = strstr(text, name);
	unsigned long n;

	if (!EXPECT(at != NULL))
		return 0;
	while (at > text && at[-1] != '\n')
		at--;
	at = strchr(at, ')') + 1;
	for (;; field--) {
		at += strspn(at, " ");
		n = digits(&at);
		if (!field)
			return n;
	}
}

static bool begin(const char *filter)
{
	stack_set_max_size(0);
	return EXPECT_EQ(ftrace_set_filter(stack_tracer_ops(), filter,
					   strlen(filter), 1),
			 0) &&
	       EXPECT_EQ(stack_tracer_set(true), 0);
}

static void end(void)
{
	EXPECT_EQ(stack_tracer_set(false), 0);
	EXPECT_EQ(ftrace_free_filter(stack_tracer_ops()), 0);
	stack_set_max_size(0);
}

/* ST1 */
KTEST(stack_tracer, sizes_of_frames)
{
	unsigned long sum = 0, bottom, big;
	const char *at;

	if (begin("st_*")) {
		st_big();
		show();
		EXPECT(!strncmp(text, "        Depth    Size   Location    (",
				37));
		EXPECT(strstr(text, "        -----    ----   --------\n  0) "));
		bottom = number("st_bottom", 0);
		EXPECT_EQ(bottom, stack_max_size());
		EXPECT_EQ(number("st_bottom", 1), 8);
		EXPECT(number("st_small", 1) >= SMALL);
		EXPECT(number("st_small", 1) < SMALL + 64);
		big = number("st_big", 1);
		EXPECT(big >= BIG && big < BIG + 64);
		for (at = strchr(text, ')'); at; at = strchr(at + 1, '\n')) {
			if (strchr(at, ')'))
				sum++;
		}
		EXPECT(sum > 5);
		EXPECT(number("kthread_main", 0) == number("kthread_main", 1));
	}
	end();
}

KTEST(stack_tracer, only_what_is_deeper)
{
	unsigned long max;

	if (begin("st_*")) {
		st_small();
		max = stack_max_size();
		EXPECT(max > SMALL);
		st_bottom(text);
		EXPECT_EQ(stack_max_size(), max);
		st_big();
		EXPECT(stack_max_size() >= max + BIG);
		stack_set_max_size(100000);
		st_big();
		EXPECT_EQ(stack_max_size(), 100000);
		stack_set_max_size(0);
		show();
		EXPECT(strstr(text, "(0 entries)"));
	}
	end();
	show();
	EXPECT(strstr(text, "Stack tracer disabled"));
}

KTEST(stack_tracer, filter_and_switch)
{
	if (begin("st_big")) {
		st_small();
		EXPECT_EQ(stack_max_size(), 0);
		st_big();
		EXPECT(stack_max_size());
		EXPECT(stack_tracer_on());
		EXPECT_EQ(stack_tracer_set(true), 0);
	}
	end();
	EXPECT(!stack_tracer_on());
	st_big();
	EXPECT_EQ(stack_max_size(), 0);
}

struct rows {
	unsigned int n, again; /* all, of st_again */
	unsigned long first_depth, again_size, sum;
};

/* All rows of st_again but the first have the same size. */
static void read_rows(struct rows *r)
{
	unsigned long depth, size;
	char *line, *next, *at;

	memset(r, 0, sizeof(*r));
	for (line = text; (next = strchr(line, '\n')); line = next + 1) {
		*next = '\0';
		if (line[3] != ')')
			continue; /* the heads */
		at = line + 4 + strspn(line + 4, " ");
		depth = digits(&at);
		at += strspn(at, " ");
		size = digits(&at);
		r->sum += size;
		if (!r->n++)
			r->first_depth = depth;
		if (!str_has_prefix(at + strspn(at, " "), "st_again+"))
			continue;
		if (r->again++ == 1)
			r->again_size = size;
		if (r->again > 1)
			EXPECT_EQ(size, r->again_size);
	}
}

static void check_deep(unsigned int calls, unsigned int shown, bool rest)
{
	struct rows rows;

	if (begin("st_again")) {
		EXPECT_EQ(st_again(calls - 1), 0);
		show();
		EXPECT_EQ(strstr(text, "(further callers)\n") != NULL, rest);
		read_rows(&rows);
		EXPECT_EQ(rows.sum, rows.first_depth);
		EXPECT_EQ(rows.first_depth, stack_max_size());
		EXPECT(rows.again >= shown && rows.again <= calls);
	}
	end();
}

KTEST(stack_tracer, many_frames)
{
	check_deep(100, 100, false);
	check_deep(400, 400, false);
}

KTEST(stack_tracer, more_frames_than_entries)
{
	check_deep(600, 480, true);
}

/* ---- return addresses replaced ------------------------------------------- */

static notrace bool hook_entry(struct ftrace_graph_ent *ent,
			       struct fgraph_ops *gops)
{
	(void)ent;
	(void)gops;
	return true;
}

static notrace void hook_return(const struct ftrace_graph_ret *ret,
				struct fgraph_ops *gops)
{
	(void)ret;
	(void)gops;
	st_again(200); /* far deeper than st_big() was */
	barrier();
}

/* Does the text have these four, each behind the one before? */
static bool in_order(const char *a, const char *b, const char *c, const char *d)
{
	const char *const part[] = { a, b, c, d };
	const char *at = text;
	unsigned int i;

	for (i = 0; at && i < ARRAY_SIZE(part); i++)
		at = strstr(at, part[i]);
	return at != NULL;
}

static noinline void st_hooked(void)
{
	st_big();
	barrier();
}

/*
 * What a hooked call is to return to never stands for its caller. The hook
 * itself does, as soon as it calls something: with the address behind the call.
 */
KTEST_FLAGS(stack_tracer, through_a_hook, KTEST_LEAKS, 0)
{
	struct ftrace_ops ops = { .flags = FTRACE_OPS_FL_RECURSION };
	struct fgraph_ops gops = { .entryfunc = hook_entry, .ops = &ops };

	ASSERT_EQ(ftrace_set_filter(&ops, "st_big", 6, 1), 0);
	for (unsigned int in_hook = 0; in_hook < 2; in_hook++) {
		gops.retfunc = in_hook ? hook_return : NULL;
		ASSERT_EQ(register_ftrace_graph(&gops), 0);
		if (begin("st_*"))
			st_hooked();
		show();
		EXPECT_EQ(unregister_ftrace_graph(&gops), 0);
		end();
		EXPECT(number("st_hooked", 0) > 0);
		EXPECT_EQ(strstr(text, "st_big") == NULL, in_hook);
		EXPECT_EQ(strstr(text, "return_to_handler") != NULL, in_hook);
		EXPECT(!strstr(text, "return_to_handler+0x0/"));
	}
	EXPECT(in_order("hook_return", "ftrace_return_to_handler+",
			" return_to_handler+", "st_hooked"));
	ftrace_free_filter(&ops);
}

static void deep(void *unused)
{
	(void)unused;
	st_big();
}

/* ST2 */
KTEST(stack_tracer, under_storm)
{
	if (begin("*")) {
		tt_storm(deep, NULL, 300, 2, false);
		show();
		EXPECT(strlen(text) > 200);
		EXPECT(stack_max_size() > BIG);
		EXPECT(stack_max_size() < current->stack_size);
	}
	end();
}
