// SPDX-License-Identifier: MIT
/* Targets and counting callbacks; see the header. */
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ftrace_targets.h"
#include <asm/barrier.h>
#include <asm/percpu.h>

/* clang-format off */

/* One traceable function; the number keeps equal ones from being folded. */
#define TARGET(n)                                                         \
	static noinline __no_fp void ftrace_target_##n(void)              \
	{                                                                 \
		__asm__ volatile("" : : "i"(1##n));                       \
	}

#define TEN(what, n)                                                      \
	what(n##0) what(n##1) what(n##2) what(n##3) what(n##4)            \
	what(n##5) what(n##6) what(n##7) what(n##8) what(n##9)
#define HUNDRED(what, n)                                                  \
	TEN(what, n##0) TEN(what, n##1) TEN(what, n##2) TEN(what, n##3)   \
	TEN(what, n##4) TEN(what, n##5) TEN(what, n##6) TEN(what, n##7)   \
	TEN(what, n##8) TEN(what, n##9)
/* 000 to 999 */
#define THOUSAND(what)                                                    \
	HUNDRED(what, 0) HUNDRED(what, 1) HUNDRED(what, 2)                \
	HUNDRED(what, 3) HUNDRED(what, 4) HUNDRED(what, 5)                \
	HUNDRED(what, 6) HUNDRED(what, 7) HUNDRED(what, 8)                \
	HUNDRED(what, 9)

THOUSAND(TARGET)

#define NAME(n) ftrace_target_##n,

const target_fn ftrace_target[NR_TARGETS] = { THOUSAND(NAME) };

/* clang-format on */

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
