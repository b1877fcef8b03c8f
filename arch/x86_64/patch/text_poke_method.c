// SPDX-License-Identifier: MIT
/*
 * The protocol as data: a method is a list of steps, and poke_run() walks it.
 *
 * Owns the writing side of the published batch (poke_batch, poke_seq) and the
 * method in force.
 *
 * I1 Tails are written only while every CPU is known to see INT3 in front of
 *    them, first bytes only when every CPU is known to see the tails.
 * I2 The vector stays unchanged while a handler may read it.
 *
 * Context: [P], task, interrupts on. Preemption is off from the first step to
 * the last, because all other CPUs trap at every site during that time.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/smp.h>

struct poke_batch poke_batch;
unsigned long poke_seq;

static struct poke_stats stats; /* [P] */

/* ---- the methods ---- */

static const u8 steps_int3[] = {
	POKE_PUBLISH, POKE_INT3, POKE_SYNC,    POKE_TAIL,   POKE_SYNC,
	POKE_HEAD,    POKE_SYNC, POKE_REWRITE, POKE_RETIRE, POKE_END,
};

static const u8 steps_nosync[] = {
	POKE_PUBLISH, POKE_INT3,   POKE_TAIL, POKE_HEAD,
	POKE_REWRITE, POKE_RETIRE, POKE_END,
};

static const u8 steps_naive[] = { POKE_BYTES, POKE_END };

static const u8 steps_stop[] = { POKE_STOP, POKE_BYTES, POKE_RESUME, POKE_END };

static const u8 steps_jmpself[] = {
	POKE_JMPSELF, POKE_SYNC, POKE_TAIL3,   POKE_SYNC,
	POKE_HEAD2,   POKE_SYNC, POKE_REWRITE, POKE_END,
};

static const struct poke_method methods[] = {
	{ "int3", "INT3, tails, first bytes; all CPUs synchronised between",
	  steps_int3 },
	{ "naive", "the bytes one after the other", steps_naive },
	{ "int3-nosync", "int3 without the synchronisation", steps_nosync },
	{ "stop", "all other CPUs parked while the bytes change", steps_stop },
	{ "jmpself", "a jump to itself over the first two bytes meanwhile",
	  steps_jmpself },
};

static const struct poke_method *method = &methods[0]; /* [P] */
static poke_hook_t hook;			       /* [P] */

const struct poke_method *poke_method_nth(unsigned int i)
{
	return i < ARRAY_SIZE(methods) ? &methods[i] : NULL;
}

const struct poke_method *poke_method_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

void poke_lab_method(const struct poke_method *use)
{
	mutex_lock(&text_mutex);
	method = use ? use : &methods[0];
	mutex_unlock(&text_mutex);
}

void poke_lab_hook(poke_hook_t use)
{
	mutex_lock(&text_mutex);
	hook = use;
	mutex_unlock(&text_mutex);
}

/* ---- the batch that the INT3 handler sees ---- */

static void publish(const struct text_poke *vec, size_t n)
{
	poke_batch.vec = vec;
	poke_batch.n = n;
	poke_batch.top = poke_search_top(n);
	/* Order: the vector, then the sequence, then the first INT3. */
	smp_store_release(&poke_seq, poke_seq + 1);
}

/* From here on no handler takes a reference. */
static void unpublish(void)
{
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

/* ---- parking, for the laboratory's method "stop" ---- */

static u64 park_wanted;	 /* [A] CPUs to be parked */
static u64 park_arrived; /* [A] CPUs that are; each sets its own bit */
static u64 parked_since;

/* Parking is by NMI, so it also stops code with interrupts off. */
static notrace bool park(struct pt_regs *regs)
{
	u64 bit = 1ull << smp_processor_id();

	if (!(READ_ONCE(park_wanted) & bit))
		return false;
	fetch_or(&park_arrived, bit);
	while (READ_ONCE(park_wanted) & bit)
		cpu_relax();
	fetch_and(&park_arrived, ~bit);
	return true; /* the NMI ends in IRET, which serialises */
}

static void stop(void)
{
	u64 others = READ_ONCE(cpu_online_mask) & ~(1ull << smp_processor_id());
	unsigned int cpu;

	BUG_ON(nmi_handler_register(park));
	WRITE_ONCE(park_wanted, others);
	for_each_online_cpu(cpu)
		if (others >> cpu & 1)
			send_nmi(cpu);
	while (READ_ONCE(park_arrived) != others)
		cpu_relax();
	parked_since = rdtsc();
}

static void resume(void)
{
	WRITE_ONCE(park_wanted, 0);
	while (READ_ONCE(park_arrived))
		cpu_relax();
	stats.stopped += rdtsc() - parked_since;
	nmi_handler_unregister(park);
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
	case POKE_FORGET:
		return unpublish();
	case POKE_STOP:
		return stop();
	case POKE_RESUME:
		return resume();
	default:
		return write_step(step, vec, n);
	}
}

void poke_run(const struct text_poke *vec, size_t n)
{
	const u8 *step;
	u64 since;

	if (n == 0)
		return;
	preempt_disable();
	poke_record_begin(method, n);
	since = rdtsc();
	for (step = method->steps; *step != POKE_END; step++) {
		if (unlikely(hook))
			hook(*step);
		run_step(*step, vec, n);
		poke_record_step(*step);
	}
	stats.window_max = max(stats.window_max, rdtsc() - since);
	stats.batches++;
	stats.sites += n;
	poke_record_end();
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
	stats.window_max = 0;
}

const char *poke_step_name(enum poke_step step)
{
	static const char *const names[NR_POKE_STEPS] = {
		[POKE_PUBLISH] = "publish", [POKE_INT3] = "int3",
		[POKE_SYNC] = "sync",	    [POKE_TAIL] = "tails",
		[POKE_HEAD] = "first byte", [POKE_REWRITE] = "rewrite",
		[POKE_RETIRE] = "retire",   [POKE_FORGET] = "forget",
		[POKE_BYTES] = "bytes",	    [POKE_STOP] = "stop",
		[POKE_RESUME] = "resume",   [POKE_JMPSELF] = "jmpself",
		[POKE_TAIL3] = "tail 2..4", [POKE_HEAD2] = "bytes 0..1",
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
