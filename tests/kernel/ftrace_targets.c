// SPDX-License-Identifier: MIT
/* Targets and counting callbacks; see the header. */
#include "tests/kernel/ftrace_targets.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

/* One traceable function; the number keeps equal ones from being folded. */
#define TARGET(n)                                                         \
	static noinline __no_fp void ftrace_target_##n(void)              \
	{                                                                 \
		__asm__ volatile("" : : "i"(1##n));                          \
	}
#define TARGET10(n)                                                       \
	TARGET(n##0) TARGET(n##1) TARGET(n##2) TARGET(n##3) TARGET(n##4)  \
	TARGET(n##5) TARGET(n##6) TARGET(n##7) TARGET(n##8) TARGET(n##9)
#define TARGET100(n)                                                      \
	TARGET10(n##0) TARGET10(n##1) TARGET10(n##2) TARGET10(n##3)       \
	TARGET10(n##4) TARGET10(n##5) TARGET10(n##6) TARGET10(n##7)       \
	TARGET10(n##8) TARGET10(n##9)
#define NAME(n) ftrace_target_##n,
#define NAME10(n)                                                         \
	NAME(n##0) NAME(n##1) NAME(n##2) NAME(n##3) NAME(n##4)            \
	NAME(n##5) NAME(n##6) NAME(n##7) NAME(n##8) NAME(n##9)
#define NAME100(n)                                                        \
	NAME10(n##0) NAME10(n##1) NAME10(n##2) NAME10(n##3) NAME10(n##4)  \
	NAME10(n##5) NAME10(n##6) NAME10(n##7) NAME10(n##8) NAME10(n##9)

/* ftrace_target_000 to ftrace_target_999 */
TARGET100(0)
TARGET100(1)
TARGET100(2)
TARGET100(3)
TARGET100(4)
TARGET100(5)
TARGET100(6)
TARGET100(7)
TARGET100(8)
TARGET100(9)

const target_fn ftrace_target[NR_TARGETS] = {
	NAME100(0) NAME100(1) NAME100(2) NAME100(3) NAME100(4)
	NAME100(5) NAME100(6) NAME100(7) NAME100(8) NAME100(9)
};

/* A task may migrate in here: the counter it found may be another CPU's. */
void notrace count_callback(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct count_ops *count = container_of(ops, struct count_ops, ops);

	__atomic_fetch_add(&count->hits[smp_processor_id()], 1,
			   __ATOMIC_RELAXED);
}

u64 count_hits(const struct count_ops *count)
{
	unsigned int cpu;
	u64 sum = 0;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		sum += READ_ONCE(count->hits[cpu]);
	return sum;
}

int filter_targets(struct ftrace_ops *ops, unsigned int first, unsigned int n)
{
	return ftrace_set_filter_ips(ops, target_ips(first), n, 0, 1);
}

int filter_text(struct ftrace_ops *ops, const char *text)
{
	return ftrace_set_filter(ops, text, strlen(text), 1);
}

/* ---- direct targets, ftrace_probe.asm ---- */

DEFINE_PER_CPU(u64[NR_DIRECT], direct_count);

const unsigned long direct_target[NR_DIRECT] = {
	(unsigned long)direct_0,
	(unsigned long)direct_1,
	(unsigned long)direct_2,
	(unsigned long)direct_3,
};

u64 direct_hits(unsigned int i)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(per_cpu(direct_count, cpu)[i]);
	return sum;
}

void direct_reset(void)
{
	unsigned int cpu, i;

	for_each_online_cpu(cpu)
		for (i = 0; i < NR_DIRECT; i++)
			per_cpu(direct_count, cpu)[i] = 0;
}
