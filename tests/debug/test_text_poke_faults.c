// SPDX-License-Identifier: MIT
/*
 * Negative controls: each protection of the patch engine is taken away, and a
 * check that holds with it is seen to fail without it.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/debug/poke_faults.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include "tests/lab/poke_observer.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

/* How long a failure is looked for, and how long none may come. */
static u64 limit_ns(void)
{
	return slices_exact() ? 300000000 : 8000000000;
}

static u64 clean_ns(void)
{
	return slices_exact() ? 15000000 : 400000000;
}

/*
 * A broken engine was seen to be broken. Where CPUs take short turns that is
 * sure; else the host's scheduler has to find the moment, and may not.
 */
static void expect_seen(u64 failures)
{
	if (!failures && !slices_exact())
		KTEST_SKIP("the host did not come upon it");
	EXPECT(failures > 0);
}

static struct farm farm;

#define METHOD(ident, ...)                                           \
	static const u8 ident##_steps[] = { __VA_ARGS__, POKE_END }; \
	static const struct lab_method ident = { #ident, "broken",   \
						 ident##_steps }

METHOD(no_sync1, POKE_PUBLISH, POKE_INT3, POKE_TAIL, POKE_SYNC, POKE_HEAD,
       POKE_SYNC, POKE_REWRITE, POKE_RETIRE);
METHOD(no_sync2, POKE_PUBLISH, POKE_INT3, POKE_SYNC, POKE_TAIL, POKE_HEAD,
       POKE_SYNC, POKE_REWRITE, POKE_RETIRE);
METHOD(no_sync_at_all, POKE_PUBLISH, POKE_INT3, POKE_TAIL, POKE_HEAD,
       POKE_REWRITE, POKE_RETIRE);
METHOD(head_first, POKE_PUBLISH, POKE_INT3, POKE_SYNC, POKE_HEAD, POKE_SYNC,
       POKE_TAIL, POKE_SYNC, POKE_REWRITE, POKE_RETIRE);
METHOD(no_drain, POKE_PUBLISH, POKE_INT3, POKE_SYNC, POKE_TAIL, POKE_SYNC,
       POKE_HEAD, POKE_SYNC, POKE_REWRITE, LAB_FORGET);

/* ---- in the middle of a batch, on the patching CPU ---- */

static u32 landed_at[NR_POKE_STEPS];

static void call_at_each_step(enum poke_step next)
{
	landed_at[next] = farm_call(farm_fn(&farm, 0));
}

/* A -> B: what a call lands on before the tails and before the first bytes. */
static void call_between_steps(u32 faults)
{
	memset(landed_at, 0xff, sizeof(landed_at));
	ASSERT_EQ(farm_init(&farm, 3, FARM_STRIDE, 0), 0);
	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_lab_faults(faults, 0);
	poke_observe(call_at_each_step);
	EXPECT_EQ(farm_poke(&farm, FARM_B), 0);
	poke_observe(NULL);
	poke_lab_faults(0, 0);
	farm_destroy(&farm);
}

KTEST(text_poke_faults, trapped_call_gets_the_new_target_I2)
{
	call_between_steps(0);
	EXPECT_EQ(landed_at[POKE_INT3], LANDED_A);
	EXPECT_EQ(landed_at[POKE_TAIL], LANDED_B);
	EXPECT_EQ(landed_at[POKE_HEAD], LANDED_B);
	EXPECT_EQ(landed_at[POKE_REWRITE], LANDED_B);
	EXPECT_EQ(landed_at[POKE_RETIRE], LANDED_B);
}

KTEST(text_poke_faults, emulating_the_old_instruction_is_seen)
{
	call_between_steps(POKE_FAULT_OLD_INSN);
	EXPECT_EQ(landed_at[POKE_TAIL], LANDED_A);
	EXPECT_EQ(landed_at[POKE_HEAD], LANDED_A);
}

KTEST(text_poke_faults, skipping_the_instruction_is_seen)
{
	call_between_steps(POKE_FAULT_SKIP);
	EXPECT_EQ(landed_at[POKE_TAIL], LANDED_NOP);
}

static struct {
	unsigned long fn;
	u32 landed;
} one_call;

static void do_one_call(void *unused)
{
	one_call.landed = farm_call(one_call.fn);
}

static bool head_first_trapped;

static void call_with_old_tail(enum poke_step next)
{
	struct trap_info info;

	if (next == POKE_TAIL)
		head_first_trapped =
			trap_catch(ARENA_TRAPS, do_one_call, NULL, &info);
}

KTEST(text_poke_faults, first_byte_before_tail_is_seen_I1)
{
	const struct lab_method *orders[] = { NULL, &head_first };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(farm_init_arena(&farm, 1, 0), 0);
		one_call.fn = farm_fn(&farm, 0);
		head_first_trapped = false;
		lab_use_method(orders[i]);
		poke_observe(call_with_old_tail);
		EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
		poke_observe(NULL);
		lab_use_method(NULL);
		EXPECT_EQ(head_first_trapped, i == 1);
		farm_destroy(&farm);
	}
}

/* ---- a synchronisation is missing: the observer ---- */

/* Until @enough says so, or time is up. */
static struct observation observe(const struct lab_method *method,
				  bool (*enough)(const struct observation *))
{
	struct observation seen = { .watched1 = 0 };
	u64 end = ktime_ns() + limit_ns();
	unsigned int turn = 0;

	if (!EXPECT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0) ||
	    !EXPECT_EQ(observer_begin(farm_fn(&farm, 0)), 0))
		return seen;
	lab_use_method(method);
	slices_set(SLICES_SHORT);
	poke_observe(slices_stagger);
	while (!enough(observer_seen()) && ktime_ns() < end) {
		enum farm_kind kind = turn++ % 2 ? FARM_B : FARM_A;

		farm_plan(&farm, kind);
		observer_announce(farm.vec[0].old, farm.vec[0].new);
		EXPECT_EQ(farm_poke(&farm, kind), 0);
		slices_wait(60000);
		cond_resched();
	}
	slices_set(0);
	poke_observe(NULL);
	lab_use_method(NULL);
	seen = observer_end();
	farm_destroy(&farm);
	return seen;
}

static bool watched_well(const struct observation *seen)
{
	return READ_ONCE(seen->watched1) >= 20 &&
	       READ_ONCE(seen->watched2) >= 20;
}

static bool violated1(const struct observation *seen)
{
	return READ_ONCE(seen->violations1);
}

static bool violated2(const struct observation *seen)
{
	return READ_ONCE(seen->violations2);
}

static bool alone(void)
{
	return num_online_cpus() == 1;
}

KTEST(text_poke_faults, no_phase_goes_on_without_every_cpu)
{
	struct observation seen;

	if (alone())
		KTEST_SKIP("needs a second CPU");
	seen = observe(NULL, watched_well);
	EXPECT(seen.watched1 > 0);
	EXPECT(seen.watched2 > 0);
	EXPECT_EQ(seen.violations1, 0);
	EXPECT_EQ(seen.violations2, 0);
}

KTEST(text_poke_faults, missing_first_sync_is_seen)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	expect_seen(observe(&no_sync1, violated1).violations1);
}

KTEST(text_poke_faults, missing_second_sync_is_seen)
{
	struct observation seen;

	if (alone())
		KTEST_SKIP("needs a second CPU");
	seen = observe(&no_sync2, violated2);
	expect_seen(seen.violations2);
	EXPECT_EQ(seen.violations1, 0);
}

KTEST(text_poke_faults, missing_all_syncs_is_seen)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	expect_seen(observe(&no_sync_at_all, violated1).violations1);
}

/* ---- the vector is reused while a handler reads it ---- */

#define FARM_SITES 8

/*
 * The first site is in the page of the unrelated INT3; no site of the farm is.
 */
static struct text_poke vectors[2][1 + FARM_SITES];

static int poke_vector(struct text_poke *vec, enum farm_kind kind)
{
	int err;

	load_poke_begins(kind);
	farm.vec = vec + 1;
	farm_plan(&farm, kind);
	vec->ip = (unsigned long)farm_int3_site;
	vec->old = vec->new = INSN_NOP5;
	err = text_poke_prepare(vec, 1 + FARM_SITES, NULL);
	if (!err)
		text_poke_apply();
	farm.kind = kind;
	load_poke_is_done();
	return err;
}

/*
 * Now all entries are about the place of everybody's unrelated INT3. Whatever
 * mixture of entry and poison somebody reads, he survives it. The vector is
 * used again only after the next batch, which has another: a CPU that reads
 * this one has answered a synchronisation, so is done.
 */
static void poison_vector(struct text_poke *vec)
{
	size_t i;

	for (i = 0; i < 1 + FARM_SITES; i++)
		WRITE_ONCE(vec[i].new, farm_poison_word());
	for (i = 0; i < 1 + FARM_SITES; i++)
		WRITE_ONCE(vec[i].ip, (unsigned long)farm_int3_at);
}

/*
 * Right after each batch its vector is reused for something else, while the
 * others meet unrelated INT3s: a handler that has loaded the vector before and
 * reads it now goes wrong. Return: how often one did.
 */
static u64 reuse_vectors(u32 faults, const struct lab_method *method, u64 ns)
{
	struct text_poke *own = farm.vec;
	u64 end = ktime_ns() + ns, torn = 0;
	struct load_count count;
	unsigned int turn;

	poke_lab_faults(faults | POKE_FAULT_DELAY, 30000);
	lab_use_method(method);
	slices_set(SLICES_SHORT);
	poke_observe(slices_stagger);
	while (!torn && ktime_ns() < end) {
		if (load_begin(&farm, LOAD_INT3, false))
			break;
		for (turn = 0; turn < 8 && ktime_ns() < end; turn++) {
			struct text_poke *vec = vectors[turn % 2];

			EXPECT_EQ(poke_vector(vec, turn % 2 ? FARM_B : FARM_A),
				  0);
			poison_vector(vec);
			slices_wait(60000);
		}
		count = load_end();
		torn = count.torn;
	}
	farm.vec = own;
	slices_set(0);
	poke_observe(NULL);
	lab_use_method(NULL);
	poke_lab_faults(0, 0);
	return torn;
}

KTEST(text_poke_faults, vector_is_reused_only_when_nobody_reads_it_I4)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, FARM_SITES, FARM_STRIDE, 0), 0);
	EXPECT_EQ(reuse_vectors(0, NULL, clean_ns()), 0);
	farm_destroy(&farm);
}

KTEST(text_poke_faults, vector_freed_early_is_seen)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, FARM_SITES, FARM_STRIDE, 0), 0);
	expect_seen(reuse_vectors(0, &no_drain, limit_ns()));
	farm_destroy(&farm);
}

KTEST(text_poke_faults, dropped_references_are_seen)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, FARM_SITES, FARM_STRIDE, 0), 0);
	expect_seen(reuse_vectors(POKE_FAULT_NO_REF, NULL, limit_ns()));
	farm_destroy(&farm);
}

/* ---- a late INT3: the handler is called as if one had been met ---- */

struct fake_trap {
	struct pt_regs regs;
	unsigned long stack[4];
};

static int fake_int3(struct fake_trap *trap, unsigned long ip)
{
	memset(trap, 0, sizeof(*trap));
	trap->regs.ip = ip + 1;
	trap->regs.sp = (unsigned long)&trap->stack[3];
	return poke_int3_handler(&trap->regs);
}

/* I2: what is done late is what the bytes say. */
KTEST(text_poke_faults, late_int3_does_what_the_bytes_say)
{
	enum farm_kind kind;
	struct fake_trap trap;
	unsigned long fn;

	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	fn = farm_fn(&farm, 0);
	for (kind = 0; kind < NR_FARM_KINDS; kind++) {
		u64 word = farm_word(&farm, 0, kind);
		bool call = insn_kind(word) == INSN_KIND_CALL;

		EXPECT_EQ(farm_poke(&farm, kind), 0);
		EXPECT_EQ(fake_int3(&trap, fn), 1);
		EXPECT_EQ(trap.regs.ip, insn_target(word, fn));
		EXPECT_EQ(trap.regs.sp,
			  (unsigned long)&trap.stack[call ? 2 : 3]);
		EXPECT_EQ(trap.stack[2], call ? fn + INSN_MAX : 0);
	}
	/* Without it such a trap would be a stray one. */
	poke_lab_faults(POKE_FAULT_NO_BYTES, 0);
	EXPECT_EQ(fake_int3(&trap, fn), 0);
	poke_lab_faults(0, 0);
	farm_destroy(&farm);
}

KTEST(text_poke_faults, foreign_int3_is_left_alone)
{
	static u8 data[16] = { 0xe8 };
	struct fake_trap trap;

	EXPECT_EQ(fake_int3(&trap, (unsigned long)farm_int3_at), 0);
	EXPECT_EQ(trap.regs.ip, (unsigned long)farm_int3_at + 1);
	EXPECT_EQ(trap.regs.sp, (unsigned long)&trap.stack[3]);
	EXPECT_EQ(fake_int3(&trap, (unsigned long)data), 0);
	EXPECT_EQ(fake_int3(&trap, (unsigned long)__exec_pool_end), 0);
	EXPECT_EQ(fake_int3(&trap, 0), 0);
}

/* The last bytes of the pool, which nobody has allocated: what fits counts. */
KTEST(text_poke_faults, late_int3_at_the_end_of_the_pool)
{
	static const u8 words[][4] = { { 0xeb, 0x10 },
				       { 0x0f, 0x1f, 0x44, 0x00 },
				       { 0xe8 },
				       { 0xe9, 0x10, 0x20, 0x30 } };
	unsigned long end = (unsigned long)__exec_pool_end, at;
	struct fake_trap trap;
	size_t i;

	for (at = end - EXEC_GRANULE; at < end; at++)
		ASSERT_EQ(*(u8 *)at, INSN_OP_INT3);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		for (at = end - 4; at < end; at++) {
			bool whole = i == 0 && at <= end - 2;

			EXPECT_EQ(
				text_poke_copy((void *)at, words[i], end - at),
				0);
			EXPECT_EQ(fake_int3(&trap, at), whole);
			EXPECT_EQ(trap.regs.ip, at + (whole ? 0x12 : 1));
			EXPECT_EQ(trap.regs.sp, (unsigned long)&trap.stack[3]);
		}
	EXPECT_EQ(text_poke_set((void *)(end - 4), INSN_OP_INT3, 4), 0);
}

static bool faking;
static u64 fakes, refused, elsewhere;

/* Late INT3s all the time, while the site changes between A and B. */
static int fake_all_the_time(void *arg)
{
	unsigned long fn = farm_fn(&farm, 0);
	unsigned long a = (unsigned long)farm_target_a;
	unsigned long b = (unsigned long)farm_target_b;
	struct fake_trap trap;

	while (READ_ONCE(faking)) {
		unsigned long flags;
		int handled;

		local_irq_save(flags);
		handled = fake_int3(&trap, fn);
		local_irq_restore(flags);
		fakes++;
		refused += !handled;
		elsewhere += handled && trap.regs.ip != a && trap.regs.ip != b;
		cpu_relax();
		cond_resched();
	}
	return 0;
}

/* Return: late INT3s resolved wrongly, or not at all. */
static u64 late_while_patching(u32 faults, u64 ns)
{
	u64 end = ktime_ns() + ns, random = 77;
	struct task_struct *task;

	EXPECT_EQ(farm_poke(&farm, FARM_A), 0);
	poke_lab_faults(faults | POKE_FAULT_DELAY, 40000);
	fakes = refused = elsewhere = 0;
	faking = true;
	kthread_bind(current, 0);
	task = kthread_create(fake_all_the_time, NULL, "fake");
	if (IS_ERR(task))
		return 0;
	kthread_bind(task, next_online_cpu(1));
	wake_up_process(task);
	slices_set(SLICES_SHORT);
	while (ktime_ns() < end && !READ_ONCE(refused) &&
	       !READ_ONCE(elsewhere)) {
		EXPECT_EQ(
			farm_poke(&farm, farm.kind == FARM_A ? FARM_B : FARM_A),
			0);
		/* Long enough to be found without a batch, by chance. */
		slices_wait(farm_random(&random) % 60000);
	}
	slices_set(0);
	WRITE_ONCE(faking, false);
	kthread_join(task);
	kthread_bind(current, CPU_ANY);
	poke_lab_faults(0, 0);
	EXPECT(fakes > 0);
	return refused + elsewhere;
}

KTEST(text_poke_faults, late_int3_while_patching_is_resolved)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	EXPECT_EQ(late_while_patching(0, clean_ns()), 0);
	farm_destroy(&farm);
}

KTEST(text_poke_faults, missing_second_look_at_the_sequence_is_seen)
{
	if (alone())
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, 1, FARM_STRIDE, 0), 0);
	expect_seen(late_while_patching(POKE_FAULT_NO_SEQ, limit_ns()));
	farm_destroy(&farm);
}
