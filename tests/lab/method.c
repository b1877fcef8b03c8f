// SPDX-License-Identifier: MIT
/*
 * The methods of the laboratory, and the steps that only they have.
 *
 * Owns the method in force and the CPUs it has parked.
 *
 * Context: [P] text_mutex, task; what runs in an NMI says so.
 */
#include "tests/lab/method.h"
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "tests/lab/record.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/smp.h>

static const u8 steps_nosync[] = {
	POKE_PUBLISH, POKE_INT3,   POKE_TAIL, POKE_HEAD,
	POKE_REWRITE, POKE_RETIRE, POKE_END,
};

static const u8 steps_naive[] = { LAB_BYTES, POKE_END };

static const u8 steps_stop[] = { LAB_STOP, LAB_BYTES, LAB_RESUME, POKE_END };

static const u8 steps_jmpself[] = {
	LAB_JMPSELF, POKE_SYNC, LAB_TAIL3,    POKE_SYNC,
	LAB_HEAD2,   POKE_SYNC, POKE_REWRITE, POKE_END,
};

static const struct lab_method methods[] = {
	{ "int3", "INT3, tails, first bytes; all CPUs synchronised between",
	  NULL /* the engine's own */ },
	{ "naive", "the bytes one after the other", steps_naive },
	{ "int3-nosync", "int3 without the synchronisation", steps_nosync },
	{ "stop", "all other CPUs parked while the bytes change", steps_stop },
	{ "jmpself", "a jump to itself over the first two bytes first",
	  steps_jmpself },
};

const u8 *lab_steps;
enum poke_fresh lab_fresh;

const struct lab_method *lab_method_nth(unsigned int i)
{
	return i < ARRAY_SIZE(methods) ? &methods[i] : NULL;
}

const struct lab_method *lab_method_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

void lab_use_method(const struct lab_method *method)
{
	mutex_lock(&text_mutex);
	lab_steps = method ? method->steps : NULL;
	mutex_unlock(&text_mutex);
}

void lab_use_fresh(enum poke_fresh fresh)
{
	mutex_lock(&text_mutex);
	lab_fresh = fresh;
	mutex_unlock(&text_mutex);
}

/* ---- parking ---- */

static u64 park_wanted;		  /* [A] CPUs to be parked */
static u64 park_arrived;	  /* [A] CPUs that are; each sets its own bit */
static u64 parked_since, stopped; /* [P] TSC cycles */

/* Parking is by NMI, so it also stops code with interrupts off. */
static notrace bool park(struct pt_regs *regs)
{
	u64 bit = 1ull << smp_processor_id();

	if (!(READ_ONCE(park_wanted) & bit))
		return false;
	record_parked();
	fetch_or(&park_arrived, bit);
	while (READ_ONCE(park_wanted) & bit)
		cpu_relax();
	record_resumed();
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
	stopped += rdtsc() - parked_since;
	nmi_handler_unregister(park);
}

u64 lab_stopped(void)
{
	return stopped;
}

/* ---- the steps ---- */

/*
 * The patcher has its interrupts off while it writes, so it executes nothing of
 * a site then either, and CR3 is written last, which serialises.
 */
static void write_parked(unsigned int step, const struct text_poke *vec,
			 size_t n)
{
	record_parked();
	lab_write(step, vec, n);
	record_resumed();
}

bool lab_step_begins(unsigned int step, const struct text_poke *vec, size_t n)
{
	if (recording())
		record_step_begins(step);
	if (step < NR_POKE_STEPS)
		return false;
	if (step == LAB_FORGET)
		smp_store_release(&poke_seq, poke_seq + 1);
	else if (step == LAB_STOP)
		stop();
	else if (step == LAB_RESUME)
		resume();
	else if (park_wanted)
		write_parked(step, vec, n);
	else
		lab_write(step, vec, n);
	return true;
}

const char *lab_step_name(unsigned int step)
{
	static const char *const names[NR_LAB_STEPS] = {
		[LAB_FORGET] = "forget",    [LAB_BYTES] = "bytes",
		[LAB_STOP] = "stop",	    [LAB_RESUME] = "resume",
		[LAB_JMPSELF] = "jmpself",  [LAB_TAIL3] = "tail 2..4",
		[LAB_HEAD2] = "bytes 0..1", [LAB_WAIT] = "wait for tasks",
		[LAB_FREE] = "free",
	};

	return step < NR_POKE_STEPS ? poke_step_name(step) : names[step];
}
