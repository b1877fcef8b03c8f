/* SPDX-License-Identifier: MIT */
/*
 * boot_instances.h - traces that the command line makes.
 */
#pragma once

/*
 * trace_boot_instances() - make the trace of each word trace_instance=
 *
 *	trace_instance=NAME[^FLAG...][@MEMORY][,SYSTEM:EVENT...]
 *
 * as on Linux; the word may occur more than once. A FLAG is traceoff, or
 * traceprintk (printk, trace_printk): the trace gets the prints of
 * trace_printk(). MEMORY: see reserve_mem.h. What is refused is one line
 * of the log each; the boot goes on. Context: boot, in a task; trace_init() has
 * succeeded.
 */
void trace_boot_instances(void);
