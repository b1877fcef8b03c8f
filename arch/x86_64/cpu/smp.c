// SPDX-License-Identifier: MIT
/*
 * Starting the other CPUs.
 *
 * Owns: cpu_online_mask, the words of cpus.c, per-CPU areas, the start page.
 *
 * CPUs are started one after the other. Each finds its stack and area in the
 * ap_boot_params block of its number, which it claims by its APIC id. A CPU
 * that does not claim its block in time finds the block withdrawn. A CPU that
 * claims it and is then too slow finds that the boot CPU has given up on it. In
 * both cases it halts. Memory that a lost CPU may still use, its stack above
 * all, is never given to another CPU.
 *
 * AP1 A CPU is visible in cpu_online_mask only when it answers interrupts of
 *    every kind within bounded time, and it serialises after it is visible. So
 *    a batch of patches either waits for it or is wholly seen by it. Until then
 *    it runs nothing that is traceable (tests/lint/reach.py).
 * AP2 One CMPXCHG of a CPU's claim decides whether it joins or is lost: a CPU
 *    that was given up on never comes online.
 *
 * Context: smp_init() and smp_start_cpu() in a task of the boot CPU; ap_entry()
 * on the CPU that comes up, interrupts off.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/ap_boot.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/idt.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/memmap.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include <asm/upcalls.h>

#define LOW_MEMORY_END	      0x100000
#define CPUID_1_APIC_ID_SHIFT 24
#define CPUID_TOPOLOGY	      0xb
/* The wait after INIT that the MP specification asks for. */
#define INIT_SETTLE_US	   10000
#define SIPI_REPEAT_NS	   200000ULL
#define KEPT_PAGES	   96 /* for the boot steps that follow */
#define KEPT_PAGES_PER_CPU 24
#define START_TIMEOUT_NS   5000000000ULL

u64 smp_finish_ns = 20000000000ULL;

struct ap_boot_params ap_boot_params[NR_CPUS];

static u64 start_page; /* [I] physical, below 1 MiB */
static DEFINE_PER_CPU(struct tsc_sync, tsc_sync); /* while it is started */

/* As ap_start64 does it: the 32-bit id if CPUID has one. */
static u32 own_apic_id(void)
{
	struct cpuid_regs topology = { 0 };

	if (cpuid(0, 0).eax >= CPUID_TOPOLOGY)
		topology = cpuid(CPUID_TOPOLOGY, 0);
	if (topology.ebx & 0xffff)
		return topology.edx;
	return cpuid(1, 0).ebx >> CPUID_1_APIC_ID_SHIFT;
}

void smp_boot_cpu_init(void)
{
	this_cpu_write(trace_context, CTX_TASK);
	tsc_base = rdtsc();
	cpu_apic_ids[0] = own_apic_id();
	cpu_online_mask = 1;
}

/*
 * The kernel uses no other memory below 1 MiB: firmware still writes there, and
 * QEMU takes its slow path for each store to a page that has held code, such as
 * the loader's.
 */
int smp_reserve_start_page(void)
{
	start_page = memmap_take(&memmap_free, PAGE_SIZE, LOW_MEMORY_END);
	return memmap_reserve(&memmap_free, 0, LOW_MEMORY_END);
}

/* Does what is left after another CPU do for the rings and tables of all? */
static bool memory_is_left(void)
{
	return page_free_count() >=
	       KEPT_PAGES + KEPT_PAGES_PER_CPU * (num_online_cpus() + 1);
}

/* Allocate a zeroed copy of the per-CPU section and set the GS base for it. */
static int alloc_area(unsigned int cpu)
{
	size_t size = __per_cpu_end - __per_cpu_start;
	char *area;

	if (per_cpu_offset[cpu]) /* an earlier attempt has allocated it */
		return gdt_alloc_stacks(cpu);
	if (!memory_is_left())
		return -ENOMEM;
	area = alloc_pages_zeroed(page_order(size));
	if (!area)
		return -ENOMEM;
	per_cpu_offset[cpu] = area - __per_cpu_start;
	per_cpu(this_cpu_off, cpu) = per_cpu_offset[cpu];
	per_cpu(cpu_number, cpu) = cpu;
	per_cpu(trace_context, cpu) = CTX_TASK;
	return gdt_alloc_stacks(cpu);
}

static notrace u64 bring_up_clock(void)
{
	return rdtsc_ordered();
}

/* Change the claim's state if it is @from. Return: whether it was. AP2 */
static __always_inline bool claim_moves(unsigned int cpu, u32 from, u32 to)
{
	u64 claim = AP_BOOT_CLAIM(from, cpu_apic_ids[cpu]);

	return try_cmpxchg(&ap_boot_params[cpu].claim, &claim,
			   AP_BOOT_CLAIM(to, cpu_apic_ids[cpu]));
}

static __always_inline u32 claim_state(unsigned int cpu)
{
	return (u32)READ_ONCE(ap_boot_params[cpu].claim);
}

static __always_inline void note_step_back(u64 cycles)
{
	if (cycles > tsc_warp_max)
		tsc_warp_max = cycles;
}

static notrace void __noreturn ap_entry(u64 cpu)
{
	u64 step_back;

	paging_init_cpu();
	gdt_load();
	idt_load();
	apic_init_cpu();
	/* No limit here: the boot CPU has one, and gives up for both. */
	if (!tsc_compare(this_cpu_ptr(&tsc_sync), true, ~0ULL, bring_up_clock,
			 &step_back) ||
	    !claim_moves(cpu, AP_BOOT_TAKEN, AP_BOOT_JOINED)) /* AP2 */
		halt_forever();
	tsc_base_at_most(bring_up_clock());
	note_step_back(step_back);
	fetch_or(&cpu_online_mask, BIT(cpu));
	sync_core(); /* AP1 */
	secondary_main();
}

/* Fill in the block of this CPU, then let the CPU claim it. */
static int arm(unsigned int cpu)
{
	struct ap_boot_params *block = &ap_boot_params[cpu];
	struct task_struct *idle;
	void *stack_top;
	int ret = secondary_prepare(cpu, &idle, &stack_top);

	if (ret)
		return ret;
	per_cpu(current_task, cpu) = idle; /* pid 0, as in context_word */
	per_cpu(tsc_sync, cpu) = (struct tsc_sync){ 0 };
	block->stack_top = (u64)stack_top;
	block->gs_base = per_cpu_offset[cpu];
	block->entry = (u64)ap_entry;
	block->arg = cpu;
	smp_store_release(&block->claim,
			  AP_BOOT_CLAIM(AP_BOOT_ARMED, cpu_apic_ids[cpu]));
	return 0;
}

/* Wake the CPU up. Return: whether it has claimed its block in time. */
static bool wake(unsigned int cpu, u64 timeout_ns)
{
	u32 sipi = APIC_DM_STARTUP | (u32)(start_page >> PAGE_SHIFT);

	apic_send(cpu_apic_ids[cpu], sipi);
	if (!spin_until(claim_state(cpu) != AP_BOOT_ARMED, SIPI_REPEAT_NS))
		apic_send(cpu_apic_ids[cpu], sipi);
	return spin_until(claim_state(cpu) != AP_BOOT_ARMED, timeout_ns);
}

/*
 * The CPU has claimed its block; wait until it is online. Return: 0; -EIO if it
 * will never be.
 */
static int finish(unsigned int cpu)
{
	u64 step_back;

	if (tsc_compare(&per_cpu(tsc_sync, cpu), false, smp_finish_ns,
			bring_up_clock, &step_back))
		spin_until(claim_state(cpu) == AP_BOOT_JOINED, smp_finish_ns);
	if (claim_moves(cpu, AP_BOOT_TAKEN, AP_BOOT_LOST)) /* AP2 */
		return -EIO;
	note_step_back(step_back);
	if (!spin_until(cpu_online(cpu), smp_timeout_ns))
		panic("CPU %u has joined and does not come online", cpu);
	return 0;
}

static int start(unsigned int cpu, u64 timeout_ns)
{
	u32 before = claim_state(cpu);
	int ret = arm(cpu);

	if (ret)
		return ret;
	if (wake(cpu, timeout_ns) ||
	    !claim_moves(cpu, AP_BOOT_ARMED, before)) /* claimed just now */
		return finish(cpu);
	return -ETIMEDOUT;
}

int smp_start_cpu(unsigned int cpu, u32 apic_id, u64 timeout_ns)
{
	int ret;

	if (!apic_reaches(apic_id))
		return -ERANGE;
	if (cpu_apic_ids[cpu] != NO_APIC_ID && cpu_apic_ids[cpu] != apic_id)
		return -EBUSY;
	ret = alloc_area(cpu);
	if (ret)
		return ret;
	cpu_apic_ids[cpu] = apic_id;
	ret = start(cpu, timeout_ns);
	if (claim_state(cpu) == AP_BOOT_IDLE)
		cpu_apic_ids[cpu] = NO_APIC_ID;
	return ret;
}

static bool id_is_online(u32 id)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu_apic_ids[cpu] == id)
			return true;
	return false;
}

/*
 * The number under which this CPU was lost, else one that no CPU has; NR_CPUS
 * if there is none.
 */
static unsigned int number_for(u32 id)
{
	unsigned int cpu;

	for (cpu = 1; cpu < NR_CPUS; cpu++)
		if (cpu_apic_ids[cpu] == id)
			return cpu;
	for (cpu = 1; cpu < NR_CPUS; cpu++)
		if (cpu_apic_ids[cpu] == NO_APIC_ID)
			break;
	return cpu;
}

/* Send INIT to all of them first, so that one long wait serves for all. */
static void reset_listed(void)
{
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++) {
		u32 id = acpi_info.apic_id[i];

		if (!id_is_online(id) && apic_reaches(id))
			apic_send(id, APIC_DM_INIT);
	}
	udelay(INIT_SETTLE_US);
}

static void start_listed(u32 id, u64 timeout_ns)
{
	unsigned int cpu = number_for(id);
	int ret;

	if (cpu == NR_CPUS)
		return;
	ret = smp_start_cpu(cpu, id, timeout_ns);
	if (ret == -ERANGE)
		pr_err("smp: CPU with APIC id %u is not used: an id above %u "
		       "needs an x2APIC",
		       id, APIC_ID_MAX);
	else if (ret)
		pr_err("smp: CPU with APIC id %u did not come up: %pe", id,
		       ERR_PTR(ret));
}

void smp_start_listed(u64 timeout_ns)
{
	cpus_wanted = max(acpi_info.nr_cpus, 1U);
	if (smp_all_online())
		return;
	reset_listed();
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
		if (!id_is_online(acpi_info.apic_id[i]))
			start_listed(acpi_info.apic_id[i], timeout_ns);
}

int smp_init(void)
{
	if (acpi_info.nr_cpus_ignored)
		pr_warn("smp: %u CPUs more than the %d supported are not used",
			acpi_info.nr_cpus_ignored, NR_CPUS);
	if (acpi_info.nr_cpus < 2)
		return 0;
	if (!start_page)
		return -ENOMEM;
	memcpy(phys_to_virt(start_page), ap_start16,
	       ap_start16_end - ap_start16);
	smp_start_listed(START_TIMEOUT_NS);
	return 0;
}
