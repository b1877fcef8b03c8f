/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/percpu.h>: a per-CPU variable is an array with one element
 * for each CPU, and a thread says which CPU it plays by setting host_cpu.
 */
#pragma once

#include "kernel/lib/types.h"

#define NR_CPUS 64

extern _Thread_local unsigned int host_cpu;

#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name[NR_CPUS]
#define DEFINE_PER_CPU(type, name)  __typeof__(type) name[NR_CPUS]

struct task_struct;

DECLARE_PER_CPU(u32, cpu_number);
DECLARE_PER_CPU(struct task_struct *, current_task);

#define per_cpu_ptr(p, cpu) (&(*(p))[cpu])
#define per_cpu(var, cpu)   ((var)[cpu])
#define this_cpu_ptr(p)	    per_cpu_ptr(p, host_cpu)

#define this_cpu_read(var)	 ((var)[host_cpu])
#define this_cpu_read_index(var) ((unsigned long)(var)[host_cpu])
#define this_cpu_read_byte(var)	 ((u32)(var)[host_cpu])
#define this_cpu_write(var, val) ((void)((var)[host_cpu] = (val)))
#define this_cpu_add(var, val)	 ((void)((var)[host_cpu] += (val)))
#define this_cpu_sub(var, val)	 ((void)((var)[host_cpu] -= (val)))
#define this_cpu_or(var, val)	 ((void)((var)[host_cpu] |= (val)))
#define this_cpu_and(var, val)	 ((void)((var)[host_cpu] &= (val)))
#define this_cpu_inc(var)	 ((void)((var)[host_cpu]++))
#define this_cpu_dec(var)	 ((void)((var)[host_cpu]--))

#define this_cpu_fetch_add(var, val)                         \
	({                                                   \
		__typeof__((var)[0]) was_ = (var)[host_cpu]; \
		(var)[host_cpu] += (val);                    \
		was_;                                        \
	})

#define smp_processor_id() host_cpu
#define current		   this_cpu_read(current_task)
