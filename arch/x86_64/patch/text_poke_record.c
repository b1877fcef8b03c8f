// SPDX-License-Identifier: MIT
/*
 * The recorder of the patch engine.
 *
 * Owns a ring of records, allocated when recording is first turned on.
 *
 * Context: [P] text_mutex for every writer of a record. A batch runs with
 * preemption off, so the writers do not sleep.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "arch/x86_64/patch/text_poke_record.h"
#include "kernel/base/page.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include <asm/smp.h>
#include <asm/tsc.h>

static struct poke_record *records; /* [P] POKE_RECORDS of them, or NULL */
static u64 recorded;		    /* [P] batches since poke_record_start() */
static struct poke_record *now;	    /* [P] record of this batch, or NULL */
static bool recording;		    /* [P] */

int poke_record_start(void)
{
	size_t size = sizeof(struct poke_record) * POKE_RECORDS;
	int err = 0;

	mutex_lock(&text_mutex);
	if (!records)
		records = alloc_pages(page_order(size));
	if (records) {
		recorded = 0;
		recording = true;
	} else {
		err = -ENOMEM;
	}
	mutex_unlock(&text_mutex);
	return err;
}

void poke_record_stop(void)
{
	mutex_lock(&text_mutex);
	recording = false;
	mutex_unlock(&text_mutex);
}

const struct poke_record *poke_record_get(unsigned int n)
{
	if (n >= POKE_RECORDS || n >= recorded)
		return NULL;
	return &records[(recorded - 1 - n) % POKE_RECORDS];
}

/* ---- writing ---- */

void poke_record_begin(const struct poke_method *method, size_t sites)
{
	unsigned int cpu;

	if (likely(!recording))
		return;
	now = &records[recorded % POKE_RECORDS];
	memset(now, 0, sizeof(*now));
	now->number = recorded + 1;
	now->method = method;
	now->sites = sites;
	now->cpus = num_online_cpus();
	for_each_online_cpu(cpu)
		now->hits[cpu] = per_cpu(poke_hits, cpu);
	now->begin = rdtsc();
}

static void note_acks(struct poke_record_step *step)
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

void poke_record_step(enum poke_step step)
{
	struct poke_record_step *s;

	if (likely(!now) || now->nr_steps == POKE_RECORD_STEPS)
		return;
	s = &now->steps[now->nr_steps++];
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

void poke_record_end(void)
{
	unsigned int cpu;

	if (likely(!now))
		return;
	for_each_online_cpu(cpu)
		subtract_hits(&now->hits[cpu], &per_cpu(poke_hits, cpu));
	now->end = rdtsc();
	recorded++;
	now = NULL;
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

static void print_step(const struct poke_record *r,
		       const struct poke_record_step *s, u64 before)
{
	char line[200];
	size_t len, indent;
	unsigned int cpu, acks = 0;
	u64 at = tenths(r->begin, s->done), took = tenths(before, s->done);

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

void poke_record_print(const struct poke_record *r)
{
	u64 all = tenths(r->begin, r->end), before = r->begin;
	unsigned int i;

	pr_info("patch %llu: %zu site%s, method %s, %u CPUs, %llu.%llu us",
		r->number, r->sites, r->sites == 1 ? "" : "s", r->method->name,
		r->cpus, all / 10, all % 10);
	for (i = 0; i < r->nr_steps; i++) {
		print_step(r, &r->steps[i], before);
		before = r->steps[i].done;
	}
	for (i = 0; i < NR_CPUS; i++)
		print_hits(i, &r->hits[i]);
}
