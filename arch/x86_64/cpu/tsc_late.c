// SPDX-License-Identifier: MIT
/*
 * The frequency of the TSC on a machine without a PIT: by the HPET or the PM
 * timer, which the ACPI tables name, or from CPUID.
 *
 * CPUID comes last: an emulator may report a frequency that it does not keep.
 *
 * Context: boot, after ACPI and paging.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/tsc.h>

#define HPET_SIZE	1024
#define HPET_PERIOD	0x004 /* femtoseconds per count */
#define HPET_CONFIG	0x010
#define HPET_COUNTER	0x0f0
#define HPET_ENABLE	1U
#define HPET_PERIOD_MAX 100000000U /* by its specification: 100 ns */
#define FS_PER_S	1000000000000000ULL
#define PM_TIMER_HZ	3579545	 /* by the ACPI specification */
#define PM_TIMER_MASK	0xffffff /* 24 bits at least */
#define CPUID_TSC	0x15
#define CPUID_FREQUENCY 0x16
#define CPUID_MHZ	0xffff

static u8 *hpet;

static u32 read_hpet(void)
{
	return readl(hpet + HPET_COUNTER);
}

static int by_hpet(void)
{
	u32 period;

	if (!acpi_info.hpet_phys)
		return -ENODEV;
	hpet = ioremap(acpi_info.hpet_phys, HPET_SIZE);
	if (!hpet)
		return -ENOMEM;
	period = readl(hpet + HPET_PERIOD);
	if (!period || period > HPET_PERIOD_MAX)
		return -ENODEV;
	writel(hpet + HPET_CONFIG, readl(hpet + HPET_CONFIG) | HPET_ENABLE);
	return tsc_measure_by(read_hpet, FS_PER_S / period, ~0U);
}

static u32 read_pm_timer(void)
{
	return inl(acpi_info.pm_timer_port);
}

static int by_pm_timer(void)
{
	if (!acpi_info.pm_timer_port)
		return -ENODEV;
	return tsc_measure_by(read_pm_timer, PM_TIMER_HZ, PM_TIMER_MASK);
}

/* Leaf 15h: crystal * ebx / eax. */
static int by_cpuid_crystal(void)
{
	struct cpuid_regs r;

	if (cpuid(0, 0).eax < CPUID_TSC)
		return -ENODEV;
	r = cpuid(CPUID_TSC, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return -ENODEV;
	return tsc_set_hz((u64)r.ecx * r.ebx / r.eax);
}

static int by_cpuid_mhz(void)
{
	if (cpuid(0, 0).eax < CPUID_FREQUENCY)
		return -ENODEV;
	return tsc_set_hz((cpuid(CPUID_FREQUENCY, 0).eax & CPUID_MHZ) *
			  1000000ULL);
}

static const struct {
	const char *name;
	int (*measure)(void);
} clocks[] = {
	{ "HPET", by_hpet },
	{ "ACPI PM timer", by_pm_timer },
	{ "CPUID leaf 15h", by_cpuid_crystal },
	{ "CPUID leaf 16h", by_cpuid_mhz },
};

int tsc_init_late(const char **by)
{
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		*by = clocks[i].name;
		if (!clocks[i].measure())
			return 0;
	}
	*by = NULL;
	return -ENODEV;
}
