// SPDX-License-Identifier: MIT
/*
 * demo/timeline.c: the timeline of machines larger than
 * any that a test could boot.
 *
 * host-sources: demo/timeline.c
 */
#include "demo/timeline.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include <asm/smp.h>
#include <asm/tsc.h>

DEFINE_PER_CPU(struct sync_core_ack, sync_core_ack);
DEFINE_PER_CPU(struct poke_hits, poke_hits);

u64 sync_core_rounds(void)
{
	return 0;
}

struct poke_stats poke_stats(void)
{
	return (struct poke_stats){ .sites = 0 };
}

const char *poke_step_name(enum poke_step step)
{
	return "sync";
}

/* One step; CPU n of cpus has answered after first + n tenths of a us. */
static struct timeline *record(unsigned int cpus, u64 first)
{
	static struct timeline r;
	struct timeline_step *step = &r.steps[0];
	unsigned int cpu;

	memset(&r, 0, sizeof(r));
	r.sites = 1;
	r.cpus = cpus;
	r.nr_steps = 1;
	step->step = POKE_SYNC;
	for (cpu = 0; cpu < cpus; cpu++) {
		step->acked |= 1ull << cpu;
		step->ack[cpu] = (first + cpu) * 100;
	}
	r.end = step->done = (first + cpus) * 100;
	return &r;
}

/* The answers as the log has them: all of them, in order, none cut. */
static void check_answers(unsigned int cpus, u64 first)
{
	const char *at = host_log, *end;
	char want[40];
	unsigned int cpu;

	host_log[0] = '\0';
	timeline_print(record(cpus, first));
	for (cpu = 0; cpu < cpus; cpu++) {
		u64 ack = first + cpu;

		snprintf(want, sizeof(want), "  cpu%u %llu.%llu", cpu, ack / 10,
			 ack % 10);
		at = strstr(at, want);
		if (!CHECK(at != NULL))
			return;
		at += strlen(want);
		end = cpu % 8 == 7 || cpu == cpus - 1 ? "\n" : "  cpu";
		CHECK(!strncmp(at, end, strlen(end)));
	}
	CHECK_STR(at, "\n");
}

UNIT(timeline, every_answer_is_whole)
{
	unsigned int cpus;

	for (cpus = 1; cpus <= NR_CPUS; cpus++) {
		check_answers(cpus, 0);
		check_answers(cpus, 99999999 - 2 * NR_CPUS);
	}
}

UNIT(timeline, lines_of_ten_cpus)
{
	host_log[0] = '\0';
	timeline_print(record(10, 5));
	CHECK_STR(host_log,
		  "patch: 1 site, 10 CPUs, 1.5 us\n"
		  "  +     1.5 us sync            1.5  cpu0 0.5  cpu1 0.6"
		  "  cpu2 0.7  cpu3 0.8  cpu4 0.9  cpu5 1.0  cpu6 1.1"
		  "  cpu7 1.2\n"
		  "                                    cpu8 1.3  cpu9 1.4\n");
}
