/* SPDX-License-Identifier: MIT */
/*
 * Functions for the graph tracer's tests: they return values that can be
 * checked, call each other to any depth, and leave by tail calls.
 */
#pragma once

#include "kernel/lib/types.h"

struct wide {
	u64 low, high; /* returned in rax and rdx */
};

/* f(n) + 1 calls in all; returns a value that depends on every level. */
u64 fg_recurse(u64 n);
u64 fg_recurse_expected(u64 n);

/* rax and rdx, both of which depend on every level. */
struct wide fg_wide(u64 n);
struct wide fg_wide_expected(u64 n);

/* Leaves to fg_tail_end() by a jump; returns n + 3. */
u64 fg_tail(u64 n);
u64 fg_tail_end(u64 n);

/* Calls fg_leaf(n) three times; returns the sum, 3 * n + 3. */
u64 fg_parent(u64 n);
u64 fg_leaf(u64 n);

/* Not wanted by filters of the tests: called by fg_parent() once. */
u64 fg_hidden(u64 n);

#define FG_FILTER \
	"fg_recurse fg_wide fg_tail fg_tail_end fg_parent fg_leaf fg_hidden"

/* Calls all of them and checks what they return. Return: all was right. */
bool fg_check_all(u64 n, unsigned int depth);

/* Calls of all functions above that one fg_check_all() makes. */
unsigned int fg_calls(unsigned int depth);
