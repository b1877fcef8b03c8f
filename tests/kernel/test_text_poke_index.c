// SPDX-License-Identifier: MIT
/*
 * The index of the live batch by page: pages that share a range, pages without
 * a site, ranges that an older batch has left, and a batch that begins.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/page.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/poke_slices.h"
#include "tests/kernel/trap_owner.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

#define RET	 0xc3
#define NR_FARM	 4UL /* in two pages */
#define NR_FAR	 2UL /* in the second region */
#define FAR_AT	 100UL
#define NR_SITES (NR_FARM + NR_FAR)

static struct farm farm;

/* ---- a second region, with a page that shares the range of the farm's ---- */

static struct text_region far_region = { .name = "far" };
static u8 *block; /* as many pages as there are ranges, aligned to that */
static unsigned int block_order;

static int flush_far(void *arg)
{
	invlpg((void *)far_region.start);
	return 0;
}

static unsigned long far_fn(size_t i)
{
	return far_region.start + FAR_AT + i * FARM_STRIDE;
}

static void write_far_page(u8 *page)
{
	memset(page, INSN_OP_INT3, PAGE_SIZE);
	for (size_t i = 0; i < NR_FAR; i++) {
		u8 *fn = page + FAR_AT + i * FARM_STRIDE;

		insn_store(fn, INSN_NOP5);
		fn[INSN_MAX] = RET;
	}
}

/* Return: is the page that shares the range of @near executable now? */
static bool map_far(unsigned long near)
{
	size_t size = (poke_index().mask >> POKE_RANGE_SHIFT) + 1;
	u64 phys;

	size *= PAGE_SIZE;
	block_order = page_order(size);
	block = alloc_pages(block_order);
	if (!block)
		return false;
	phys = virt_to_phys(block) + (near & (size - 1) & ~(PAGE_SIZE - 1));
	write_far_page(phys_to_virt(phys));
	far_region.start = KERNEL_VMA + phys;
	far_region.end = far_region.start + PAGE_SIZE;
	return far_region.start >= (unsigned long)_end &&
	       !paging_map(paging_kernel_root(), far_region.start, phys,
			   PAGE_SIZE, PROT_RX) &&
	       !text_region_add(&far_region);
}

static void unmap_far(void)
{
	EXPECT_EQ(text_region_remove(&far_region), 0);
	synchronize_cpus();
	paging_unmap(far_region.start, PAGE_SIZE);
	on_all_cpus_run(flush_far, NULL);
	free_pages(block, block_order);
}

/* ---- batches, and what their observer finds out ---- */

static struct text_poke vec[NR_SITES];
static struct poke_hits before;

static void add_site(size_t i, unsigned long ip, unsigned long target)
{
	vec[i].ip = ip;
	vec[i].old = INSN_NOP5;
	vec[i].new = insn_call(ip, target);
}

static void apply(size_t first, size_t n, poke_observer_t observer)
{
	poke_observe(observer);
	before = poke_hits_total();
	if (EXPECT_EQ(text_poke_prepare(vec + first, n, NULL), 0))
		text_poke_apply();
	poke_observe(NULL);
}

/* The same sites are NOPs again. */
static void undo(size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		swap(vec[i].old, vec[i].new);
	apply(first, n, NULL);
}

static u32 landed[NR_SITES];

static void call_all_sites(enum poke_step next)
{
	if (next != POKE_TAIL)
		return;
	for (size_t i = 0; i < NR_SITES; i++)
		landed[i] = farm_call(vec[i].ip);
}

/*
 * The far page has its range together with the farm's first page. The sites of
 * the farm's second page lie between theirs.
 */
KTEST(text_poke_index, pages_of_two_regions_share_a_range_PI1)
{
	unsigned long a = (unsigned long)farm_target_a;
	struct poke_hits hits;
	size_t i;

	ASSERT_EQ(farm_init(&farm, NR_FARM, PAGE_SIZE / 2, 32), 0);
	ASSERT(map_far(farm_fn(&farm, 0)));
	for (i = 0; i < NR_FARM; i++)
		add_site(i, farm_fn(&farm, i), a);
	for (i = 0; i < NR_FAR; i++)
		add_site(NR_FARM + i, far_fn(i), a);
	EXPECT_EQ((u64)poke_range_of(poke_index(), vec[0].ip),
		  (u64)poke_range_of(poke_index(), vec[NR_FARM].ip));
	memset(landed, 0, sizeof(landed));
	apply(0, NR_SITES, call_all_sites);
	hits = poke_hits_total();
	for (i = 0; i < NR_SITES; i++)
		EXPECT_EQ(landed[i], LANDED_A);
	EXPECT(hits.live[INSN_KIND_CALL] - before.live[INSN_KIND_CALL] >=
	       NR_SITES);
	undo(0, NR_SITES);
	unmap_far();
	farm_destroy(&farm);
}

/* Where a trap at ip that comes late goes on; 0: it is not the engine's. */
static unsigned long late_int3(unsigned long ip)
{
	unsigned long stack[4];
	struct pt_regs regs = { .ip = ip + 1, .sp = (unsigned long)&stack[3] };

	return poke_int3_handler(&regs) ? regs.ip : 0;
}

static unsigned long late_far, late_farm, late_foreign;
static u32 landed_foreign;
static unsigned int foreign_met;

static notrace bool foreign_int3(struct pt_regs *regs)
{
	if (regs->ip - 1 != (unsigned long)farm_int3_at)
		return false;
	foreign_met++;
	return true;
}

static void trap_elsewhere(enum poke_step next)
{
	if (next != POKE_TAIL)
		return;
	late_far = late_int3(far_fn(0));
	late_farm = late_int3(farm_fn(&farm, 0));
	late_foreign = late_int3((unsigned long)farm_int3_at);
	trap_set_int3_hook(foreign_int3);
	landed_foreign = farm_call((unsigned long)farm_int3);
	trap_set_int3_hook(NULL);
}

static void expect_trap_elsewhere(unsigned long farm_goes_to)
{
	struct poke_hits hits = poke_hits_total();

	EXPECT_EQ(late_far, far_fn(0) + INSN_MAX);
	EXPECT_EQ(late_farm, farm_goes_to);
	EXPECT_EQ(late_foreign, 0);
	EXPECT_EQ(landed_foreign, LANDED_NOP);
	EXPECT_EQ(foreign_met, 1);
	EXPECT_EQ(hits.late[INSN_KIND_NOP5] - before.late[INSN_KIND_NOP5], 1);
	EXPECT_EQ(hits.late[INSN_KIND_CALL] - before.late[INSN_KIND_CALL], 1);
	EXPECT(hits.foreign - before.foreign >= 2);
}

/*
 * The farm's first page has sites in the first batch, and its range still says
 * so during the second, whose sites are in the other page. The vector of the
 * first says something else by then. The far page has no site, but the range of
 * the first.
 */
KTEST(text_poke_index, ranges_of_an_older_batch_are_not_searched_PI2)
{
	unsigned long a = (unsigned long)farm_target_a;
	size_t i;

	ASSERT_EQ(farm_init(&farm, NR_FARM, PAGE_SIZE / 2, 32), 0);
	ASSERT(map_far(farm_fn(&farm, 0)));
	for (i = 0; i < NR_FARM; i++)
		add_site(i, farm_fn(&farm, i), a);
	foreign_met = 0;
	apply(0, 2, NULL);
	for (i = 0; i < 2; i++)
		vec[i].new = farm_poison_word();
	apply(2, NR_FARM - 2, trap_elsewhere);
	expect_trap_elsewhere(a);
	for (i = 0; i < 2; i++)
		vec[i].new = insn_call(vec[i].ip, a);
	undo(0, NR_FARM);
	unmap_far();
	farm_destroy(&farm);
}

/* ---- a batch that begins while another CPU traps ---- */

#define MANY 100 /* pages with a site each: so long the index takes */

static bool trapping;
static unsigned int traps_live, traps_missed;

static unsigned long live_hits(void)
{
	const struct poke_hits *hits = &per_cpu(poke_hits, smp_processor_id());
	unsigned long sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hits->live); i++)
		sum += hits->live[i];
	return sum;
}

/* As a late trap at the last site: is it one of the batch if one is live? */
static void trap_once(void)
{
	unsigned long seq = READ_ONCE(poke_seq), hits = live_hits();

	late_int3(farm_fn(&farm, MANY - 1));
	if (seq & 1 && READ_ONCE(poke_seq) == seq) {
		traps_live++;
		traps_missed += live_hits() == hits;
	}
}

static int trap_all_the_time(void *arg)
{
	unsigned long flags;

	while (READ_ONCE(trapping)) {
		local_irq_save(flags);
		trap_once();
		local_irq_restore(flags);
		cpu_relax();
		cond_resched();
	}
	return 0;
}

static void patch_meanwhile(void)
{
	u64 end = ktime_ns() + (slices_exact() ? 20000000 : 200000000);

	slices_set(SLICES_SHORT);
	poke_observe(slices_stagger);
	while (ktime_ns() < end || !READ_ONCE(traps_live)) {
		enum farm_kind to = farm.kind == FARM_A ? FARM_B : FARM_A;

		if (!EXPECT_EQ(farm_poke(&farm, to), 0))
			break;
		cond_resched();
	}
	poke_observe(NULL);
	slices_set(0);
}

/*
 * The sequence is odd: then the index is that of the batch, all of it. CPU 0
 * traps: under icount its turns end early, each time with PAUSE, and the next
 * CPU in order has what is left, which is less than the index takes.
 */
KTEST(text_poke_index, a_batch_begins_with_its_whole_index_PI1)
{
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs a second CPU");
	ASSERT_EQ(farm_init(&farm, MANY, PAGE_SIZE, 8), 0);
	traps_live = traps_missed = 0;
	trapping = true;
	kthread_bind(current, 1);
	task = kthread_create(trap_all_the_time, NULL, "traps");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 0);
	wake_up_process(task);
	patch_meanwhile();
	WRITE_ONCE(trapping, false);
	kthread_join(task);
	kthread_bind(current, 0); /* where it was: a schedule is repeated */
	kthread_bind(current, CPU_ANY);
	EXPECT(traps_live > 0);
	EXPECT_EQ(traps_missed, 0);
	farm_destroy(&farm);
}
