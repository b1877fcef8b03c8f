/* SPDX-License-Identifier: MIT */
/*
 * Walking stacks.
 *
 * Follows the frame pointers; an odd one is the address of a struct pt_regs
 * plus 1 (entry.asm), so a walk goes on through interrupts, exceptions and
 * NMIs into what they interrupted. A function interrupted before its frame is
 * set up, or after it is gone, does not hide its caller. Tracing trampolines
 * and return addresses replaced by the graph tracer are seen through by
 * kernel/unwind_hooks.h. A damaged stack ends the walk, it never faults.
 *
 * Context: any, tracing callbacks and NMI included. Nothing here is traceable
 * but dump_stack() and the printing functions.
 */
#pragma once

#include "kernel/lib/types.h"

struct pt_regs;
struct task_struct;

/*
 * stack_trace_save() - the callers of the calling function, innermost first
 * @skip: leave out that many of the first entries; entry 0 is the place in
 *        the calling function itself
 * Return: number of addresses written, at most @max.
 */
unsigned int stack_trace_save(unsigned long *buf, unsigned int max,
			      unsigned int skip);

/*
 * stack_trace_save_slots() - the same, and where on the stack each was found
 * @slots: the address of each return address; 0 for a place that was
 *         interrupted and for entry 0
 */
unsigned int stack_trace_save_slots(unsigned long *buf, unsigned long *slots,
				    unsigned int max);

/* From a pt_regs: entry 0 is regs->ip. */
unsigned int stack_trace_save_regs(const struct pt_regs *regs,
				   unsigned long *buf, unsigned int max,
				   unsigned int skip);

/*
 * Of a task that is not running: entry 0 is the place where it switched away.
 * Of a running one the entries may be stale, but nothing bad happens.
 */
unsigned int stack_trace_save_task(struct task_struct *task, unsigned long *buf,
				   unsigned int max, unsigned int skip);

/* One line per address: " symbol+0x1/0x20". Context: any. */
void stack_trace_print(const unsigned long *buf, unsigned int n);

/* Print where the caller is. */
void dump_stack(void);

/*
 * cpu_backtrace() - what another CPU is doing, asked by NMI
 * @ms: give up after that long
 *
 * Context: any with few questions at a time: concurrent callers wait for
 * each other. Return: number of addresses, 0 if the CPU did not answer.
 */
unsigned int cpu_backtrace(unsigned int cpu, unsigned long *buf,
			   unsigned int max, unsigned int ms);

/* Print all tasks with their stacks, running ones asked by NMI. */
void show_all_tasks(void);

/*
 * stacktrace_init() - answer cpu_backtrace() on every CPU from now on
 * Context: boot. Return: 0; -ENOSPC if there is no room for an NMI handler.
 * No other code is returned.
 */
int stacktrace_init(void);
