// SPDX-License-Identifier: MIT
/*
 * The recorder of the theatre.
 *
 * Owns the one recording. Each table of it has one writer: the patcher has
 * steps, stores and rounds, each CPU has its runs and its time in the park.
 *
 * LR1 A call is in exactly one run, or counted as dropped.
 * LR2 Times rise: each is read before or after what it is the time of.
 *
 * Context: record_print() task; the rest as record.h says. Nothing here waits,
 * locks or is traceable while it records.
 */
#include "tests/lab/record.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/lab/method.h"
#include "tests/lab/record_data.h"
#include <asm/cpu.h>
#include <asm/smp.h>

struct recording record_now;

bool record_live;
static u64 jump_to; /* [A] TSC: until then the site is a jump to itself; 0 */

/* But for the runs: they are many, and each is set when it is begun. */
static void forget_all(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct record_cpu *c = &record_now.cpu[cpu];

		while (READ_ONCE(c->busy)) /* in record_call(), for a moment */
			cpu_relax();
		memset(c, 0, offsetof(struct record_cpu, runs));
	}
	memset(&record_now, 0, offsetof(struct recording, cpu));
}

void record_start(const struct record_scene *scene)
{
	forget_all();
	record_now.scene = *scene;
	record_now.patcher = smp_processor_id();
	record_now.cpus = num_online_cpus();
	WRITE_ONCE(jump_to, 0);
	record_now.start = rdtsc();
	smp_store_release(&record_live, true);
}

void record_stop(void)
{
	WRITE_ONCE(record_live, false);
	smp_mb(); /* pairs with the one in record_call() */
}

/* ---- calls ---- */

static notrace bool same_kind(const struct record_run *run,
			      const struct record_call *call)
{
	const struct record_call *kind = &run->kind;

	return kind->did == call->did && kind->how == call->how &&
	       kind->late == call->late && kind->again == call->again &&
	       kind->vector == call->vector && kind->saw == call->saw;
}

static notrace struct record_run *run_for(struct record_cpu *cpu,
					  const struct record_call *call)
{
	struct record_run *run = &cpu->runs[cpu->nr_runs];

	if (cpu->nr_runs && same_kind(run - 1, call))
		return run - 1;
	if (cpu->nr_runs == ARRAY_SIZE(cpu->runs))
		return NULL;
	cpu->nr_runs++;
	run->kind = *call;
	run->n = 0;
	return run;
}

static notrace void add_call(struct record_cpu *cpu,
			     const struct record_call *call)
{
	struct record_run *run;

	WRITE_ONCE(cpu->calls, cpu->calls + 1);
	cpu->torn += call->did == DID_MIX;
	cpu->lost += call->did == DID_NOBODY || call->did == DID_TWICE ||
		     call->did == DID_FREED;
	run = run_for(cpu, call);
	if (!run) {
		cpu->dropped++;
		return;
	}
	run->n++;
	run->last = call->t;
	run->end = call->end;
}

notrace void record_call(const struct record_call *call)
{
	struct record_cpu *cpu = &record_now.cpu[smp_processor_id()];

	WRITE_ONCE(cpu->busy, true);
	smp_mb(); /* pairs with record_stop(): it waits, or we see the stop */
	if (recording() && call->t >= record_now.start)
		add_call(cpu, call);
	smp_store_release(&cpu->busy, false);
}

notrace u64 record_calls(unsigned int cpu)
{
	return READ_ONCE(record_now.cpu[cpu].calls);
}

notrace bool record_waited(u64 t)
{
	/* Before that moment only a jump leads to the new instruction. */
	return t < READ_ONCE(jump_to);
}

notrace void record_inside(u64 t, u64 end)
{
	struct record_cpu *cpu = &record_now.cpu[smp_processor_id()];

	cpu->inside = t;
	cpu->left = end;
}

void record_quiet(void)
{
	record_now.quiet = rdtsc();
}

/* ---- the patcher ---- */

void record_step_begins(unsigned int step)
{
	struct recording *r = &record_now;

	r->dropped += r->nr_steps == ARRAY_SIZE(r->steps);
	if (r->nr_steps == ARRAY_SIZE(r->steps))
		return;
	r->steps[r->nr_steps].step = step;
	r->steps[r->nr_steps].t = rdtsc();
}

static void note_round(struct recording *r, u64 t)
{
	struct record_round *round = &r->rounds[r->nr_rounds];
	unsigned int cpu;

	if (r->nr_rounds == ARRAY_SIZE(r->rounds)) {
		r->dropped++;
		return;
	}
	r->nr_rounds++;
	round->t = t;
	for_each_online_cpu(cpu)
		round->end[cpu] = READ_ONCE(per_cpu(sync_core_ack, cpu).tsc);
}

void record_step_ends(unsigned int step)
{
	struct recording *r = &record_now;
	struct record_step *now = &r->steps[r->nr_steps];

	if (r->nr_steps == ARRAY_SIZE(r->steps))
		return;
	r->nr_steps++;
	now->end = rdtsc();
	if (step == POKE_SYNC)
		note_round(r, now->t);
}

static notrace bool of_site(unsigned long addr)
{
	return addr - record_now.scene.site < INSN_MAX;
}

notrace void record_store_begins(unsigned long addr)
{
	struct recording *r = &record_now;

	if (!of_site(addr))
		return;
	if (r->steps[r->nr_steps % ARRAY_SIZE(r->steps)].step == LAB_HEAD2)
		WRITE_ONCE(jump_to, rdtsc());
	if (r->nr_stores < ARRAY_SIZE(r->stores))
		r->stores[r->nr_stores].t = rdtsc();
	else
		r->dropped++;
}

notrace void record_store_ends(unsigned long addr, size_t len)
{
	struct record_store *store = &record_now.stores[record_now.nr_stores];

	if (!of_site(addr) ||
	    record_now.nr_stores == ARRAY_SIZE(record_now.stores))
		return;
	store->end = rdtsc();
	store->off = (u8)(addr - record_now.scene.site);
	store->len = (u8)len;
	store->after = insn_load((const void *)record_now.scene.site, INSN_MAX);
	record_now.nr_stores++;
}

/* ---- the park ---- */

notrace void record_parked(void)
{
	if (recording())
		record_now.cpu[smp_processor_id()].parked = rdtsc();
}

notrace void record_resumed(void)
{
	if (recording())
		record_now.cpu[smp_processor_id()].resumed = rdtsc();
}
