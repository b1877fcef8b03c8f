// SPDX-License-Identifier: MIT
/*
 * The local APIC.
 *
 * Owns: its registers on every CPU, and the way to access them (lapic_mmio, or
 * MSRs if that is NULL).
 *
 * LA1 A command to another CPU is written with interrupts off, because the
 *    memory-mapped form takes two writes. An NMI that sends a command between
 *    the two restores the upper half.
 *
 * Context: as the header says. The sending functions are notrace because the
 * sync round and NMIs use them.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/ioapic.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/msr.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#define CPUID_1_EDX_APIC   (1U << 9)
#define CPUID_1_ECX_X2APIC (1U << 21)

#define LAPIC_SIZE    4096
#define LAPIC_DEFAULT 0xfee00000

#define SVR_ENABLE     0x100
#define LVT_NMI	       0x400
#define DIVIDER	       16
#define DIVIDE_BY_16   0x3
#define DIVIDE_BY_1    0xb
#define CALIBRATION_NS 250000
#define NS_PER_S       1000000000ULL
#define ARM_MAX_NS     (10 * NS_PER_S)

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

void *lapic_mmio; /* [I] after apic_init(); entry.asm reads it */
static bool x2apic;
static u64 timer_hz;	     /* [I] of the divided clock */
static u64 first_tick_ns;    /* [I] */
static unsigned long errors; /* [A] */

static __always_inline u32 apic_read(u32 reg)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
	return readl((u8 *)lapic_mmio + reg);
}

static __always_inline void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + (reg >> 4), value);
	else
		writel((u8 *)lapic_mmio + reg, value);
}

bool apic_is_x2apic(void)
{
	return x2apic;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

notrace void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* Wait until the last command has left. In an emulator it always has. */
static __always_inline void wait_icr(void)
{
	while (readl((u8 *)lapic_mmio + APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
}

bool apic_reaches(u32 id)
{
	return x2apic || id <= APIC_ID_MAX;
}

notrace void apic_send(u32 id, u32 command)
{
	unsigned long flags;
	u32 high;

	command |= APIC_LEVEL_ASSERT;
	if (x2apic) {
		/* The WRMSR does not serialise: stores must go before it. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)id << 32 | command);
		return;
	}
	local_irq_save(flags); /* LA1 */
	high = readl((u8 *)lapic_mmio + APIC_ICR_HIGH);
	wait_icr();
	writel((u8 *)lapic_mmio + APIC_ICR_HIGH, id << 24);
	writel((u8 *)lapic_mmio + APIC_ICR, command);
	wait_icr();
	writel((u8 *)lapic_mmio + APIC_ICR_HIGH, high);
	local_irq_restore(flags);
}

notrace void apic_send_others(u32 command)
{
	apic_send(0, command | APIC_TO_OTHERS);
}

void apic_error_irq(void)
{
	apic_write(APIC_ESR, 0);
	if (apic_read(APIC_ESR))
		fetch_add(&errors, 1);
}

unsigned long apic_errors(void)
{
	return READ_ONCE(errors);
}

static notrace void timer_setup(u32 divide, u32 lvt)
{
	apic_write(APIC_TIMER_DIVIDE, divide);
	apic_write(APIC_LVT_TIMER, lvt);
}

notrace void apic_timer_arm(u64 ns)
{
	u64 count = min(ns, ARM_MAX_NS) * timer_hz / NS_PER_S;

	apic_write(APIC_TIMER_INITIAL, clamp(count, 1ULL, (u64)~0U));
}

/* The timer fires once for each time it is armed. */
static notrace void timer_begin(void)
{
	timer_setup(DIVIDE_BY_16, VECTOR_TIMER);
	apic_timer_arm(first_tick_ns);
}

static u32 timer_count(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

/*
 * Ticks of the divided timer clock in one second. They are measured undivided,
 * so a short time gives as many of them.
 */
static u64 measure_timer(void)
{
	timer_setup(DIVIDE_BY_1, APIC_LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, ~0U);
	return tsc_rate_of(timer_count, CALIBRATION_NS) / DIVIDER;
}

static notrace void enable_hardware(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (x2apic)
		wrmsr(MSR_APIC_BASE,
		      base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

/*
 * Put every line into a known state; firmware leaves LINT1 open on one CPU
 * only.
 */
static notrace void program(void)
{
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_PERF, APIC_LVT_MASKED);
	apic_write(APIC_LVT_ERROR, VECTOR_APIC_ERROR);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_ESR, 0);
}

static u64 lapic_address(void)
{
	u64 base = rdmsr(MSR_APIC_BASE) & PTE_ADDR;

	if (acpi_info.lapic_phys)
		return acpi_info.lapic_phys;
	return base ? base : LAPIC_DEFAULT;
}

int apic_init(unsigned int tick_hz)
{
	struct cpuid_regs features = cpuid(1, 0);

	if (!(features.edx & CPUID_1_EDX_APIC))
		return -ENODEV;
	outb(PIC1_DATA, 0xff); /* mask all lines of the old controllers */
	outb(PIC2_DATA, 0xff);
	/*
	 * CPUID decides, not an attempt: QEMU's TCG accepts the enable bit
	 * without a fault and then loses every interrupt between CPUs.
	 */
	x2apic = features.ecx & CPUID_1_ECX_X2APIC;
	if (!x2apic) {
		lapic_mmio = ioremap(lapic_address(), LAPIC_SIZE);
		if (!lapic_mmio)
			return -ENOMEM;
	}
	enable_hardware();
	program();
	timer_hz = measure_timer();
	first_tick_ns = NS_PER_S / tick_hz;
	timer_begin();
	return ioapic_init();
}

notrace void apic_init_cpu(void)
{
	enable_hardware();
	program();
	timer_begin();
}
