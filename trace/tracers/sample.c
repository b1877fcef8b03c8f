// SPDX-License-Identifier: MIT
/*
 * sample.c - take stacks by timer or NMI and count equal ones.
 *
 * Owns a table of stacks for each CPU.
 *
 * SA1 Only the CPU itself writes to its table, from one context: the timer's
 *     interrupt, or the NMI. An entry is complete before its depth is set, so a
 *     reader on another CPU sees a whole stack or none.
 * SA2 The tables are freed when no timer is pending, every NMI asked for has
 *     been taken, and no handler looks at them.
 *
 * Context: task, sample_lock held, unless stated otherwise.
 */
#include "trace/tracers/sample.h"

#include "kernel/base/clock.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "kernel/timer.h"
#include "trace/trace.h"
#include <asm/atomic.h>

#define DEPTH	 32  /* functions of a stack that are kept */
#define IRQ_ROOM 24  /* and of the interrupt that takes it */
#define STACKS	 512 /* of a CPU */
#define PROBES	 16  /* places that are looked at for one */
#define NMI_MS	 1000

struct sample_stack {
	u64 count;
	u32 depth; /* 0: free */
	unsigned long addr[DEPTH];
};

/* The samples of one CPU. */
struct sample_cpu {
	struct timer timer; /* runs on @driver */
	unsigned int cpu, driver;
	bool asked; /* [A] an NMI has been sent to it */
	u64 lost;   /* no room in the table */
	struct sample_stack stack[STACKS];
};

static DEFINE_MUTEX(sample_lock);
static struct {
	struct sample_cpu *cpu[NR_CPUS]; /* [I] while sampling */
	u64 period_ns;
	bool nmi, on;
} sampler;

/* ---- taking a stack ------------------------------------------------------ */

/* Name functions, not instructions: a return address lies behind its call. */
static void name_functions(unsigned long *addr, unsigned int n)
{
	unsigned long off;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (kallsyms_lookup(addr[i] - (i > 0), &off, NULL))
			addr[i] -= (i > 0) + off;
}

static u64 hash_of(const unsigned long *addr, unsigned int n)
{
	u64 hash = n;

	while (n--)
		hash = (hash ^ addr[n]) * 0x100000001b3ULL;
	return hash ^ hash >> 32;
}

/* Context: SA1. */
static void count_stack(struct sample_cpu *s, unsigned long *addr,
			unsigned int n)
{
	u64 at = hash_of(addr, n), i;
	struct sample_stack *stack;

	for (i = 0; i < PROBES; i++) {
		stack = &s->stack[(at + i) % STACKS];
		if (!stack->depth) {
			memcpy(stack->addr, addr, n * sizeof(*addr));
			stack->count = 1;
			smp_store_release(&stack->depth, n); /* SA1 */
			return;
		}
		if (stack->depth == n &&
		    !memcmp(stack->addr, addr, n * sizeof(*addr))) {
			WRITE_ONCE(stack->count, stack->count + 1);
			return;
		}
	}
	WRITE_ONCE(s->lost, s->lost + 1);
}

/* Leave out the interrupt: what it interrupted has no return address. */
static void sample_interrupted(struct sample_cpu *s)
{
	unsigned long addr[IRQ_ROOM + DEPTH], slot[IRQ_ROOM + DEPTH];
	unsigned int n = stack_trace_save_slots(addr, slot, IRQ_ROOM + DEPTH);
	unsigned int first = 1;

	while (first < n && slot[first])
		first++;
	if (first == n)
		first = 0; /* a deep interrupt: better this than nothing */
	n = min(n - first, (unsigned int)DEPTH);
	name_functions(addr + first, n);
	count_stack(s, addr + first, n);
}

static bool sample_nmi(struct pt_regs *regs)
{
	struct sample_cpu *s = READ_ONCE(sampler.cpu[smp_processor_id()]);
	unsigned long addr[DEPTH];
	unsigned int n;

	if (!s || !READ_ONCE(s->asked))
		return false;
	n = stack_trace_save_regs(regs, addr, DEPTH, 0);
	name_functions(addr, n);
	count_stack(s, addr, n);
	smp_store_release(&s->asked, false); /* SA2 */
	return true;
}

/* Context: irq, on the driver. */
static void sample_tick(void *arg)
{
	struct sample_cpu *s = arg;

	timer_add(&s->timer, s->timer.expires_ns + sampler.period_ns);
	if (!sampler.nmi) {
		sample_interrupted(s);
	} else if (!READ_ONCE(s->asked)) {
		smp_store_release(&s->asked, true);
		send_nmi(s->cpu);
	}
}

/* ---- start and end ------------------------------------------------------- */

static void free_tables(struct sample_cpu **table)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		kfree(table[cpu]);
		table[cpu] = NULL;
	}
}

/* A CPU whose timer samples @cpu: itself or, by NMI, another one. */
static unsigned int driver_of(unsigned int cpu, bool nmi)
{
	unsigned int next = nmi ? next_online_cpu(cpu + 1) : cpu;

	return next == NR_CPUS ? next_online_cpu(0) : next;
}

static int make_tables(struct sample_cpu **table, u64 cpus, bool nmi)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!(cpus >> cpu & 1))
			continue;
		table[cpu] = kzalloc(sizeof(*table[cpu]));
		if (!table[cpu]) {
			free_tables(table);
			return -ENOMEM;
		}
		table[cpu]->cpu = cpu;
		table[cpu]->driver = driver_of(cpu, nmi);
		timer_setup(&table[cpu]->timer, sample_tick, table[cpu]);
	}
	return 0;
}

static void stop(void)
{
	u64 until;
	unsigned int cpu;

	if (!sampler.on)
		return;
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		if (sampler.cpu[cpu])
			timer_cancel_sync(&sampler.cpu[cpu]->timer);
	until = ktime_ns() + NMI_MS * 1000000ULL;
	for (cpu = 0; cpu < NR_CPUS && sampler.nmi; cpu++) {
		while (sampler.cpu[cpu] &&
		       smp_load_acquire(&sampler.cpu[cpu]->asked)) {
			if (ktime_ns() > until)
				panic("SA2: CPU %u takes no NMI", cpu);
			yield();
		}
	}
	sampler.on = false;
}

/* The handler stays: it declines what it has not asked for. */
static int prepare_nmi(void)
{
	static bool registered;
	int err = registered ? 0 : nmi_handler_register(sample_nmi);

	registered = !err;
	return err;
}

/* Put the tables in place and free those before them. */
static void replace_tables(struct sample_cpu **table)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		swap(sampler.cpu[cpu], table[cpu]);
	synchronize_cpus(); /* SA2: an NMI of somebody else's looks at them */
	free_tables(table);
}

/* Context: irq, or a task on a machine of one CPU. */
static void start_timer(void *arg)
{
	struct sample_cpu *s = arg;

	timer_add(&s->timer, ktime_ns() + sampler.period_ns);
}

static void start_timers(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct sample_cpu *s = sampler.cpu[cpu];

		if (s)
			smp_call_function_single(s->driver, start_timer, s,
						 true);
	}
}

static int start(u32 period_us, u64 cpus, bool nmi)
{
	struct sample_cpu *table[NR_CPUS] = { NULL };
	int err = nmi ? prepare_nmi() : 0;

	if (!err)
		err = make_tables(table, cpus, nmi);
	if (err)
		return err;
	stop();
	replace_tables(table);
	sampler.period_ns = period_us * 1000ULL;
	sampler.nmi = nmi;
	sampler.on = true;
	start_timers();
	return 0;
}

int sample_start(u32 period_us, u64 cpus, bool nmi)
{
	int err;

	if (period_us < SAMPLE_US_MIN || period_us > SAMPLE_US_MAX ||
	    !(cpus & cpu_online_mask))
		return -EINVAL;
	mutex_lock(&sample_lock);
	err = start(period_us, cpus, nmi);
	mutex_unlock(&sample_lock);
	return err;
}

void sample_stop(void)
{
	mutex_lock(&sample_lock);
	stop();
	mutex_unlock(&sample_lock);
}

bool sample_on(void)
{
	return READ_ONCE(sampler.on);
}

/* ---- reading ------------------------------------------------------------- */

struct sample_list {
	size_t n;
	u64 lost;
	struct sample_stack stack[];
};

/* Stacks in any order in which equal ones are neighbours. */
static int by_stack(const void *a, const void *b)
{
	const struct sample_stack *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return memcmp(x->addr, y->addr, x->depth * sizeof(x->addr[0]));
}

static int by_count(const void *a, const void *b)
{
	const struct sample_stack *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_stack(a, b);
}

/* Count the stacks there are and, if there is a list, append them. */
static size_t collect(struct sample_list *list, size_t room)
{
	size_t n = 0, i;
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		const struct sample_cpu *s = sampler.cpu[cpu];

		for (i = 0; s && i < STACKS && n < room; i++) {
			if (!smp_load_acquire(&s->stack[i].depth))
				continue;
			if (list)
				list->stack[n] = s->stack[i];
			n++;
		}
		if (s && list)
			list->lost += s->lost;
	}
	return n;
}

static void add_up(struct sample_list *list)
{
	size_t i, n = 0;

	sort(list->stack, list->n, sizeof(list->stack[0]), by_stack);
	for (i = 0; i < list->n; i++) {
		if (n && !by_stack(&list->stack[n - 1], &list->stack[i]))
			list->stack[n - 1].count += list->stack[i].count;
		else
			list->stack[n++] = list->stack[i];
	}
	list->n = n;
	sort(list->stack, n, sizeof(list->stack[0]), by_count);
}

struct sample_list *sample_copy(void)
{
	struct sample_list *list;
	size_t room;

	mutex_lock(&sample_lock);
	room = collect(NULL, ~0UL);
	list = kzalloc(sizeof(*list) + room * sizeof(list->stack[0]));
	if (list)
		list->n = collect(list, room);
	mutex_unlock(&sample_lock);
	if (list)
		add_up(list);
	return list;
}

static void put_name(unsigned long addr, struct trace_seq *seq)
{
	unsigned long off, size;
	const char *name = kallsyms_lookup(addr, NULL, NULL);

	if (!name)
		name = ftrace_trampoline_symbol(addr, &off, &size);
	if (name)
		trace_seq_puts(seq, name);
	else
		trace_seq_printf(seq, "0x%lx", addr);
}

bool sample_show(const struct sample_list *list, u64 *pos,
		 struct trace_seq *seq)
{
	const struct sample_stack *stack = &list->stack[*pos];
	size_t lines = list->n + (list->lost != 0);
	u32 i;

	if (*pos >= list->n) {
		if (list->lost && *pos == list->n)
			trace_seq_printf(seq, "[lost] %llu\n", list->lost);
		(*pos)++;
		return false;
	}
	for (i = stack->depth; i--;) {
		put_name(stack->addr[i], seq);
		trace_seq_putc(seq, i ? ';' : ' ');
	}
	trace_seq_printf(seq, "%llu\n", stack->count);
	return ++*pos < lines;
}
