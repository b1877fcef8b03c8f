// SPDX-License-Identifier: MIT
/*
 * timeline.c - keeps and prints what one batch of the patch engine did.
 *
 * Owns the timeline of the last batch.
 *
 * Context: the observer [P] text_mutex, preemption off, so it does not sleep.
 */
#include "demo/timeline.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include <asm/barrier.h>
#include <asm/cpu.h>
#include <asm/smp.h>
#include <asm/tsc.h>

static struct timeline now;    /* [P] */
static enum poke_step running; /* [P] POKE_END between batches */

/* ---- writing ---- */

static void begin(void)
{
	unsigned int cpu;

	memset(&now, 0, sizeof(now));
	now.sites = poke_stats().sites;
	now.cpus = num_online_cpus();
	for_each_online_cpu(cpu)
		now.hits[cpu] = per_cpu(poke_hits, cpu);
	now.begin = rdtsc();
}

static void note_acks(struct timeline_step *step)
{
	u64 round = sync_core_rounds();
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct sync_core_ack *ack = &per_cpu(sync_core_ack, cpu);

		if (READ_ONCE(ack->round) != round)
			continue;
		step->acked |= 1ull << cpu;
		step->ack[cpu] = READ_ONCE(ack->tsc);
	}
}

static void step_is_done(enum poke_step step)
{
	struct timeline_step *s;

	if (now.nr_steps == TIMELINE_STEPS)
		return;
	s = &now.steps[now.nr_steps++];
	s->step = step;
	s->done = rdtsc();
	if (step == POKE_SYNC)
		note_acks(s);
}

/* hits holds the counts at the beginning; make it end - hits. */
static void subtract_hits(struct poke_hits *hits, const struct poke_hits *end)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hits->live); i++) {
		hits->live[i] = end->live[i] - hits->live[i];
		hits->late[i] = end->late[i] - hits->late[i];
	}
	hits->again = end->again - hits->again;
	hits->foreign = end->foreign - hits->foreign;
}

static void end(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		subtract_hits(&now.hits[cpu], &per_cpu(poke_hits, cpu));
	now.sites = poke_stats().sites - now.sites;
	now.end = rdtsc();
}

void timeline_observe(enum poke_step next)
{
	if (running == POKE_END)
		begin();
	else
		step_is_done(running);
	if (next == POKE_END)
		end();
	running = next;
}

const struct timeline *timeline_last(void)
{
	return &now;
}

/* ---- reading ---- */

/* Tenths of a microsecond from one TSC value to another. */
static u64 tenths(u64 from, u64 to)
{
	return to > from ? tsc_to_ns(to - from) / 100 : 0;
}

/*
 * Acknowledgements per line; more of them go on further lines. With times up to
 * 9,999,999.9 us a line has at most 180 characters.
 */
#define ACKS_IN_LINE 8

static void print_step(const struct timeline *t, const struct timeline_step *s,
		       u64 before)
{
	char line[200];
	size_t len, indent;
	unsigned int cpu, acks = 0;
	u64 at = tenths(t->begin, s->done), took = tenths(before, s->done);

	indent = len = scnprintf(line, sizeof(line),
				 "  +%6llu.%llu us %-10s %6llu.%llu", at / 10,
				 at % 10, poke_step_name(s->step), took / 10,
				 took % 10);
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		u64 ack = tenths(before, s->ack[cpu]);

		if (!(s->acked >> cpu & 1))
			continue;
		if (acks && acks % ACKS_IN_LINE == 0) {
			pr_info("%s", line);
			len = scnprintf(line, sizeof(line), "%*s", (int)indent,
					"");
		}
		len += scnprintf(line + len, sizeof(line) - len,
				 "  cpu%u %llu.%llu", cpu, ack / 10, ack % 10);
		acks++;
	}
	pr_info("%s", line);
}

static void print_hits(unsigned int cpu, const struct poke_hits *h)
{
	unsigned long live = 0, late = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(h->live); i++) {
		live += h->live[i];
		late += h->late[i];
	}
	if (live + late == 0)
		return;
	pr_info("  cpu%u met INT3 %lu times: did call %lu, nop %lu, jmp %lu%s",
		cpu, live + late,
		h->live[INSN_KIND_CALL] + h->late[INSN_KIND_CALL],
		h->live[INSN_KIND_NOP5] + h->late[INSN_KIND_NOP5],
		h->live[INSN_KIND_JMP32] + h->late[INSN_KIND_JMP32] +
			h->live[INSN_KIND_JMP8] + h->late[INSN_KIND_JMP8],
		late ? " (some late)" : "");
}

void timeline_print(const struct timeline *t)
{
	u64 all = tenths(t->begin, t->end), before = t->begin;
	unsigned int i;

	pr_info("patch: %zu site%s, %u CPUs, %llu.%llu us", t->sites,
		t->sites == 1 ? "" : "s", t->cpus, all / 10, all % 10);
	for (i = 0; i < t->nr_steps; i++) {
		print_step(t, &t->steps[i], before);
		before = t->steps[i].done;
	}
	for (i = 0; i < NR_CPUS; i++)
		print_hits(i, &t->hits[i]);
}
