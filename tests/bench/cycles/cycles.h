/* SPDX-License-Identifier: MIT */
/*
 * cycles.h - what the rows of a file need; harness.c has it.
 *
 * Each file of rows adds one group. A commit that is compared may lack what a
 * group uses; its program then has no such rows (../cycles.py).
 */
#pragma once

#include "arch/x86_64/patch/ftrace_tramp.h"
#include "kernel/lib/table.h"
#include "trace/core/ftrace.h"

#define CALLS	  1000 /* in a stretch */
#define STRETCHES 2000

struct cycle_group {
	void (*run)(void);
};
DECLARE_TABLE(struct cycle_group, cycle_groups);

/* Ends the program; a text says what is wrong. */
__noreturn void leave(const char *why);
/* err: not 0 ends the program. */
void must(const char *what, long err);

typedef void (*code_t)(void);

/* The next free bytes of code, at a granule, below 64 MiB from _text. */
extern u8 *code;

/* A function whose site calls this address, or holds its NOP for 0. */
code_t make_target(unsigned long call);
/* A trampoline of this ops alone; of a description. Return: its address. */
unsigned long make_tramp(ftrace_func_t func, struct ftrace_ops *ops,
			 bool guard);
unsigned long make_chain(const struct ftrace_tramp_desc *desc);

/* Ticks of a call above one of a NOP. */
void row(const char *name, code_t target);

/* The ops that was registered last, by whatever; forgets it. */
struct ftrace_ops *registered(void);
/* Events written by now: a row is void if its calls wrote none. */
u64 events(void);
