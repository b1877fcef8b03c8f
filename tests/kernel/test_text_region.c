// SPDX-License-Identifier: MIT
/*
 * kernel/base/text_region.h: a second region of text, a page mapped for the
 * test, is patched, read, called and walked like the kernel's own while it is
 * registered, and is no code before and after.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/page.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ktest.h"
#include "trace/arch_ftrace.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>

#define ANSWER	  0x5eed
#define FN	  64UL /* offset of the function in the page */
#define CALLER	  256UL
#define INT3_BYTE 0xcc

static struct text_region second = { .name = "second region" };
static u8 *plain; /* the page, in the direct map */

/* NOP5; mov eax, 1; ret */
static const u8 fn_code[] = { 0x0f, 0x1f, 0x44, 0, 0, 0xb8, 1, 0, 0, 0, 0xc3 };
/* push rbp; mov rbp, rsp; call rdi; pop rbp; ret */
static const u8 caller_code[] = {
	0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3
};

static noinline notrace int answer(void)
{
	return ANSWER;
}

static unsigned long fn_at(void)
{
	return second.start + FN;
}

static int flush_page(void *arg)
{
	invlpg((void *)second.start);
	return 0;
}

/* A page beyond the image, at its place in the top 2 GiB, executable. */
static bool map_second(void)
{
	u64 phys;

	plain = alloc_page();
	if (!plain)
		return false;
	memset(plain, INT3_BYTE, PAGE_SIZE);
	memcpy(plain + FN, fn_code, sizeof(fn_code));
	memcpy(plain + CALLER, caller_code, sizeof(caller_code));
	phys = virt_to_phys(plain);
	second.start = KERNEL_VMA + phys;
	second.end = second.start + PAGE_SIZE;
	return second.start >= (unsigned long)_end &&
	       !paging_map(paging_kernel_root(), second.start, phys, PAGE_SIZE,
			   PROT_RX);
}

static void unmap_second(void)
{
	paging_unmap(second.start, PAGE_SIZE);
	on_all_cpus_run(flush_page, NULL);
	free_page(plain);
}

/* A #BP of nobody at ip: does the patch engine resolve it by the bytes? */
static int late_int3(unsigned long ip, unsigned long *to)
{
	unsigned long stack[4];
	struct pt_regs regs = { .ip = ip + 1, .sp = (unsigned long)&stack[3] };
	int claimed = poke_int3_handler(&regs);

	*to = regs.ip;
	return claimed;
}

static void expect_no_code(void)
{
	struct text_poke_bug bug;
	unsigned long to;

	EXPECT(!text_region_of(fn_at()));
	EXPECT_EQ(text_poke(fn_at(), INSN_NOP5, INSN_NOP5, &bug), -EFAULT);
	EXPECT_EQ(text_poke_set((void *)(second.start + 128), 0x90, 1),
		  -EFAULT);
	EXPECT_EQ(arch_ftrace_read(fn_at()), FTRACE_UNKNOWN);
	EXPECT_EQ(late_int3(fn_at(), &to), 0);
}

static unsigned long seen[4];
static unsigned int nr_seen;

static noinline int look(void)
{
	nr_seen = stack_trace_save(seen, ARRAY_SIZE(seen), 0);
	return 0;
}

static void expect_code(void)
{
	int (*fn)(void) = (int (*)(void))fn_at();
	void (*caller)(int (*)(void)) =
		(void (*)(int (*)(void)))(second.start + CALLER);
	u64 jump = insn_jmp32(fn_at(), (unsigned long)answer);
	unsigned long to;

	EXPECT_EQ((u64)text_region_of(fn_at()), (u64)&second);
	EXPECT_EQ(fn(), 1);
	EXPECT_EQ(arch_ftrace_read(fn_at()), 0);
	EXPECT_EQ(late_int3(fn_at(), &to), 1);
	EXPECT_EQ(to, fn_at() + 5);
	EXPECT_EQ(text_poke(fn_at(), INSN_NOP5, jump, NULL), 0);
	EXPECT_EQ(fn(), ANSWER);
	EXPECT_EQ(late_int3(fn_at(), &to), 1);
	EXPECT_EQ(to, (unsigned long)answer);
	EXPECT_EQ(text_poke(fn_at(), jump, INSN_NOP5, NULL), 0);
	EXPECT_EQ(fn(), 1);
	caller(look);
	ASSERT(nr_seen >= 3);
	EXPECT_EQ(seen[1], second.start + CALLER + 6);
}

KTEST(text_region, a_second_region_is_code_while_registered_X1)
{
	int err;

	ASSERT(map_second());
	expect_no_code();
	err = text_region_add(&second);
	EXPECT_EQ(err, 0);
	if (!err) {
		expect_code();
		EXPECT_EQ(text_region_remove(&second), 0);
		synchronize_cpus();
	}
	expect_no_code();
	unmap_second();
}

/* Sites of three regions in one batch; a site across an end is refused. */
KTEST(text_region, a_batch_may_span_regions_X1)
{
	u8 *pool = exec_alloc(EXEC_GRANULE);
	struct text_poke vec[2];
	struct text_poke_bug bug;

	ASSERT(pool && map_second());
	EXPECT_EQ(text_poke_copy(pool, fn_code, sizeof(fn_code)), 0);
	ASSERT_EQ(text_region_add(&second), 0);
	vec[0].ip = (unsigned long)pool;
	vec[1].ip = fn_at();
	vec[0].old = vec[1].old = INSN_NOP5;
	vec[0].new = insn_jmp32(vec[0].ip, (unsigned long)answer);
	vec[1].new = insn_jmp32(vec[1].ip, (unsigned long)answer);
	if (EXPECT_EQ(text_poke_prepare(vec, 2, NULL), 0))
		text_poke_apply();
	EXPECT_EQ(((int (*)(void))vec[0].ip)(), ANSWER);
	EXPECT_EQ(((int (*)(void))vec[1].ip)(), ANSWER);
	EXPECT_EQ(text_poke(second.end - 4, INSN_NOP5, INSN_NOP5, &bug),
		  -EFAULT);
	EXPECT_EQ(bug.ip, second.end - 4);
	EXPECT_EQ(text_region_remove(&second), 0);
	synchronize_cpus();
	unmap_second();
	exec_free(pool, EXEC_GRANULE);
}

KTEST(text_region, refusals_X1)
{
	static struct text_region many[TEXT_REGIONS_MAX];
	struct text_region r = { "r", (unsigned long)_text - 8,
				 (unsigned long)_text + 1 };
	unsigned int n;

	EXPECT_EQ(text_region_add(&r), -EEXIST);
	r.end = r.start + 7;
	EXPECT_EQ(text_region_add(&r), -EINVAL);
	r.end = r.start - 1;
	EXPECT_EQ(text_region_add(&r), -EINVAL);
	r = (struct text_region){ "low", PAGE_OFFSET, PAGE_OFFSET + 64 };
	EXPECT_EQ(text_region_add(&r), -EINVAL);
	EXPECT_EQ(text_region_remove(&r), -ENOENT);
	for (n = 0; n < TEXT_REGIONS_MAX; n++) {
		many[n].start = KERNEL_VMA + (1UL << 30) + 64 * n;
		many[n].end = many[n].start + 64;
		if (text_region_add(&many[n]))
			break;
	}
	EXPECT_EQ(n, TEXT_REGIONS_MAX - 2); /* the kernel has two */
	EXPECT_EQ(text_region_add(&many[n]), -ENOSPC);
	while (n--)
		EXPECT_EQ(text_region_remove(&many[n]), 0);
}

/* ---- lookups beside changes ---------------------------------------------- */

#define FAR 0x40000000UL /* nothing is mapped there */

static const struct text_region far_region[2] = {
	{ .name = "one",
	  .start = KERNEL_VMA + FAR,
	  .end = KERNEL_VMA + FAR + 0x1000 },
	{ .name = "two",
	  .start = KERNEL_VMA + FAR + 0x1000,
	  .end = KERNEL_VMA + FAR + 0x5000 },
};
static bool lookups_stop;
static unsigned int lookups_wrong, lookups_found;

static int lookups(void *unused)
{
	const struct text_region *r;
	unsigned int i;

	(void)unused;
	for (i = 0; !READ_ONCE(lookups_stop); i ^= 1) {
		r = text_region_of(far_region[i].start + 8);
		lookups_found += r != NULL;
		lookups_wrong += r && (r->start != far_region[i].start ||
				       r->end != far_region[i].end ||
				       r->name != far_region[i].name);
	}
	return 0;
}

/* The two take turns in one slot. */
KTEST(text_region, a_lookup_finds_a_whole_region_X2)
{
	u64 until = ktime_ns() + 30000000;
	struct task_struct *task;
	unsigned int i;

	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	lookups_stop = false;
	lookups_wrong = lookups_found = 0;
	kthread_bind(current, 0);
	task = kthread_create(lookups, NULL, "lookups");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	for (i = 0; ktime_ns() < until || !READ_ONCE(lookups_found); i ^= 1) {
		EXPECT_EQ(text_region_add(&far_region[i]), 0);
		EXPECT_EQ(text_region_remove(&far_region[i]), 0);
	}
	WRITE_ONCE(lookups_stop, true);
	kthread_join(task);
	EXPECT_EQ(lookups_wrong, 0);
	kthread_bind(current, CPU_ANY);
}
