// SPDX-License-Identifier: MIT
/*
 * NMIs and patching: an INT3 inside an NMI does not let the next NMI in, an
 * NMI may come at any point of a batch, and what NMI handlers call is patched
 * like everything else.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/poke_widen.h"
#include <asm/atomic.h>
#include <asm/layout.h>
#include <asm/smp.h>

static struct farm farm;

/* ---- an INT3 inside an NMI ---- */

static unsigned int depth, max_depth, nmis, trapped;
static u32 landed;

/* Sends itself another NMI, then traps: that one must still wait. */
static notrace bool trap_inside(struct pt_regs *regs)
{
	unsigned long live;

	depth++;
	max_depth = max(max_depth, depth);
	if (nmis++ == 0) {
		send_nmi(smp_processor_id());
		live = this_cpu_read(poke_hits.live[INSN_KIND_CALL]);
		landed = farm_call(farm_fn(&farm, 0));
		trapped = this_cpu_read(poke_hits.live[INSN_KIND_CALL]) - live;
		/* Long enough for it to come, if it could. */
		slices_wait(20000);
		landed += farm_call(farm_fn(&farm, 0));
	}
	depth--;
	return true;
}

static void nmi_before_tails(enum poke_step next)
{
	if (next == POKE_TAIL)
		send_nmi(smp_processor_id());
}

KTEST(text_poke_nmi, int3_inside_does_not_unblock_nmis)
{
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	depth = max_depth = nmis = trapped = landed = 0;
	ASSERT_EQ(nmi_handler_register(trap_inside), 0);
	poke_observe(nmi_before_tails);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_observe(NULL);
	wait_until(READ_ONCE(nmis) == 2, 1000);
	nmi_handler_unregister(trap_inside);
	EXPECT_EQ(trapped, 1);
	EXPECT_EQ(landed, 2 * LANDED_A);
	EXPECT_EQ(nmis, 2);	 /* the second has come, */
	EXPECT_EQ(max_depth, 1); /* but not inside the first */
	farm_destroy(&farm);
}

/* ---- an NMI at every step, on the patching CPU and on all others ---- */

static u64 nmi_calls[NR_CPUS];
static u64 nmi_wrong;

static notrace bool call_in_nmi(struct pt_regs *regs)
{
	u32 got = farm_call(farm_fn(&farm, nmi_calls[0] % farm.n));

	nmi_calls[smp_processor_id()]++;
	if (got != LANDED_A && got != LANDED_B)
		nmi_wrong++;
	return true;
}

static void nmi_to_all(enum poke_step next)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		send_nmi(cpu);
	slices_wait(3000);
}

KTEST(text_poke_nmi, nmi_at_every_step)
{
	unsigned int turn;

	ASSERT_EQ(farm_init(&farm, 40, FARM_DENSE, PAGE_SIZE - 90), 0);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	nmi_wrong = nmi_calls[0] = 0;
	ASSERT_EQ(nmi_handler_register(call_in_nmi), 0);
	slices_set(SLICES_SHORT);
	poke_observe(nmi_to_all);
	for (turn = 0; turn < 10; turn++)
		EXPECT_EQ(farm_poke(&farm, turn % 2 ? FARM_A : FARM_B), 0);
	poke_observe(NULL);
	slices_set(0);
	nmi_handler_unregister(call_in_nmi);
	EXPECT_EQ(nmi_wrong, 0);
	EXPECT(nmi_calls[0] >= 40);
	farm_destroy(&farm);
}

/* ---- an NMI inside the INT3 handler ---- */

static u64 nmis_inside; /* [A] interrupted a handler with a reference */

static notrace bool look_for_handler(struct pt_regs *regs)
{
	if (this_cpu_read(poke_refs))
		fetch_add(&nmis_inside, 1);
	return true;
}

/*
 * From the patching CPU, which never traps itself: of two CPUs the other one
 * cannot send itself an NMI while it is in its handler.
 */
static void nmis_between_steps(enum poke_step next)
{
	unsigned int i, cpu;

	for (i = 0; i < 8; i++) {
		slices_stagger(next);
		for_each_online_cpu(cpu)
			if (cpu != smp_processor_id())
				send_nmi(cpu);
	}
}

/* Every trap lasts long, and NMIs rain, which trap themselves. */
KTEST_FLAGS(text_poke_nmi, nmi_inside_the_int3_handler, 0, 120)
{
	struct load_count count;
	unsigned int turn;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 30, FARM_STRIDE, 0), 0);
	nmis_inside = 0;
	ASSERT_EQ(nmi_handler_register(look_for_handler), 0);
	poke_widen(50000);
	slices_set(SLICES_SHORT);
	if (EXPECT_EQ(
		    load_begin(&farm, LOAD(LOAD_TASK) | LOAD(LOAD_NMI), false),
		    0)) {
		poke_observe(nmis_between_steps);
		for (turn = 0; turn < 12 || (turn < 400 && !nmis_inside);
		     turn++)
			EXPECT_EQ(load_poke(turn % 2 ? FARM_B : FARM_A), 0);
		poke_observe(NULL);
		count = load_end();
		EXPECT_EQ(count.torn, 0);
		EXPECT_EQ(count.wrong, 0);
		EXPECT(count.calls_from[LOAD_NMI] > 0);
	}
	slices_set(0);
	poke_widen(0);
	nmi_handler_unregister(look_for_handler);
	EXPECT(nmis_inside > 0);
	farm_destroy(&farm);
}
