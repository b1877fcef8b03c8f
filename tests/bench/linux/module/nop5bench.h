/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * nop5bench.h - what the files of the measuring module share
 *
 * Context: everything runs in the one task that writes to /proc/nop5bench,
 * unless stated otherwise.
 */
#pragma once

#include <linux/ftrace.h>
#include <linux/types.h>

#include "segment.h"

/* Functions that are only there to be traced by somebody else's ops. */
#define BENCH_OTHERS 100

extern unsigned long bench_others[BENCH_OTHERS];

void bench_target(void);
void bench_untraced(void);
void bench_return(void);
void bench_direct_call(void);

/* An empty callback: one `ret`. */
void bench_callback(unsigned long ip, unsigned long parent_ip,
		    struct ftrace_ops *ops, struct ftrace_regs *fregs);

/* Adds one "row value unit" line; hundredths are printed if there are any. */
void bench_row(const char *row, u64 hundredths, const char *unit);

/* An unmet expectation: the line makes run.py fail. */
void bench_fail(const char *what, long value);

/* Time stamp without the time the CPU was idle, in ticks. */
u64 bench_busy_ticks(void);

void bench_calibrate(void);
void bench_sample(const char *row);
void bench_calls(void);
/* Above a call with the event disabled, which row event.disabled measures. */
void bench_event(const char *row);
void bench_keys(void);

/* One empty ops on the target, while user space measures. */
void bench_attach(void);
void bench_detach(void);
void bench_irrelevant(void);

int bench_add_site(unsigned long ip);
void bench_rounds(void);
void bench_exchange(void);
void bench_one(void);
void bench_trampolines(bool regs);

void bench_smp(const char *name);
