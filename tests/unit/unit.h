/* SPDX-License-Identifier: MIT */
/*
 * Tests of pure kernel files on the host.
 *
 *	UNIT(glob, star_matches_nothing)
 *	{
 *		CHECK(glob_match("a*", "a"));
 *	}
 *
 * defines and registers a test; the program prints KTAP. A failed CHECK is
 * printed with file, line and both values, and the test goes on.
 */
#pragma once

#include "kernel/lib/types.h"

struct unit {
	const char *name;
	void (*fn)(void);
	struct unit *next;
};

void unit_register(struct unit *unit);

#define UNIT(suite, test)                                                   \
	static void unit_##suite##_##test(void);                            \
	static struct unit unit_def_##suite##_##test = {                    \
		.name = #suite "." #test, .fn = unit_##suite##_##test       \
	};                                                                  \
	__attribute__((constructor)) static void unit_reg_##suite##_##test( \
		void)                                                       \
	{                                                                   \
		unit_register(&unit_def_##suite##_##test);                  \
	}                                                                   \
	static void unit_##suite##_##test(void)

bool unit_check(bool ok, const char *file, int line, const char *what);
bool unit_check_eq(u64 a, u64 b, const char *file, int line, const char *sa,
		   const char *sb);
bool unit_check_str(const char *a, const char *b, const char *file, int line,
		    const char *sa);

/* Each has the value true if it held. */
#define CHECK(cond) unit_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(a, b) \
	unit_check_eq((u64)(a), (u64)(b), __FILE__, __LINE__, #a, #b)
#define CHECK_STR(a, b) unit_check_str((a), (b), __FILE__, __LINE__, #a)
