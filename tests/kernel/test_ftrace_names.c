// SPDX-License-Identifier: MIT
/*
 * Filters by name in the image, with its thousands of names: glob_match() for
 * each function is the oracle of the one pass over all.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include <asm/barrier.h>

static struct ftrace_ops ops = { .func = ftrace_stub };

/* Record @i as a filter by this glob should have it. */
static bool is_wanted(size_t i, const char *glob)
{
	char buf[FTRACE_NAME_MAX];

	return !ftrace_rec_disabled(&ftrace_recs[i]) &&
	       glob_match(glob, ftrace_rec_name(&ftrace_recs[i], buf));
}

/* The filter has exactly the functions whose names the glob matches. */
static bool filter_is(const char *glob)
{
	const struct ftrace_hash *hash = ops.filter_hash;
	size_t i, n = 0;

	for (i = 0; i < ftrace_nr_recs; i++)
		if (is_wanted(i, glob) &&
		    (n == hash->count || hash->rec[n++] != i))
			return false;
	return n == hash->count;
}

KTEST(ftrace_names, a_filter_has_what_its_glob_matches)
{
	static const char *const globs[] = {
		"*lock*", "*lock",	 "mutex*",     "schedule", "*e*",
		"*_*",	  "*_init",	 "*a*",	       "*er*",	   "*",
		"*_lock", "*mutex_lock", "mutex_lock", "*st*_*",   "s*e",
	};

	for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
		if (EXPECT_EQ(ftrace_set_filter(&ops, globs[i],
						strlen(globs[i]), 1),
			      0) &&
		    !EXPECT(filter_is(globs[i])))
			ktest_note("%s", globs[i]);
	}
	ftrace_free_filter(&ops);
}

void names_test_alias_a(void);
void names_test_alias_b(void);

void names_test_alias_a(void)
{
	barrier();
}

__attribute__((alias("names_test_alias_a"))) void names_test_alias_b(void);

/* As kallsyms_lookup() names it, and so does each list of functions. */
KTEST(ftrace_names, of_two_names_for_a_function_the_first_counts)
{
	static const char *const refused[] = { "names_test_alias_b",
					       "*_test_alias_b*" };

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		EXPECT_EQ(ftrace_set_filter(&ops, refused[i],
					    strlen(refused[i]), 1),
			  -EINVAL);
	EXPECT_EQ(ftrace_set_filter(&ops, "names_test_alias*", 17, 1), 0);
	EXPECT_EQ(ops.filter_hash->count, 1);
	ftrace_free_filter(&ops);
}
