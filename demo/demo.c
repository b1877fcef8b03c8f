// SPDX-License-Identifier: MIT
/*
 * The demo: a short serial log that fits on slides.
 *
 * Context: the thread "init", after all boot steps.
 */
#include "demo/demo.h"
#include "boot/memmap.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"
#include "kernel/smp.h"
#include "trace/ftrace.h"
#include <asm/layout.h>

static void show_machine(void)
{
	printk_plain("CPUs    %u online", num_online_cpus());
	printk_plain("text    %p-%p, %zu call sites", (void *)_text,
		     (void *)_etext, ftrace_rec_count());
	printk_plain("pool    %p-%p, for trampolines",
		     (void *)__exec_pool_start, (void *)__exec_pool_end);
	printk_plain("memory  %zu of %zu pages free", page_free_count(),
		     page_total_count());
}

int demo_run(void)
{
	printk_plain("--- the machine ---");
	show_machine();
	return 0;
}
