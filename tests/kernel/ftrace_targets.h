/* SPDX-License-Identifier: MIT */
/*
 * Functions to be traced in tests, and callbacks that count.
 *
 * The targets are traceable and do nothing else but be called; nobody else
 * calls them, so counts are exact.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/core/ftrace.h"
#include <asm/percpu.h>

#define NR_TARGETS 1000

typedef void (*target_fn)(void);

/* ftrace_target_000, ftrace_target_001, ... in rising order of address. */
extern const target_fn ftrace_target[NR_TARGETS];

static inline unsigned long target_ip(unsigned int i)
{
	return (unsigned long)ftrace_target[i];
}

/* Target i and those behind it. */
static inline const unsigned long *target_ips(unsigned int i)
{
	return (const unsigned long *)&ftrace_target[i];
}

/* An ops that counts its calls; per-CPU counters, so that SMP counts hold. */
struct count_ops {
	struct ftrace_ops ops;
	u64 hits[NR_CPUS];
};

void count_callback(unsigned long ip, unsigned long parent_ip,
		    struct ftrace_ops *ops, struct ftrace_regs *fregs);

#define COUNT_OPS(...)                                        \
	{                                                     \
		.ops = {.func = count_callback, __VA_ARGS__ } \
	}

u64 count_hits(const struct count_ops *count);

/* Sets the filter to targets [first, first + n). Return: as set_filter. */
int filter_targets(struct ftrace_ops *ops, unsigned int first, unsigned int n);

/* Replaces the filter by a text. */
int filter_text(struct ftrace_ops *ops, const char *text);

/* Direct targets that only count; counts are exact when nobody calls. */
#define NR_DIRECT 4

void direct_0(void);
void direct_1(void);
void direct_2(void);
void direct_3(void);

extern const unsigned long direct_target[NR_DIRECT];
u64 direct_hits(unsigned int i);
void direct_reset(void);
DECLARE_PER_CPU(u64[NR_DIRECT], direct_count);
