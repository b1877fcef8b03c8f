// SPDX-License-Identifier: MIT
/*
 * Stacks, each above a guard page that is never mapped.
 *
 * Owns the address space from STACK_BASE: slots of guard page + STACK_SIZE.
 *
 * Invariant KS1: a stack that was mapped stays mapped. A freed stack waits in a
 * list for reuse, so no TLB of any CPU ever has to be flushed for it.
 *
 * Context and locks: boot or task; stack_lock guards the list and the count.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/mm/paging_internal.h"
#include "kernel/base/page.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"

#define SLOT_SIZE   (PAGE_SIZE + STACK_SIZE)
#define STACK_ORDER 2
#define MAX_STACKS  65536

static_assert(PAGE_SIZE << STACK_ORDER == STACK_SIZE, "one block per stack");

/* The first bytes of a stack that waits for reuse. */
struct free_stack {
	struct free_stack *next;
};

static DEFINE_SPINLOCK(stack_lock);
static struct free_stack *free_stacks; /* [stack_lock] */
static unsigned long nr_stacks;	       /* [stack_lock] slots ever used */

static void *reuse(void)
{
	struct free_stack *stack;
	unsigned long irq;

	spin_lock_irqsave(&stack_lock, irq);
	stack = free_stacks;
	if (stack)
		free_stacks = stack->next;
	spin_unlock_irqrestore(&stack_lock, irq);
	return stack;
}

static unsigned long take_slot(void)
{
	unsigned long addr = 0, irq;

	spin_lock_irqsave(&stack_lock, irq);
	if (nr_stacks < MAX_STACKS)
		addr = STACK_BASE + nr_stacks++ * SLOT_SIZE + PAGE_SIZE;
	spin_unlock_irqrestore(&stack_lock, irq);
	return addr;
}

void *stack_alloc(void)
{
	void *stack = reuse(), *pages;
	unsigned long addr;

	if (stack)
		return stack;
	pages = alloc_pages(STACK_ORDER);
	if (!pages)
		return NULL;
	addr = take_slot();
	if (addr && !paging_map(paging_kernel_root(), addr, virt_to_phys(pages),
				STACK_SIZE, PROT_RW | PTE_G))
		return (void *)addr;
	if (addr)
		paging_unmap(addr, STACK_SIZE); /* the slot stays unused */
	free_pages(pages, STACK_ORDER);
	return NULL;
}

void stack_free(void *p)
{
	struct free_stack *stack = p;
	unsigned long irq;

	spin_lock_irqsave(&stack_lock, irq);
	stack->next = free_stacks;
	free_stacks = stack;
	spin_unlock_irqrestore(&stack_lock, irq);
}

unsigned long stack_count(void)
{
	return READ_ONCE(nr_stacks);
}

notrace void *stack_of_guard(unsigned long addr)
{
	unsigned long end = STACK_BASE + READ_ONCE(nr_stacks) * SLOT_SIZE;

	if (addr >= (unsigned long)boot_stack_guard &&
	    addr < (unsigned long)boot_stack)
		return boot_stack;
	if (addr < STACK_BASE || addr >= end ||
	    (addr - STACK_BASE) % SLOT_SIZE >= PAGE_SIZE)
		return NULL;
	return (void *)(ALIGN_DOWN(addr, PAGE_SIZE) + PAGE_SIZE);
}

/* The early stacks of boot and exceptions lie in the image's data. */
notrace unsigned long stack_limit(unsigned long addr)
{
	unsigned long end = STACK_BASE + READ_ONCE(nr_stacks) * SLOT_SIZE;
	unsigned long slot;

	if (addr >= (unsigned long)boot_stack &&
	    addr < (unsigned long)boot_stack_top)
		return (unsigned long)boot_stack_top;
	if (addr >= (unsigned long)_data &&
	    addr < (unsigned long)boot_stack_guard)
		return (unsigned long)boot_stack_guard;
	if (addr >= (unsigned long)boot_stack_top &&
	    addr < (unsigned long)__bss_end)
		return (unsigned long)__bss_end;
	if (addr < STACK_BASE || addr >= end)
		return 0;
	slot = (addr - STACK_BASE) / SLOT_SIZE * SLOT_SIZE + STACK_BASE;
	return addr < slot + PAGE_SIZE ? 0 : slot + SLOT_SIZE;
}
