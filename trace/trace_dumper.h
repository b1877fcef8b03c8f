/* SPDX-License-Identifier: MIT */
/*
 * trace_dumper.h - the dumper, of which function commands ask for dumps.
 *
 * As on Linux a dump stops the top trace, prints its events and takes them out
 * of the rings; tracing_on begins it again.
 *
 * TD3  A dump is printed where it is asked for, if that is a task with
 *      preemption and interrupts on, which holds no spinlock. Anywhere else the
 *      trace stops at once, and a thread prints within a tick or two.
 * TD4  One dump is printed at a time; one that is asked for while another is
 *      printed is left out, as on Linux.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/* The one entry of its table is that of output/trace_dumper.c. */
struct trace_dumper {
	/*
	 * Get what dumps need: memory, a thread and a timer. Return: 0;
	 * -ENOMEM. [trace_lock]
	 */
	int (*get)(void);
	/* It is needed no more; on return no dump is printed. [trace_lock] */
	void (*put)(void);
	/*
	 * Dump the top trace: of CPU @cpu only, or TRACE_CPU_ALL. Between get
	 * and put; at any other time nothing happens.
	 * Context: any, NMI included, preemption on if the traced code has it
	 * on. Not traceable.
	 */
	void (*dump)(unsigned int cpu);
};

DECLARE_TABLE(struct trace_dumper, trace_dumpers);
