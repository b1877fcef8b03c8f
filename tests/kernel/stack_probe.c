// SPDX-License-Identifier: MIT
/*
 * Questions about saved stacks, and stacks sampled by NMIs.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/stack_probe.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

#define WAIT_MS	  20000
#define SAMPLE_NS 200000000

bool is_in(unsigned long ip, const void *function)
{
	unsigned long off;

	return kallsyms_lookup(ip, &off, NULL) &&
	       ip - off == (unsigned long)function;
}

static const char *name_at(const struct trace *t, unsigned int i)
{
	const char *name = NULL;

	if (i < t->n)
		name = kallsyms_lookup(t->ip[i], NULL, NULL);
	return name ? name : "?";
}

unsigned int trace_find(const struct trace *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(name_at(t, i), name))
			return i;
	return TRACE_DEPTH;
}

void trace_show(const struct trace *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		ktest_note("  %pS", (void *)t->ip[i]);
}

bool trace_has_chain(const struct trace *t, const char *const *names)
{
	unsigned int at = trace_find(t, names[0]), i;

	for (i = 0; names[i]; i++) {
		if (strcmp(name_at(t, at + i), names[i])) {
			ktest_note("no %s at %u in:", names[i], at + i);
			trace_show(t);
			return false;
		}
	}
	return true;
}

/* ---- samples ------------------------------------------------------------- */

noinline unsigned long sample_leaf(unsigned long n)
{
	return n * 3 + 1;
}

noinline unsigned long sample_loop(unsigned long n)
{
	n = sample_leaf(n);
	barrier();
	return n;
}

noinline void sample_root(void)
{
	static unsigned long n;

	n = sample_loop(n);
	barrier();
}

static struct {
	const struct nmi_sample *what;
	struct task_struct *task;
	bool stop;
	atomic_t taken;
	unsigned long good, bad;
	struct trace last_bad;
} sampling;

static int sampled(void *unused)
{
	while (!READ_ONCE(sampling.stop)) {
		sampling.what->run();
		cond_resched(); /* unregistering waits for tasks */
	}
	return 0;
}

static notrace bool take_sample(struct pt_regs *regs)
{
	enum sample_verdict verdict;
	struct trace t;

	if (smp_processor_id() != 1)
		return false;
	t.n = stack_trace_save_regs(regs, t.ip, TRACE_DEPTH, 0);
	verdict = sampling.what->judge(&t);
	sampling.good += verdict == SAMPLE_GOOD;
	if (verdict == SAMPLE_BAD) {
		sampling.bad++;
		sampling.last_bad = t;
	}
	atomic_inc(&sampling.taken);
	return true;
}

/* An interrupt, and the NMI a little later: often in its entry or exit. */
static void interrupt_first(unsigned int turn)
{
	unsigned int i;

	smp_send_reschedule(1);
	for (i = 0; i < turn * 7 % 200; i++)
		cpu_relax();
}

static void take_samples(void)
{
	u64 end = ktime_ns() + SAMPLE_NS, last = end + 20ULL * SAMPLE_NS;
	unsigned int turn = 0;
	int taken;

	slices_begin(SLICES_SHORT + 3);
	/* On a busy host the first good one may take longer. */
	while (ktime_ns() < end ||
	       (!READ_ONCE(sampling.good) && ktime_ns() < last)) {
		taken = atomic_read(&sampling.taken);
		if (sampling.what->interrupts)
			interrupt_first(turn++);
		send_nmi(1);
		slices_vary();
		if (!wait_until(atomic_read(&sampling.taken) != taken, WAIT_MS))
			break;
	}
	slices_end();
}

bool nmi_sample_begin(const struct nmi_sample *what)
{
	memset(&sampling, 0, sizeof(sampling));
	sampling.what = what;
	kthread_bind(current, 0);
	sampling.task = kthread_create(sampled, NULL, "sampled");
	if (!EXPECT(!IS_ERR(sampling.task)))
		return false;
	kthread_bind(sampling.task, 1);
	EXPECT_EQ(nmi_handler_register(take_sample), 0);
	wake_up_process(sampling.task);
	return true;
}

bool nmi_sample_take(u64 ns)
{
	int taken = atomic_read(&sampling.taken);
	u64 end = ktime_ns() + ns;

	send_nmi(1);
	while (atomic_read(&sampling.taken) == taken && ktime_ns() < end)
		cpu_relax();
	return atomic_read(&sampling.taken) != taken;
}

void nmi_sample_end(bool some)
{
	WRITE_ONCE(sampling.stop, true);
	kthread_join(sampling.task);
	nmi_handler_unregister(take_sample);
	EXPECT(sampling.good || !some);
	EXPECT_EQ(sampling.bad, 0);
	if (sampling.bad)
		trace_show(&sampling.last_bad);
}

void nmi_sample(const struct nmi_sample *what)
{
	if (!nmi_sample_begin(what))
		return;
	take_samples();
	nmi_sample_end(true);
}
