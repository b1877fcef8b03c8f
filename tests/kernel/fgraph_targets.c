// SPDX-License-Identifier: MIT
/*
 * Functions for the graph tracer's tests.
 */
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"

#define MIX 0x9e3779b97f4a7c15ULL

traced_function u64 fg_recurse(u64 n)
{
	u64 value = MIX;

	if (n) {
		value = fg_recurse(n - 1);
		barrier(); /* else it is made a loop */
		value = value * 3 + n;
	}
	return value;
}

u64 fg_recurse_expected(u64 n)
{
	u64 value = MIX, i;

	for (i = 1; i <= n; i++)
		value = value * 3 + i;
	return value;
}

traced_function struct wide fg_wide(u64 n)
{
	struct wide w = { MIX, ~MIX };

	if (n) {
		w = fg_wide(n - 1);
		w.low = w.low * 5 + n;
		w.high = w.high * 7 - n;
	}
	return w;
}

struct wide fg_wide_expected(u64 n)
{
	struct wide w = { MIX, ~MIX };
	u64 i;

	for (i = 1; i <= n; i++) {
		w.low = w.low * 5 + i;
		w.high = w.high * 7 - i;
	}
	return w;
}

traced_function u64 fg_tail_end(u64 n)
{
	barrier();
	return n + 2;
}

traced_function u64 fg_tail(u64 n)
{
	return fg_tail_end(n + 1);
}

traced_function u64 fg_leaf(u64 n)
{
	barrier();
	return n + 1;
}

traced_function u64 fg_hidden(u64 n)
{
	return fg_leaf(n);
}

traced_function u64 fg_parent(u64 n)
{
	return fg_leaf(n) + fg_hidden(n) + fg_leaf(n);
}

bool fg_check_all(u64 n, unsigned int depth)
{
	struct wide w = fg_wide(depth), e = fg_wide_expected(depth);

	return w.low == e.low && w.high == e.high &&
	       fg_recurse(depth) == fg_recurse_expected(depth) &&
	       fg_tail(n) == n + 3 && fg_parent(n) == 3 * n + 3;
}

unsigned int fg_calls(unsigned int depth)
{
	return 2 * (depth + 1) + 2 + 1 + 3 + 1;
}
