// SPDX-License-Identifier: MIT
/*
 * call_stat.c - count the calls of some functions, by task.
 *
 * Owns the consumers. Each has a table for each CPU, with a slot for each task
 * that has called the function there.
 *
 * CS1 A slot is claimed by one compare-and-exchange of its pid and counted up
 *     by one instruction, with preemption off, so contexts that nest lose no
 *     call. Calls of tasks without a slot are counted together.
 * CS2 A consumer is freed after its ops is unregistered: no CPU is in it. One
 *     that cannot be unregistered for lack of memory is of no list any more; it
 *     leaves with the next write.
 *
 * Context: the callback: probe; all others: task, stat_lock held.
 */
#include "trace/tracers/call_stat.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"
#include <asm/local.h>

#define TASKS  128 /* slots; a power of two */
#define PROBES 8

struct task_slot {
	u64 calls;
	u64 key; /* pid + 1; 0: free */
	char comm[TASK_COMM_LEN];
};

struct consumer_cpu {
	u64 others; /* calls of tasks without a slot */
	struct task_slot slot[TASKS];
};

struct consumer {
	struct ftrace_ops ops;
	unsigned long ip;
	struct consumer_cpu *cpu[NR_CPUS];
	struct consumer *next; /* of those that are leaving */
};

static DEFINE_MUTEX(stat_lock);
static struct consumer *consumers[CALL_STAT_MAX];
static unsigned int nr_consumers;
static struct consumer *leaving; /* CS2 */

/* ---- counting ------------------------------------------------------------ */

/* Context: preemption off. Return: where the call of this task is counted. */
static u64 *counter_of(struct consumer_cpu *c)
{
	u64 key = (u64)current->pid + 1, i, found;
	struct task_slot *slot;

	for (i = 0; i < PROBES; i++) {
		slot = &c->slot[(key + i) % TASKS];
		found = local_read(&slot->key);
		if (likely(found == key))
			return &slot->calls;
		if (!found && local_try_cmpxchg(&slot->key, &found, key)) {
			memcpy(slot->comm, current->comm, TASK_COMM_LEN);
			return &slot->calls; /* CS1 */
		}
		if (found == key) /* a context that nested claimed it */
			return &slot->calls;
	}
	return &c->others;
}

static void count_call(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct consumer *c = container_of(ops, struct consumer, ops);
	struct consumer_cpu *here;

	(void)ip;
	(void)parent_ip;
	(void)fregs;
	preempt_disable_notrace();
	here = c->cpu[smp_processor_id()];
	if (likely(here))
		local_inc(counter_of(here));
	preempt_enable_notrace();
}

/* ---- consumers that come and go ------------------------------------------ */

static void free_consumer(struct consumer *c)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		kfree(c->cpu[cpu]);
	/* It is unregistered (CS2), so this cannot fail. */
	if (ftrace_free_filter(&c->ops))
		return;
	kfree(c);
}

static struct consumer *make_consumer(unsigned long ip)
{
	struct consumer *c = kzalloc(sizeof(*c));
	unsigned int cpu;
	bool whole = c;

	if (!c)
		return NULL;
	c->ip = ip;
	c->ops.func = count_call;
	for_each_online_cpu(cpu) {
		c->cpu[cpu] = kzalloc(sizeof(*c->cpu[cpu]));
		whole = whole && c->cpu[cpu];
	}
	if (whole && !ftrace_set_filter_ip(&c->ops, ip, 0, 1))
		return c;
	free_consumer(c);
	return NULL;
}

static void end_consumer(struct consumer *c)
{
	if (!unregister_ftrace_function(&c->ops)) {
		free_consumer(c);
		return;
	}
	c->next = leaving;
	leaving = c;
}

static void end_leaving(void)
{
	struct consumer *c = leaving, *next;

	leaving = NULL;
	for (; c; c = next) {
		next = c->next;
		end_consumer(c);
	}
}

/* Return: 0 and all of them in @list; or an error, and none. */
static int begin_all(struct consumer **list, const unsigned long *ips,
		     unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		list[i] = make_consumer(ips[i]);
		err = list[i] ? register_ftrace_function(&list[i]->ops) :
				-ENOMEM;
		if (err && list[i])
			free_consumer(list[i]);
	}
	if (!err)
		return 0;
	for (i--; i--;)
		end_consumer(list[i]);
	return err;
}

static int set(const unsigned long *ips, unsigned int n)
{
	struct consumer *list[CALL_STAT_MAX] = { NULL };
	unsigned int i;
	int err;

	end_leaving();
	err = begin_all(list, ips, n);
	if (err)
		return err;
	for (i = 0; i < nr_consumers; i++)
		end_consumer(consumers[i]);
	memcpy(consumers, list, sizeof(list));
	nr_consumers = n;
	return 0;
}

int call_stat_set(const unsigned long *ips, unsigned int n)
{
	int err;

	if (n > CALL_STAT_MAX)
		return -EINVAL;
	mutex_lock(&stat_lock);
	err = set(ips, n);
	mutex_unlock(&stat_lock);
	return err;
}

/* ---- reading ------------------------------------------------------------- */

struct call_row {
	unsigned int nr; /* of the function, as written */
	unsigned long ip;
	u64 calls;
	u64 key; /* ~0: tasks without a slot */
	char comm[TASK_COMM_LEN];
};

struct call_stat_list {
	size_t n;
	struct call_row row[];
};

/* Equal function and task together. */
static int by_task(const void *a, const void *b)
{
	const struct call_row *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return 0;
}

/* The functions as written, the most calls first. */
static int by_calls(const void *a, const void *b)
{
	const struct call_row *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return x->key < y->key ? -1 : 1;
}

static void add_row(struct call_stat_list *list, size_t *n, size_t room,
		    const struct call_row *row)
{
	if (!row->calls || *n == room)
		return;
	if (list)
		list->row[*n] = *row;
	++*n;
}

static void add_consumer(struct call_stat_list *list, size_t *n, size_t room,
			 unsigned int nr)
{
	struct call_row row = { .nr = nr, .ip = consumers[nr]->ip };
	unsigned int cpu, i;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		const struct consumer_cpu *c = consumers[nr]->cpu[cpu];

		if (!c)
			continue;
		for (i = 0; i < TASKS; i++) {
			row.key = READ_ONCE(c->slot[i].key);
			row.calls = READ_ONCE(c->slot[i].calls);
			memcpy(row.comm, c->slot[i].comm, TASK_COMM_LEN);
			row.comm[TASK_COMM_LEN - 1] = '\0';
			add_row(list, n, room, &row);
		}
		row.key = ~0ULL;
		row.calls = READ_ONCE(c->others);
		add_row(list, n, room, &row);
	}
}

/* Count the rows and, if there is a list, fill it. */
static size_t collect(struct call_stat_list *list, size_t room)
{
	unsigned int i;
	size_t n = 0;

	for (i = 0; i < nr_consumers; i++)
		add_consumer(list, &n, room, i);
	return n;
}

static void add_up(struct call_stat_list *list)
{
	size_t i, n = 0;

	sort(list->row, list->n, sizeof(list->row[0]), by_task);
	for (i = 0; i < list->n; i++) {
		if (n && !by_task(&list->row[n - 1], &list->row[i]))
			list->row[n - 1].calls += list->row[i].calls;
		else
			list->row[n++] = list->row[i];
	}
	list->n = n;
	sort(list->row, n, sizeof(list->row[0]), by_calls);
}

struct call_stat_list *call_stat_copy(void)
{
	struct call_stat_list *list;
	size_t room;

	mutex_lock(&stat_lock);
	room = collect(NULL, ~0UL);
	list = kzalloc(sizeof(*list) + room * sizeof(list->row[0]));
	if (list)
		list->n = collect(list, room);
	mutex_unlock(&stat_lock);
	if (list)
		add_up(list);
	return list;
}

bool call_stat_show(const struct call_stat_list *list, u64 *pos,
		    struct trace_seq *seq)
{
	const struct call_row *row = &list->row[*pos];
	char label[FTRACE_NAME_MAX];

	if (*pos >= list->n)
		return false;
	trace_seq_printf(seq, "%-32s ",
			 ftrace_rec_name(ftrace_rec_find(row->ip), label));
	if (row->key == ~0ULL)
		trace_seq_puts(seq, "       <others>          ");
	else
		trace_seq_printf(seq, "%16s-%-7d ", row->comm,
				 (int)(row->key - 1));
	trace_seq_printf(seq, "%12llu\n", row->calls);
	return ++*pos < list->n;
}
