// SPDX-License-Identifier: MIT
/*
 * The owner of the serial line when a panic takes it from a CPU that is just
 * giving it back.
 * host-sources: kernel/base/console.c kernel/console_write.c
 * host-sources: kernel/base/cmdline.c
 */
#include "kernel/base/console.h"
#include "kernel/base/printk.h"
#include "kernel/console_input.h"
#include "kernel/console_write.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include <asm/cpu.h>
#include <asm/percpu.h>
#include <asm/tsc.h>

#define WRITER	1
#define PANICKS 2

bool sched_active;
static char line[64];
static unsigned int steps, seize_at;
static u64 waited; /* for the writer to end its piece */

static int line_init(void)
{
	return 0;
}

static bool line_takes_bytes(void)
{
	return true;
}

static size_t line_write(const char *buf, size_t len)
{
	size_t used = strlen(line);

	CHECK(used + len < sizeof(line));
	memcpy(line + used, buf, len);
	return len;
}

static const struct console_driver the_line = {
	.init = line_init,
	.write = line_write,
	.takes_bytes = line_takes_bytes,
};
TABLE_ENTRY(console_drivers, 10, the_line);

void sleep_ns(u64 ns)
{
	(void)ns;
}

bool console_break(void)
{
	return false;
}

static void write_as(unsigned int cpu, const char *text)
{
	host_cpu = cpu;
	console_write(text, strlen(text));
}

static void a_ms_passes(void)
{
	host_tsc += 1000000;
}

/* The writer stands still, as if it had crashed. */
static void seize_at_one_step(void)
{
	u64 begin = host_tsc;

	if (++steps != seize_at)
		return;
	host_cpu = PANICKS;
	host_step_fn = a_ms_passes;
	console_seize();
	host_step_fn = seize_at_one_step;
	host_cpu = WRITER;
	waited = host_tsc - begin;
}

static unsigned int steps_of_a_line(const char *text)
{
	steps = 0;
	host_step_fn = seize_at_one_step;
	write_as(WRITER, text);
	host_step_fn = NULL;
	return steps;
}

/* Seized for good: so this is the one test, and its last step the one place. */
/* CO2 */
UNIT(console_seize, is_not_given_back_by_who_has_lost_it)
{
	seize_at = steps_of_a_line("before\n");
	CHECK(seize_at >= 2); /* taken first, given back last */
	CHECK_STR(line, "before\n");
	steps_of_a_line("between\n");
	CHECK(waited >= 1000000000 && waited < 1100000000);
	write_as(WRITER, "the writer again\n");
	write_as(PANICKS, "panic\n");
	CHECK_STR(line, "before\nbetween\npanic\n");
}
