// SPDX-License-Identifier: MIT
/*
 * cpus.c - the CPUs of the machine: the ids of their local APICs, and whether
 * all of them are online.
 *
 * smp.c writes both while it starts CPUs. They are apart from it because what
 * sends interrupts (ipi.c) reads them, and a CPU that starts needs ipi.c.
 */
#include "arch/x86_64/cpu/smp.h"

#include <asm/smp.h>

u32 cpu_apic_ids[NR_CPUS] = { [0 ... NR_CPUS - 1] = NO_APIC_ID };
unsigned int cpus_wanted = 1;

notrace u32 cpu_apic_id(unsigned int cpu)
{
	return cpu_apic_ids[cpu];
}

notrace bool smp_all_online(void)
{
	return num_online_cpus() == cpus_wanted;
}
