// SPDX-License-Identifier: MIT
/*
 * own_ops.c - a consumer of your own: it counts the calls of one function.
 *
 * The ten lines are own_call(), own_ops and the three calls of own_run().
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mode.h"
#include "trace/core/ftrace.h"
#include <asm/atomic.h>

#define CALLS 10

static atomic64_t calls;

/* Runs in front of each call: no lock, no print, and nothing traceable. */
static notrace void own_call(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	atomic64_inc(&calls);
}

static struct ftrace_ops own_ops = { .func = own_call };

/* What is traced. Try "kmalloc*" instead, or no filter at all. */
__attribute__((__noipa__)) static void own_step(void)
{
}

static int own_run(void)
{
	char filter[] = "own_step";
	int err, i;

	err = ftrace_set_filter(&own_ops, filter, strlen(filter), 1);
	if (!err)
		err = register_ftrace_function(&own_ops);
	if (err)
		return err;
	for (i = 0; i < CALLS; i++)
		own_step();
	err = unregister_ftrace_function(&own_ops);
	own_step(); /* a NOP again: nobody counts it */
	printk_plain("own_ops: %llu of %u calls counted",
		     (u64)atomic64_read(&calls), CALLS + 1);
	return err;
}

KERNEL_MODE(own_ops, own_run, "counts the calls of one function");
