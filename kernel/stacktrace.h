/* SPDX-License-Identifier: MIT */
/*
 * Walking stacks.
 *
 * A walk follows the frame pointers. An odd one is the address of a struct
 * pt_regs plus 1 (entry.asm), so a walk continues through interrupts,
 * exceptions and NMIs into the interrupted code. A function that was
 * interrupted before its frame is set up, or after it is gone, does not hide
 * its caller. The hooks of kernel/unwind_hooks.h resolve tracing trampolines
 * and return addresses that the graph tracer has replaced. A damaged stack ends
 * the walk and never causes a fault.
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
 * @skip: leave out that many of the first entries; entry 0 is the address in
 *        the calling function itself
 * Return: number of addresses written, at most @max.
 */
unsigned int stack_trace_save(unsigned long *buf, unsigned int max,
			      unsigned int skip);

/*
 * stack_trace_save_slots() - the same, and the stack address of each entry
 * @slots: the address of each return address; 0 for an interrupted instruction
 *         and for entry 0
 */
unsigned int stack_trace_save_slots(unsigned long *buf, unsigned long *slots,
				    unsigned int max);

/* The same from a pt_regs: entry 0 is regs->ip. */
unsigned int stack_trace_save_regs(const struct pt_regs *regs,
				   unsigned long *buf, unsigned int max,
				   unsigned int skip);

/*
 * The same for a task that is not running: entry 0 is where it switched out.
 * For a running task the entries may be stale, but the walk does not fault.
 */
unsigned int stack_trace_save_task(struct task_struct *task, unsigned long *buf,
				   unsigned int max, unsigned int skip);

/* One line per address: " symbol+0x1/0x20". Context: any. */
void stack_trace_print(const unsigned long *buf, unsigned int n);

/* Print a backtrace of the caller. */
void dump_stack(void);

/*
 * cpu_backtrace() - the backtrace of another CPU, requested by NMI
 * @ms: give up after that time
 *
 * Context: any but NMI. Concurrent callers wait for each other, so calls should
 * be rare. Return: number of addresses, 0 if the CPU did not answer.
 */
unsigned int cpu_backtrace(unsigned int cpu, unsigned long *buf,
			   unsigned int max, unsigned int ms);

/* Print all tasks with their stacks; running ones are asked by NMI. */
void show_all_tasks(void);

/*
 * stacktrace_init() - answer cpu_backtrace() on every CPU from now on
 * Context: boot. Return: 0; -ENOSPC if there is no room for an NMI handler.
 * No other code is returned.
 */
int stacktrace_init(void);
