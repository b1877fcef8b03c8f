// SPDX-License-Identifier: MIT
/*
 * Starting the other CPUs.
 *
 * Owns: cpu_online_mask, the APIC ids, the per-CPU areas, the start page.
 *
 * One CPU is started after the other, so that each finds its stack and area
 * in the one ap_boot_params, which it claims by its APIC id. A CPU that does
 * not come in time finds the block withdrawn and halts.
 *
 * I1 A CPU is visible in cpu_online_mask only when it answers interrupts of
 *    every kind within bounded time, and it serialises after it is visible:
 *    then a batch of patches either waits for it or is wholly seen by it.
 *
 * Context: smp_init() and smp_start_cpu() in a task of the boot CPU; ap_entry()
 * on the CPU that comes up, interrupts off.
 */
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/idt.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/dev/acpi.h"
#include "arch/x86_64/dev/apic.h"
#include "arch/x86_64/mm/paging.h"
#include "boot/ap_boot.h"
#include "kernel/base/memmap.h"
#include "kernel/base/page.h"
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
#define NO_APIC_ID	      ~0U
#define CPUID_1_APIC_ID_SHIFT 24
/* The wait after INIT that the MP specification asks for. */
#define INIT_SETTLE_US	 10000
#define SIPI_REPEAT_NS	 200000ULL
#define START_TIMEOUT_NS 5000000000ULL
/* A CPU that has begun needs no more than this, on a very busy host. */
#define FINISH_TIMEOUT_NS 20000000000ULL

u64 cpu_online_mask;

static u32 apic_ids[NR_CPUS] = { [0 ... NR_CPUS - 1] = NO_APIC_ID };
static unsigned int cpus_wanted = 1; /* [A] set by the boot CPU */
static u64 start_page;		     /* [I] physical, below 1 MiB */
static struct tsc_sync tsc_sync;     /* of the CPU being started */

notrace u32 cpu_apic_id(unsigned int cpu)
{
	return apic_ids[cpu];
}

notrace bool smp_all_online(void)
{
	return num_online_cpus() == cpus_wanted;
}

void smp_boot_cpu_init(void)
{
	this_cpu_write(trace_context, CTX_TASK);
	tsc_base = rdtsc();
	apic_ids[0] = cpuid(1, 0).ebx >> CPUID_1_APIC_ID_SHIFT;
	cpu_online_mask = 1;
}

/*
 * Nothing else is kept below 1 MiB: firmware still writes there, and QEMU takes
 * its slow path for each store to a page that holds code, as the loader's did.
 */
int smp_reserve_start_page(void)
{
	start_page = memmap_take(&memmap_free, PAGE_SIZE, LOW_MEMORY_END);
	return memmap_reserve(&memmap_free, 0, LOW_MEMORY_END);
}

/* Zeroed copies of everything DEFINE_PER_CPU() made, GS base to match. */
static int alloc_area(unsigned int cpu)
{
	size_t size = __per_cpu_end - __per_cpu_start;
	char *area;

	if (per_cpu_offset[cpu]) /* made by an attempt that ended later */
		return gdt_alloc_stacks(cpu);
	area = alloc_pages_zeroed(page_order(size));
	if (!area)
		return -ENOMEM;
	per_cpu_offset[cpu] = area - __per_cpu_start;
	per_cpu(this_cpu_off, cpu) = per_cpu_offset[cpu];
	per_cpu(cpu_number, cpu) = cpu;
	per_cpu(trace_context, cpu) = CTX_TASK;
	return gdt_alloc_stacks(cpu);
}

static u64 read_tsc(void)
{
	return rdtsc_ordered();
}

static void __noreturn ap_entry(u64 cpu)
{
	u64 warp;

	paging_init_cpu();
	gdt_load();
	idt_load();
	apic_init_cpu();
	tsc_base_at_most(read_tsc());
	warp = tsc_compare(&tsc_sync, true, read_tsc);
	if (warp > tsc_warp_max)
		tsc_warp_max = warp;
	fetch_or(&cpu_online_mask, BIT(cpu));
	sync_core(); /* I1 */
	secondary_main();
}

/* Fill in the one block for this CPU and open it. */
static int arm(unsigned int cpu, u32 apic_id)
{
	struct task_struct *idle;
	void *stack_top;
	int ret = secondary_prepare(cpu, &idle, &stack_top);

	if (ret)
		return ret;
	per_cpu(current_task, cpu) = idle;
	apic_ids[cpu] = apic_id;
	memset(&tsc_sync, 0, sizeof(tsc_sync));
	ap_boot_params.apic_id = apic_id;
	ap_boot_params.stack_top = (u64)stack_top;
	ap_boot_params.gs_base = per_cpu_offset[cpu];
	ap_boot_params.entry = (u64)ap_entry;
	ap_boot_params.arg = cpu;
	smp_store_release(&ap_boot_params.state, AP_BOOT_ARMED);
	return 0;
}

static bool was_taken(void)
{
	return READ_ONCE(ap_boot_params.state) == AP_BOOT_TAKEN;
}

/* Close the block. False if the CPU took it in the last moment. */
static bool withdraw(void)
{
	u32 armed = AP_BOOT_ARMED;

	return try_cmpxchg(&ap_boot_params.state, &armed, AP_BOOT_IDLE);
}

int smp_start_cpu(unsigned int cpu, u32 apic_id, u64 timeout_ns)
{
	u32 sipi = APIC_DM_STARTUP | (u32)(start_page >> PAGE_SHIFT);
	u64 warp;
	int ret = alloc_area(cpu);

	if (ret == 0)
		ret = arm(cpu, apic_id);
	if (ret)
		return ret;
	apic_send(apic_id, sipi);
	if (!spin_until(was_taken(), SIPI_REPEAT_NS))
		apic_send(apic_id, sipi);
	if (!spin_until(was_taken(), timeout_ns) && withdraw()) {
		apic_ids[cpu] = NO_APIC_ID;
		return -ETIMEDOUT;
	}
	if (!spin_until(READ_ONCE(tsc_sync.turn), FINISH_TIMEOUT_NS))
		return -EIO;
	warp = tsc_compare(&tsc_sync, false, read_tsc);
	if (!spin_until(cpu_online(cpu), FINISH_TIMEOUT_NS))
		return -EIO;
	if (warp > tsc_warp_max)
		tsc_warp_max = warp;
	ap_boot_params.state = AP_BOOT_IDLE;
	return 0;
}

static bool id_is_online(u32 id)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (apic_ids[cpu] == id)
			return true;
	return false;
}

/* A number that no CPU has, or NR_CPUS. */
static unsigned int free_number(void)
{
	unsigned int cpu = 1;

	while (cpu < NR_CPUS && apic_ids[cpu] != NO_APIC_ID)
		cpu++;
	return cpu;
}

/* All of them at once, so that the long wait is one. */
static void reset_listed(void)
{
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
		if (!id_is_online(acpi_info.apic_id[i]))
			apic_send(acpi_info.apic_id[i], APIC_DM_INIT);
	udelay(INIT_SETTLE_US);
}

void smp_start_listed(u64 timeout_ns)
{
	cpus_wanted = max(acpi_info.nr_cpus, 1U);
	if (smp_all_online())
		return;
	reset_listed();
	for (unsigned int i = 0; i < acpi_info.nr_cpus; i++) {
		u32 id = acpi_info.apic_id[i];
		unsigned int cpu = free_number();
		int ret;

		if (id_is_online(id) || cpu == NR_CPUS)
			continue;
		ret = smp_start_cpu(cpu, id, timeout_ns);
		if (ret)
			pr_err("smp: CPU with APIC id %u did not come up: %pe",
			       id, ERR_PTR(ret));
	}
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
