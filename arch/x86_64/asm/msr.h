/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers.
 *
 * QEMU's TCG does not fault on an MSR that it lacks: it reads 0 and drops
 * writes. So check CPUID before using an MSR that is not architectural.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Numbers of SDM 4, table 2-2. GS_BASE is the per-CPU base; KERNEL_GS_BASE is
 * what SWAPGS would exchange it with, and is never used.
 */
#define MSR_APIC_BASE	   0x0000001b
#define MSR_X2APIC	   0x00000800 /* + register number */
#define MSR_EFER	   0xc0000080
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

/*
 * Bits of MSR_APIC_BASE and of MSR_EFER. NXE makes bit 63 of a page entry mean
 * "no execution" instead of being reserved.
 */
#define APIC_BASE_ENABLE (1UL << 11)
#define APIC_BASE_X2APIC (1UL << 10)
#define EFER_LME	 (1UL << 8)
#define EFER_NXE	 (1UL << 11)

/* An MSR that the processor lacks raises #GP, which panics here. */
static __always_inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

/* Serialises, except for the x2APIC registers and TSC_DEADLINE (SDM 3, 9.3). */
static __always_inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value),
			 "d"((u32)(value >> 32))
			 : "memory");
}
