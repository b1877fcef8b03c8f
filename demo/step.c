// SPDX-License-Identifier: MIT
/*
 * step.c - waits for Enter between acts and between the steps of a patch.
 *
 * Context: task. Inside a batch of the patch engine preemption is off, so the
 * wait polls and does not sleep; the other CPUs run on.
 */
#include "demo/demo.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/console_input.h"
#include "kernel/sched.h"
#include <asm/context.h>
#include <asm/cpu.h>

#define KEY_BREAK 3 /* ^C */
#define POLL_NS	  5000000

CMDLINE_ON_OFF(step, "the demo waits for Enter between its steps");

static bool ended; /* by ^C */

bool step_by_step(void)
{
	return cmdline_is("step", "on") && !ended;
}

bool step_wait_line(const char *next)
{
	printk_plain("                 (Enter: %s)", next);
	for (;;) {
		int byte = console_poll_getc();

		if (byte == '\r' || byte == '\n')
			return true;
		/* Taken in any case: the acts give lines to the shell. */
		if (byte == KEY_BREAK || console_break_take())
			return false;
		if (byte < 0 && !preempt_count())
			sleep_ns(POLL_NS);
		cpu_relax();
	}
}

void step_wait(const char *next)
{
	if (step_by_step())
		ended = !step_wait_line(next);
}
