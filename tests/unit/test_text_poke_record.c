// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/text_poke_record.c: the timeline of machines larger than
 * any that a test could boot.
 *
 * host-sources: arch/x86_64/patch/text_poke_record.c kernel/base/fail.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "arch/x86_64/patch/text_poke_record.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include <asm/smp.h>
#include <asm/tsc.h>

DEFINE_PER_CPU(struct sync_core_ack, sync_core_ack);
DEFINE_PER_CPU(struct poke_hits, poke_hits);
DEFINE_MUTEX(text_mutex);

u64 sync_core_rounds(void)
{
	return 0;
}

unsigned int page_order(size_t size)
{
	return 0;
}

const char *poke_step_name(enum poke_step step)
{
	return "sync";
}

static const struct poke_method method = { .name = "int3" };

/* One step; CPU n of cpus has answered after first + n tenths of a us. */
static struct poke_record *record(unsigned int cpus, u64 first)
{
	static struct poke_record r;
	struct poke_record_step *step = &r.steps[0];
	unsigned int cpu;

	memset(&r, 0, sizeof(r));
	r.number = 1;
	r.method = &method;
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
	poke_record_print(record(cpus, first));
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

UNIT(text_poke_record, every_answer_is_whole)
{
	unsigned int cpus;

	for (cpus = 1; cpus <= NR_CPUS; cpus++) {
		check_answers(cpus, 0);
		check_answers(cpus, 99999999 - 2 * NR_CPUS);
	}
}

UNIT(text_poke_record, lines_of_ten_cpus)
{
	host_log[0] = '\0';
	poke_record_print(record(10, 5));
	CHECK_STR(host_log,
		  "patch 1: 1 site, method int3, 10 CPUs, 1.5 us\n"
		  "  +     1.5 us sync            1.5  cpu0 0.5  cpu1 0.6"
		  "  cpu2 0.7  cpu3 0.8  cpu4 0.9  cpu5 1.0  cpu6 1.1"
		  "  cpu7 1.2\n"
		  "                                    cpu8 1.3  cpu9 1.4\n");
}
