// SPDX-License-Identifier: MIT
/*
 * Owners of #BP (arch/x86_64/cpu/traps.h): on every CPU two of them, the patch
 * engine and the tests' own get exactly their own traps, all at once.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include <asm/atomic.h>
#include <asm/percpu.h>
#include <asm/pt_regs.h>

#define PATCHES	   12
#define CALLS_MIN  1000 /* of each owner's function, on each CPU */
#define NR_OWNERS  2
#define CLAIMED(i) (0xc0deUL + (i)) /* what the trap of owner i returns */

/* unsigned long owned_N(void): an INT3; its owner says what it returns. */
#define OWNED(n)                                             \
	__asm__(".pushsection .text\n"                       \
		".globl owned_" #n ", owned_" #n "_behind\n" \
		".type owned_" #n ", @function\n"            \
		"owned_" #n ":\n\txor %eax, %eax\n\tint3\n"  \
		"owned_" #n "_behind:\n\tret\n"              \
		".size owned_" #n ", . - owned_" #n "\n"     \
		".popsection\n");                            \
	unsigned long owned_##n(void);                       \
	extern const char owned_##n##_behind[]

OWNED(0);
OWNED(1);

static unsigned long (*const owned[NR_OWNERS])(void) = { owned_0, owned_1 };

struct owner_count {
	unsigned long fired[NR_OWNERS], claimed[NR_OWNERS];
	unsigned long wrong; /* calls whose trap another owner has handled */
};

static struct owner_count counts[NR_CPUS];
static bool greedy; /* owner 0 breaks TR1: it claims owner 1's traps, too */
static bool leave;

static __always_inline int claim(struct pt_regs *regs, unsigned int i)
{
	counts[smp_processor_id()].claimed[i]++;
	regs->ax = CLAIMED(i);
	return 1;
}

static notrace int claims_0(struct pt_regs *regs)
{
	if (regs->ip == (unsigned long)owned_0_behind ||
	    (READ_ONCE(greedy) && regs->ip == (unsigned long)owned_1_behind))
		return claim(regs, 0);
	return 0;
}

static notrace int claims_1(struct pt_regs *regs)
{
	return regs->ip == (unsigned long)owned_1_behind ? claim(regs, 1) : 0;
}

static const struct trap_owner test_owner_0 = { "test 0", claims_0 };
TABLE_ENTRY(int3_owners, 80, test_owner_0);

static const struct trap_owner test_owner_1 = { "test 1", claims_1 };
TABLE_ENTRY(int3_owners, 81, test_owner_1);

static int call_owned(void *arg)
{
	struct owner_count *count = arg;
	unsigned int i;

	while (!READ_ONCE(leave) || count->fired[1] < CALLS_MIN) {
		preempt_disable();
		for (i = 0; i < NR_OWNERS; i++) {
			count->fired[i]++;
			count->wrong += owned[i]() != CLAIMED(i);
		}
		preempt_enable();
		cond_resched();
	}
	return 0;
}

/* Owned traps on every CPU while work() runs; the sum of what was counted. */
static struct owner_count owned_traps(void (*work)(void))
{
	struct task_struct *task[NR_CPUS];
	struct owner_count sum = { .wrong = 0 };
	unsigned int cpu, i;

	memset(counts, 0, sizeof(counts));
	leave = false;
	for_each_online_cpu(cpu) {
		task[cpu] = kthread_create(call_owned, &counts[cpu], "owned");
		kthread_bind(task[cpu], cpu);
		wake_up_process(task[cpu]);
	}
	work();
	WRITE_ONCE(leave, true);
	for_each_online_cpu(cpu) {
		kthread_join(task[cpu]);
		sum.wrong += counts[cpu].wrong;
		for (i = 0; i < NR_OWNERS; i++) {
			sum.fired[i] += counts[cpu].fired[i];
			sum.claimed[i] += counts[cpu].claimed[i];
		}
	}
	return sum;
}

/* Sites are patched and called everywhere, and the tests' own INT3 fires. */
static void patch_under_load(void)
{
	static struct farm farm;
	struct load_count count;
	unsigned int i;

	ASSERT_EQ(farm_init(&farm, 50, FARM_STRIDE, 0), 0);
	if (EXPECT_EQ(load_begin(&farm, LOAD_ALL | LOAD_INT3, true), 0)) {
		for (i = 0; i < PATCHES; i++)
			EXPECT_EQ(load_poke(i % 2 ? FARM_B : FARM_A), 0);
		wait_until(load_int3_fired() > 0, 5000);
		count = load_end();
		EXPECT(count.calls > 0);
		EXPECT_EQ(count.wrong, 0);
		EXPECT_EQ(count.torn, 0);
		EXPECT_EQ(load_int3_handled(), load_int3_fired());
	}
	farm_destroy(&farm);
}

/* The place of an owner in the order, or the number of owners. */
static size_t place_of(const char *name)
{
	const struct trap_owner *const *at;

	for_each_entry(at, int3_owners)
	{
		if (!strcmp((*at)->name, name))
			break;
	}
	return (size_t)(at - int3_owners_first);
}

KTEST(trap_owners, the_order_is_probes_patch_engine_others_tests_TR1)
{
	EXPECT_EQ(place_of("probes"), 0);
	EXPECT_EQ(int3_owners_first[1]->claims, poke_int3_handler);
	EXPECT(place_of("test 0") < place_of("test 1"));
	EXPECT_EQ(place_of("test 1") + 1, place_of("tests"));
	EXPECT_EQ(place_of("tests") + 1, table_size(int3_owners));
}

KTEST(trap_owners, each_gets_exactly_its_own_TR1)
{
	struct owner_count sum = owned_traps(patch_under_load);
	unsigned int i;

	EXPECT_EQ(sum.wrong, 0);
	for (i = 0; i < NR_OWNERS; i++) {
		EXPECT(sum.fired[i] >= CALLS_MIN * num_online_cpus());
		EXPECT_EQ(sum.claimed[i], sum.fired[i]);
	}
}

static void nothing(void)
{
}

/* The protection is each owner's look at the address; here one is without. */
KTEST(trap_owners, control_a_greedy_owner_takes_anothers)
{
	struct owner_count sum;

	greedy = true;
	sum = owned_traps(nothing);
	greedy = false;
	EXPECT(sum.fired[1] > 0);
	EXPECT_EQ(sum.wrong, sum.fired[1]);
	EXPECT_EQ(sum.claimed[1], 0);
	EXPECT_EQ(sum.claimed[0], sum.fired[0] + sum.fired[1]);
}
