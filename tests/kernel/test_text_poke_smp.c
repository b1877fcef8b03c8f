// SPDX-License-Identifier: MIT
/*
 * The patch engine under load: every call of every context on every CPU lands
 * on exactly one target that was allowed at that moment (I1, I2).
 *
 * Bounded by time, not by the number of patches: with more busy CPUs than the
 * host has, each synchronisation costs the emulator a time slice.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/poke_widen.h"
#include <asm/cpu.h>
#include <asm/smp.h>

#define MIN_PATCHES 2 /* of 5,000 hot sites, they take seconds */

static struct farm farm;

/* Under icount a nanosecond is an instruction, and the schedule is exact. */
static u64 storm_ns(void)
{
	return slices_exact() ? 20000000 : 200000000;
}

/* Round and round through the kinds until the time is up. */
static unsigned int patch_for(u64 ns)
{
	static const u8 round[] = { FARM_A,   FARM_B,	  FARM_C,
				    FARM_NOP, FARM_JMP_A, FARM_NOP };
	u64 end = ktime_ns() + ns;
	unsigned int patches = 0;

	slices_set(SLICES_SHORT);
	do {
		if (!EXPECT_EQ(load_poke(round[patches % ARRAY_SIZE(round)]),
			       0))
			break;
		patches++;
		cond_resched();
	} while (ktime_ns() < end || patches < MIN_PATCHES);
	slices_set(0);
	return patches;
}

static void expect_clean(const struct load_count *count)
{
	u64 landed = load_landed_somewhere(count) + count->landed[FARM_NOP];

	if (count->wrong)
		ktest_note("first wrong: landed %#x, versions %u to %u",
			   count->first_wrong, count->allowed_from,
			   count->allowed_to);
	EXPECT_EQ(count->torn, 0);
	EXPECT_EQ(count->wrong, 0);
	EXPECT_EQ(landed, count->calls);
	/* Clean says something only of contexts that were there. */
	EXPECT(count->calls_from[LOAD_TASK] > 0);
	EXPECT(count->calls_from[LOAD_IRQ] > 0);
	EXPECT(count->calls_from[LOAD_NMI] > 0);
}

static void storm(size_t n, size_t stride, size_t offset)
{
	struct load_count count;

	ASSERT_EQ(farm_init(&farm, n, stride, offset), 0);
	if (EXPECT_EQ(load_begin(&farm, LOAD_ALL, false), 0)) {
		patch_for(storm_ns());
		count = load_end();
		if (num_online_cpus() > 1)
			expect_clean(&count);
		EXPECT_EQ(farm_check(&farm, farm.kind), 0);
	}
	farm_destroy(&farm);
}

KTEST(text_poke_smp, batches_of_1)
{
	storm(1, FARM_STRIDE, 0);
}

KTEST(text_poke_smp, one_site_across_a_page)
{
	storm(1, FARM_STRIDE, PAGE_SIZE - 2);
}

KTEST(text_poke_smp, one_site_across_a_cache_line)
{
	storm(1, FARM_STRIDE, 62);
}

KTEST(text_poke_smp, batches_of_2_adjacent)
{
	storm(2, FARM_DENSE, PAGE_SIZE - 8);
}

KTEST(text_poke_smp, batches_of_255)
{
	storm(255, FARM_STRIDE, 0);
}

KTEST(text_poke_smp, batches_of_256_dense)
{
	storm(256, FARM_DENSE, 3);
}

KTEST(text_poke_smp, batches_of_257)
{
	storm(257, FARM_STRIDE, 0);
}

KTEST_FLAGS(text_poke_smp, batches_of_5000_dense, 0, 90)
{
	storm(5000, FARM_DENSE, 0);
}

/*
 * Between the sites of a batch all others keep what they have: a batch over
 * the even ones while the odd ones are called, and the other way round.
 */
KTEST(text_poke_smp, caller_itself_is_exact)
{
	static const u8 round[] = { FARM_A, FARM_B, FARM_C, FARM_NOP };
	size_t i, turn;

	ASSERT_EQ(farm_init(&farm, 64, FARM_STRIDE, 0), 0);
	for (turn = 0; turn < 40; turn++) {
		EXPECT_EQ(farm_poke(&farm, round[turn % 4]), 0);
		for (i = 0; i < farm.n; i++)
			EXPECT_EQ(farm_call(farm_fn(&farm, i)),
				  farm_landing(farm.kind));
	}
	farm_destroy(&farm);
}

/* ---- wide windows ---- */

static u64 hook_random;

/* Wait a while before each step, differently each time. */
static void dawdle(enum poke_step next)
{
	u64 wait = farm_random(&hook_random) % 200000, start = rdtsc();

	while (rdtsc() - start < wait)
		cpu_relax();
}

KTEST(text_poke_smp, delays_between_steps_and_in_the_handler)
{
	hook_random = 0x1234567;
	poke_observe(dawdle);
	poke_widen(100000);
	storm(100, FARM_DENSE, PAGE_SIZE - 31);
	poke_widen(0);
	poke_observe(NULL);
}

KTEST(text_poke_smp, unrelated_int3_meanwhile)
{
	struct load_count count;

	ASSERT_EQ(farm_init(&farm, 50, FARM_STRIDE, 0), 0);
	poke_widen(20000);
	if (EXPECT_EQ(load_begin(&farm, LOAD_ALL | LOAD_INT3, true), 0)) {
		patch_for(storm_ns());
		count = load_end();
		expect_clean(&count);
		EXPECT(load_int3_fired() > 0);
		EXPECT_EQ(load_int3_handled(), load_int3_fired());
	}
	poke_widen(0);
	farm_destroy(&farm);
}

/* ---- the memory of a batch, and of everybody, while it runs ---- */

static struct paging_audit worst;
static unsigned int windows_seen, audits;
static bool audit_on;

static int keep_auditing(void *arg)
{
	struct paging_audit audit;

	while (READ_ONCE(audit_on)) {
		if (paging_audit(&audit))
			worst = audit;
		windows_seen += audit.window_open;
		audits++;
		cond_resched();
	}
	return 0;
}

/*
 * I3, seen from another CPU all through a row of patches. A window is open for
 * a short time, and Bochs is slow: most runs end long before the limit.
 */
KTEST_FLAGS(text_poke_smp, page_tables_stay_clean_I3, 0, 120)
{
	struct task_struct *task;
	u64 end;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 2000, FARM_DENSE, 0), 0);
	memset(&worst, 0, sizeof(worst));
	windows_seen = audits = 0;
	audit_on = true;
	task = kthread_run(keep_auditing, NULL, "audit");
	ASSERT(!IS_ERR(task));
	end = ktime_ns() + 200 * storm_ns();
	slices_set(SLICES_SHORT); /* or all windows open within one turn */
	while (ktime_ns() < end && (windows_seen < 3 || audits < 20))
		EXPECT_EQ(
			farm_poke(&farm, farm.kind == FARM_A ? FARM_B : FARM_A),
			0);
	slices_set(0);
	WRITE_ONCE(audit_on, false);
	kthread_join(task);
	EXPECT_EQ(worst.conflicts, 0);
	EXPECT(audits > 0);
	EXPECT(windows_seen > 0);
	farm_destroy(&farm);
}

/* ---- interrupts, and the space in which a batch is written ---- */

static unsigned int came, came_inside;
static bool interrupting;

/* Meant are those that come in the middle of a batch of the CPU they meet. */
static notrace void look_at_space(void *unused)
{
	if (!text_poke_live())
		return;
	came++;
	came_inside += read_cr3() == paging_poke_root();
}

static int keep_interrupting(void *arg)
{
	while (READ_ONCE(interrupting)) {
		smp_call_function_single(0, look_at_space, NULL, true);
		cond_resched();
	}
	return 0;
}

KTEST(text_poke_smp, no_interrupt_in_the_private_space)
{
	struct task_struct *task;
	unsigned int turn;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 2000, FARM_DENSE, 0), 0);
	came = came_inside = 0;
	interrupting = true;
	kthread_bind(current, 0);
	task = kthread_create(keep_interrupting, NULL, "interrupts");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, next_online_cpu(1));
	wake_up_process(task);
	slices_set(SLICES_SHORT);
	for (turn = 0; turn < 40; turn++)
		EXPECT_EQ(farm_poke(&farm, turn % 2 ? FARM_B : FARM_A), 0);
	slices_set(0);
	WRITE_ONCE(interrupting, false);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
	EXPECT(came > 0);
	EXPECT_EQ(came_inside, 0);
	farm_destroy(&farm);
}
