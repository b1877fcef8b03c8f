// SPDX-License-Identifier: MIT
/*
 * The protocol as data: a list of steps, and poke_run() walks it.
 *
 * Owns the writing side of the published batch (poke_ranges, poke_seq), the
 * observer and the totals.
 *
 * I1 Tails are written only while every CPU is known to see INT3 in front of
 *    them, first bytes only when every CPU is known to see the tails.
 * I2 The vector stays unchanged while a handler may read it.
 *
 * Context: [P], task, interrupts on. Preemption is off from the first step to
 * the last, because all other CPUs trap at every site during that time.
 */
#include "arch/x86_64/cpu/traps.h"
#include "trace/arch_patch_events.h"
#include "arch/x86_64/patch/poke_hooks.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/panic.h"
#include "kernel/mutex.h"
#include <asm/cpu.h>
#include <asm/smp.h>
#include <asm/tsc.h>

unsigned long poke_seq;

static struct poke_stats stats; /* [P] */

static const u8 steps_int3[] = {
	POKE_PUBLISH, POKE_INT3, POKE_SYNC,    POKE_TAIL,   POKE_SYNC,
	POKE_HEAD,    POKE_SYNC, POKE_REWRITE, POKE_RETIRE, POKE_END,
};

static poke_observer_t observer; /* [P] */

void poke_observe(poke_observer_t use)
{
	mutex_lock(&text_mutex);
	observer = use;
	mutex_unlock(&text_mutex);
}

/* ---- the batch that the INT3 handler sees ---- */

/*
 * While the sequence is even, no handler reads a range. retire() has waited for
 * each that took its reference during the last batch. One that takes it later
 * sees another sequence than before, and looks again. So plain stores will do,
 * and no handler sees a range half written.
 * Order: the ranges, then the sequence, then the first INT3.
 */
static void publish(const struct text_poke *vec, size_t n)
{
	unsigned long seq = poke_seq + 1;

	poke_index_fill(poke_index(), seq, vec, n);
	/* Pairs with the second look at the sequence in try_batch(). */
	smp_store_release(&poke_seq, seq);
	WRITE_ONCE(int3_short, true);
}

/* From here on no handler takes a reference. */
static void unpublish(void)
{
	WRITE_ONCE(int3_short, false);
	smp_store_release(&poke_seq, poke_seq + 1);
}

/*
 * Wait for the handlers that hold a reference. They never wait, so this is
 * short. A handler that takes one later sees the changed sequence.
 */
static void retire(void)
{
	unsigned int cpu;

	unpublish();
	smp_mb(); /* pairs with the lock prefix of get_ref() */
	for_each_online_cpu(cpu)
		while (READ_ONCE(per_cpu(poke_refs, cpu)))
			cpu_relax();
}

/* ---- the steps ---- */

static void write_step(enum poke_step step, const struct text_poke *vec,
		       size_t n)
{
	unsigned long wrong = poke_write(step, vec, n);

	if (wrong)
		panic("I1: site %pS does not read back: %5ph", (void *)wrong,
		      (void *)wrong);
}

static void run_step(enum poke_step step, const struct text_poke *vec, size_t n)
{
	switch (step) {
	case POKE_PUBLISH:
		return publish(vec, n);
	case POKE_SYNC:
		return sync_core_all();
	case POKE_RETIRE:
		return retire();
	default:
		return write_step(step, vec, n);
	}
}

static void tell_observer(enum poke_step next)
{
	if (unlikely(observer))
		observer(next);
}

/* After a round that began at @start, by the TSC. */
static void trace_answers(u64 start)
{
	u64 round = sync_core_rounds(), tsc;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		tsc = READ_ONCE(per_cpu(sync_core_ack, cpu).tsc);
		/* A counter may be behind this CPU's by a little. */
		trace_sync_ack(round, cpu,
			       tsc > start ? tsc_to_ns(tsc - start) : 0);
	}
}

/* For the hooks see poke_hooks.h. */
void poke_run(const struct text_poke *vec, size_t n)
{
	u64 begin = rdtsc(), start;
	const u8 *step;

	if (n == 0)
		return;
	preempt_disable();
	trace_batch_begin(n, num_online_cpus());
	for (step = poke_steps(steps_int3); *step != POKE_END; step++) {
		tell_observer(*step);
		trace_phase(*step);
		start = rdtsc();
		if (!poke_step_begins(*step, vec, n))
			run_step(*step, vec, n);
		poke_step_ends(*step);
		if (*step == POKE_SYNC && trace_sync_ack_enabled())
			trace_answers(start);
	}
	trace_batch_end(n, tsc_to_ns(rdtsc() - begin));
	stats.batches++;
	stats.sites += n;
	tell_observer(POKE_END);
	preempt_enable();
}

struct poke_stats poke_stats(void)
{
	struct poke_stats copy = stats;

	copy.chunks = poke_write_stats.chunks;
	copy.irqoff_max = poke_write_stats.irqoff_max;
	return copy;
}

void poke_stats_reset_max(void)
{
	poke_write_stats.irqoff_max = 0;
}

const char *poke_step_name(enum poke_step step)
{
	static const char *const names[NR_POKE_STEPS] = {
		[POKE_PUBLISH] = "publish", [POKE_INT3] = "int3",
		[POKE_SYNC] = "sync",	    [POKE_TAIL] = "tails",
		[POKE_HEAD] = "first byte", [POKE_REWRITE] = "rewrite",
		[POKE_RETIRE] = "retire",
	};

	return names[step];
}

struct poke_hits poke_hits_total(void)
{
	struct poke_hits sum = { .again = 0 };
	unsigned int cpu, i;

	for_each_online_cpu(cpu) {
		const struct poke_hits *hits = &per_cpu(poke_hits, cpu);

		for (i = 0; i < ARRAY_SIZE(sum.live); i++) {
			sum.live[i] += hits->live[i];
			sum.late[i] += hits->late[i];
		}
		sum.again += hits->again;
		sum.foreign += hits->foreign;
	}
	return sum;
}
