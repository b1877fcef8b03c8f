// SPDX-License-Identifier: MIT
/*
 * Page tables: the W^X audit with planted aliases, guard pages, and what each
 * part of memory allows, as the tables say it and as the CPU does it.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/mm/paging_internal.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/page.h"
#include "kernel/base/printk.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/vmap.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/smp.h>

static struct paging_audit report; /* too large for small stacks */

static void expect_no_conflict(void)
{
	if (EXPECT_EQ(paging_audit(&report), 0))
		return;
	ktest_note("%s: %lx maps frame %llx writable, executable elsewhere",
		   report.space, report.writable_at.addr,
		   report.writable_at.phys);
}

KTEST(paging, no_frame_is_writable_and_executable_PG1)
{
	unsigned long image = __exec_pool_end - _text;

	expect_no_conflict();
	EXPECT(report.leaves > 100);
	/* Text, pool and the page of start code, and nothing else. */
	EXPECT(report.executable >= image);
	EXPECT(report.executable <= ALIGN_UP(image, PAGE_SIZE) + 2 * PAGE_SIZE);
	EXPECT(!report.window_open);
}

/* Negative control: each alias breaks the rule, and is found where it is. */
static void plant(u64 phys, u64 prot)
{
	void *alias = vmap_pages(&phys, 1, prot);

	ASSERT(alias != NULL);
	EXPECT(paging_audit(&report) < 0);
	EXPECT(report.conflicts >= 1);
	EXPECT_EQ(report.writable_at.phys & ~(report.writable_at.size - 1),
		  phys & ~(report.writable_at.size - 1));
	vunmap_pages(alias, 1);
	expect_no_conflict();
}

KTEST(paging, audit_finds_a_writable_alias_of_text)
{
	plant(ALIGN_DOWN(virt_to_phys(_text), PAGE_SIZE), PROT_RW);
}

KTEST(paging, audit_finds_a_writable_alias_of_the_pool)
{
	plant(virt_to_phys(__exec_pool_end) - PAGE_SIZE, PROT_RW);
}

KTEST(paging, audit_finds_an_executable_alias_of_data)
{
	void *page = alloc_page();

	ASSERT(page != NULL);
	plant(virt_to_phys(page), PROT_RX); /* writable in the direct map */
	free_page(page);
}

KTEST(paging, audit_finds_a_page_that_is_both)
{
	void *page = alloc_page();

	ASSERT(page != NULL);
	plant(virt_to_phys(page), PROT_RW & ~PTE_NX);
	free_page(page);
}

KTEST(paging, audit_sees_the_poke_window_apart)
{
	unsigned long flags;

	local_irq_save(flags);
	paging_poke_window_set(virt_to_phys(_text));
	EXPECT_EQ(paging_audit(&report), 0);
	EXPECT(report.window_open);
	paging_poke_window_clear();
	local_irq_restore(flags);
	expect_no_conflict();
	EXPECT(!report.window_open);
}

/* ---- what the tables say ------------------------------------------------- */

static u64 flags_at(const volatile void *p)
{
	struct paging_leaf leaf;

	if (!paging_lookup((unsigned long)p, &leaf))
		return ~0ULL;
	return leaf.flags;
}

/* BS1, PT2 */
KTEST(paging, every_part_has_its_rights)
{
	static int variable;
	int local;

	EXPECT_EQ(flags_at(_text), 0);
	EXPECT_EQ(flags_at(__exec_pool_start), 0);
	EXPECT_EQ(flags_at(__exec_pool_start + exec_pool_size() - 1), 0);
	EXPECT_EQ(flags_at(__rodata_start), PTE_NX);
	EXPECT_EQ(flags_at(__kallsyms_start), PTE_NX);
	EXPECT_EQ(flags_at(&variable), PTE_W | PTE_NX);
	EXPECT_EQ(flags_at(&local), PTE_W | PTE_NX);
	EXPECT_EQ(flags_at(phys_to_virt(virt_to_phys(_text))), PTE_NX);
	EXPECT_EQ(flags_at(phys_to_virt(virt_to_phys(__rodata_start))), PTE_NX);
	EXPECT_EQ(flags_at(phys_to_virt(virt_to_phys(&variable))),
		  PTE_W | PTE_NX);
	EXPECT_EQ(flags_at(NULL), ~0ULL);
	EXPECT_EQ(flags_at((void *)POKE_WINDOW), ~0ULL);
	EXPECT_EQ(flags_at((void *)(unsigned long)__boot_start), ~0ULL);
}

static int count_lower_half(const struct paging_leaf *leaf, void *arg)
{
	unsigned int *count = arg;

	if (!(leaf->addr >> 63))
		++*count;
	EXPECT(!(leaf->flags & PTE_U));
	return 0;
}

/* PG3 */
KTEST(paging, the_lower_half_is_empty)
{
	static const unsigned int wanted[] = { 0, 0, 1 }; /* start code */
	const struct address_space *spaces;
	unsigned int n = paging_spaces(&spaces), i, count;

	ASSERT_EQ(n, ARRAY_SIZE(wanted));
	for (i = 0; i < n; i++) {
		count = 0;
		paging_walk(spaces[i].root, 0, count_lower_half, &count);
		EXPECT_EQ(count, wanted[i]);
	}
}

KTEST(paging, protection_bits_are_on)
{
	struct cpuid_regs seven = { 0 };
	unsigned long cr4 = read_cr4();

	if (cpuid(0, 0).eax >= 7)
		seven = cpuid(7, 0);
	EXPECT(read_cr0() & X86_CR0_WP);
	EXPECT_EQ(!!(cr4 & X86_CR4_SMEP), seven.ebx >> 7 & 1);
	EXPECT_EQ(!!(cr4 & X86_CR4_SMAP), seven.ebx >> 20 & 1);
	EXPECT_EQ(!!(cr4 & X86_CR4_UMIP), seven.ecx >> 2 & 1);
}

/* ---- what the CPU does --------------------------------------------------- */

static void write_byte(void *p)
{
	*(volatile u8 *)p = *(volatile u8 *)p;
}

static void read_byte(void *p)
{
	(void)*(volatile u8 *)p;
}

static void jump_to(void *p)
{
	((void (*)(void))p)();
}

/* The page fault's error code, or ~0 if there was none. */
static u32 fault_of(void (*fn)(void *), void *p)
{
	struct trap_info info;

	if (!trap_catch(TRAP_BIT(X86_TRAP_PF), fn, p, &info))
		return ~0U;
	EXPECT_EQ(info.addr, (unsigned long)p);
	return info.error;
}

KTEST(paging, the_cpu_refuses_writes_to_constants)
{
	static const u8 constant[] = { 1 };

	EXPECT_EQ(fault_of(write_byte, _text), PF_PROT | PF_WRITE);
	EXPECT_EQ(fault_of(write_byte, __exec_pool_start), PF_PROT | PF_WRITE);
	EXPECT_EQ(fault_of(write_byte, (void *)constant), PF_PROT | PF_WRITE);
	EXPECT_EQ(fault_of(write_byte, __kallsyms_start), PF_PROT | PF_WRITE);
	EXPECT_EQ(fault_of(write_byte, phys_to_virt(virt_to_phys(_text))),
		  PF_PROT | PF_WRITE);
	EXPECT_EQ(fault_of(read_byte, _text), ~0U);
}

KTEST(paging, the_cpu_refuses_to_execute_data)
{
	static u8 ret_insn[16] = { 0xc3 };
	u8 on_stack[16] = { 0xc3 };

	EXPECT_EQ(fault_of(jump_to, ret_insn), PF_PROT | PF_INSTR);
	EXPECT_EQ(fault_of(jump_to, on_stack), PF_PROT | PF_INSTR);
	EXPECT_EQ(fault_of(jump_to, __rodata_start), PF_PROT | PF_INSTR);
	EXPECT_EQ(fault_of(jump_to, phys_to_virt(virt_to_phys(_text))),
		  PF_PROT | PF_INSTR);
}

KTEST(paging, null_and_guard_pages_fault)
{
	u8 *stack = stack_alloc();

	ASSERT(stack != NULL);
	EXPECT_EQ(fault_of(read_byte, NULL), 0);
	EXPECT_EQ(fault_of(write_byte, (void *)4095), 0);
	EXPECT_EQ(fault_of(write_byte, stack - 1), 0);
	EXPECT_EQ(fault_of(write_byte, stack), ~0U);
	EXPECT_EQ(fault_of(write_byte, stack + STACK_SIZE - 1), ~0U);
	EXPECT(stack_of_guard((unsigned long)stack - 1) == stack);
	EXPECT(stack_of_guard((unsigned long)stack - PAGE_SIZE) == stack);
	EXPECT(stack_of_guard((unsigned long)stack) == NULL);
	EXPECT(stack_of_guard(0) == NULL);
	stack_free(stack);
	EXPECT(stack_alloc() == stack); /* kept for reuse */
	stack_free(stack);
}

/* Stacks of threads and those for NMI, #DF and #MC all come from there. */
KTEST(paging, a_guard_page_under_every_stack)
{
	unsigned long slot = PAGE_SIZE + STACK_SIZE, i;
	struct task_struct *task;
	unsigned long flags;
	char *guard;

	for (i = 0; i < stack_count(); i++) {
		guard = (char *)STACK_BASE + i * slot;
		EXPECT_EQ(flags_at(guard), ~0ULL);
		EXPECT_EQ(flags_at(guard + PAGE_SIZE), PTE_W | PTE_NX);
		EXPECT_EQ(flags_at(guard + slot - 1), PTE_W | PTE_NX);
	}
	EXPECT_EQ(flags_at((char *)STACK_BASE + i * slot), ~0ULL);
	EXPECT_EQ(flags_at(boot_stack_guard), ~0ULL);
	EXPECT_EQ(flags_at(boot_stack), PTE_W | PTE_NX);
	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		guard = (char *)task->stack - 1;
		EXPECT(stack_of_guard((unsigned long)guard) == task->stack);
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
}

/* VM2 */
KTEST(paging, vmap_shows_and_hides_frames)
{
	u64 phys[2];
	u32 *page[2], *map;
	unsigned int used = vmap_used();

	page[0] = alloc_page();
	page[1] = alloc_page();
	ASSERT(page[0] && page[1]);
	phys[0] = virt_to_phys(page[1]); /* in the other order */
	phys[1] = virt_to_phys(page[0]);
	map = vmap_pages(phys, 2, PROT_RW);
	ASSERT(map != NULL);
	map[0] = 11;
	map[1024] = 22;
	EXPECT_EQ(page[1][0], 11);
	EXPECT_EQ(page[0][0], 22);
	EXPECT_EQ(vmap_used(), used + 3); /* and an unmapped page behind */
	EXPECT_EQ(fault_of(read_byte, map + 2048), 0);
	vunmap_pages(map, 2);
	EXPECT_EQ(fault_of(read_byte, map), 0);
	EXPECT_EQ(vmap_used(), used);
	free_page(page[0]);
	free_page(page[1]);
}

/* ---- other CPUs' TLBs ---------------------------------------------------- */

/* CPU 0 exchanges the frame behind map; the others look before and after. */
struct exchange {
	u64 phys[2];
	u32 *map;
	bool flush;
	u32 phase, looked; /* [A] */
	u32 stale;	   /* [A] CPUs that saw the old frame afterwards */
};

static void exchange_frames(struct exchange *x)
{
	if (x->flush) {
		vunmap_pages(x->map, 1);
		EXPECT(vmap_pages(&x->phys[1], 1, PROT_RW) == x->map);
		return;
	}
	paging_unmap((unsigned long)x->map, PAGE_SIZE);
	EXPECT_EQ(paging_map(paging_kernel_root(), (unsigned long)x->map,
			     x->phys[1], PAGE_SIZE, PROT_RW),
		  0);
	invlpg(x->map);
}

static int exchange_member(void *arg)
{
	struct exchange *x = arg;
	u32 others = num_online_cpus() - 1;

	if (smp_processor_id() == 0) {
		wait_until(READ_ONCE(x->looked) == others, 10000);
		exchange_frames(x);
		smp_store_release(&x->phase, 1);
		return 0;
	}
	EXPECT_EQ(READ_ONCE(x->map[0]), 1);
	fetch_add(&x->looked, 1);
	wait_until(smp_load_acquire(&x->phase), 10000);
	if (READ_ONCE(x->map[0]) != 2)
		fetch_add(&x->stale, 1);
	return 0;
}

/* How many CPUs still saw the old frame in some of the rounds. */
static u32 exchange_rounds(bool flush, unsigned int rounds)
{
	u32 *page[2] = { alloc_page(), alloc_page() };
	struct exchange x;
	u32 stale = 0;

	while (EXPECT(page[0] && page[1]) && rounds--) {
		*page[0] = 1;
		*page[1] = 2;
		x = (struct exchange){ .flush = flush };
		x.phys[0] = virt_to_phys(page[0]);
		x.phys[1] = virt_to_phys(page[1]);
		x.map = vmap_pages(x.phys, 1, PROT_RW);
		if (!EXPECT(x.map != NULL))
			break;
		EXPECT_EQ(on_all_cpus_run(exchange_member, &x), 0);
		vunmap_pages(x.map, 1);
		stale += x.stale;
	}
	free_page(page[0]);
	free_page(page[1]);
	return stale;
}

/* VM1 */
KTEST(paging, vunmap_reaches_every_tlb)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	EXPECT_EQ(exchange_rounds(true, 10), 0);
}

/* The same without the round through all CPUs must be seen to fail. */
KTEST(paging, control_without_shootdown_a_tlb_is_stale)
{
	if (num_online_cpus() == 1)
		KTEST_SKIP("one CPU");
	EXPECT(exchange_rounds(false, 10) > 0);
}

KTEST(paging, vmap_refuses_what_it_cannot_map)
{
	u64 phys = 0;

	EXPECT(vmap_pages(&phys, 0, PROT_R) == NULL);
	EXPECT(vmap_pages(&phys, 1 << 20, PROT_R) == NULL);
}

KTEST(paging, unused_pool_bytes_are_int3)
{
	u8 *p = exec_alloc(EXEC_GRANULE);

	ASSERT(p != NULL);
	for (unsigned int i = 0; i < EXEC_GRANULE; i++)
		EXPECT_EQ(p[i], 0xcc);
	exec_free(p, EXEC_GRANULE);
}

/* ---- the tables themselves ----------------------------------------------- */

/* Entries below @table, @level 3: the top. Bad: A or D would be set later. */
static void count_entries(const u64 *table, int level, unsigned int from,
			  unsigned int *good, unsigned int *bad)
{
	unsigned int i;

	for (i = from; i < 512; i++) {
		u64 entry = table[i];
		bool leaf = !level || entry & PTE_PS;
		u64 wanted = PTE_A | (leaf && entry & PTE_W ? PTE_D : 0);

		if (!(entry & PTE_P))
			continue;
		++*((entry & wanted) == wanted ? good : bad);
		if (!leaf)
			count_entries(phys_to_virt(entry & PTE_ADDR), level - 1,
				      0, good, bad);
	}
}

/* Whatever was mapped since boot, and now, is seen from each address space. */
KTEST(paging, every_address_space_has_the_same_upper_half_PG2)
{
	const u64 *kernel = phys_to_virt(paging_kernel_root());
	const u64 *other[] = { phys_to_virt(paging_ap_root()),
			       phys_to_virt(paging_poke_root()) };
	unsigned int i, k, different = 0, present = 0;
	u64 frame = virt_to_phys((void *)kernel);
	void *mapped = vmap_pages(&frame, 1, PROT_R);

	ASSERT(mapped != NULL);
	for (i = 256; i < 512; i++) {
		present += !!(kernel[i] & PTE_P);
		for (k = 0; k < ARRAY_SIZE(other); k++)
			different += kernel[i] != other[k][i];
	}
	vunmap_pages(mapped, 1);
	EXPECT_EQ(different, 0);
	EXPECT(present >= 5); /* image, direct map, devices, stacks, vmap */
}

KTEST(paging, the_cpu_never_writes_to_a_table_PT3)
{
	const u64 *root = phys_to_virt(read_cr3() & PTE_ADDR);
	unsigned int good = 0, bad = 0;

	count_entries(root, 3, 256, &good, &bad);
	EXPECT_EQ(bad, 0);
	EXPECT(good > 256);
}

/* ---- readers without a lock ---------------------------------------------- */

/* The table of the last level for an address; NULL: there is none. */
static const u64 *leaf_table(unsigned long addr)
{
	const u64 *table = phys_to_virt(paging_kernel_root() & PTE_ADDR);
	unsigned int shift;
	u64 entry;

	for (shift = 39; shift > PAGE_SHIFT; shift -= 9) {
		entry = READ_ONCE(table[addr >> shift & 511]);
		if (!(entry & PTE_P) || entry & PTE_PS)
			return NULL;
		table = phys_to_virt(entry & PTE_ADDR);
	}
	return table;
}

/* A reader that walks while a mapping goes away stays in a table. */
KTEST(paging, a_table_stays_where_it_was_linked_in_PT1)
{
	u64 *page = alloc_page(), phys;
	const u64 *table, *again;
	unsigned long addr;
	void *map;

	ASSERT(page != NULL);
	phys = virt_to_phys(page);
	map = vmap_pages(&phys, 1, PROT_RW);
	ASSERT(map != NULL);
	addr = (unsigned long)map;
	table = leaf_table(addr);
	ASSERT(table != NULL);
	EXPECT(table[addr >> PAGE_SHIFT & 511] & PTE_P);
	vunmap_pages(map, 1);
	again = leaf_table(addr);
	EXPECT(again == table);
	EXPECT(!(table[addr >> PAGE_SHIFT & 511] & PTE_P));
	free_page(page);
}

/* What is found by a look can be read when the mapping has gone. */
KTEST(paging, a_look_is_not_lost_with_its_mapping_PT4)
{
	u8 *page = alloc_page();
	const void *at = NULL;
	u64 phys;
	u8 *map;

	ASSERT(page != NULL);
	page[100] = 77;
	phys = virt_to_phys(page);
	map = vmap_pages(&phys, 1, PROT_RW);
	ASSERT(map != NULL);
	EXPECT_EQ(paging_peek((unsigned long)map + 100, &at), PAGE_SIZE - 100);
	vunmap_pages(map, 1);
	if (EXPECT(at == page + 100))
		EXPECT_EQ(*(const u8 *)at, 77);
	EXPECT_EQ(paging_peek((unsigned long)map + 100, &at), 0);
	free_page(page);
}
