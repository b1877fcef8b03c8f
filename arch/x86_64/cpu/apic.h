/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU: vectors, interrupts between CPUs, the tick.
 *
 * It is accessed by MSRs (x2APIC) if CPUID offers that, else by memory-mapped
 * registers.
 */
#pragma once

#include "kernel/lib/types.h"

/* Vectors; 0..31 are the CPU's own. The high four bits are the priority. */
#define VECTOR_DEVICE_FIRST  0x30
#define VECTOR_UART	     0x34
#define VECTOR_COM2	     0x35
#define VECTOR_VIRTIO	     0x36
#define VECTOR_DEVICE_LAST   0xdf
#define VECTOR_TEST	     0xe0 /* for tests in the image */
#define VECTOR_TIMER	     0xec
#define VECTOR_RESCHEDULE    0xf0
#define VECTOR_CALL_FUNCTION 0xf1
#define VECTOR_SYNC_CORE     0xf2
#define VECTOR_APIC_ERROR    0xfe
#define VECTOR_SPURIOUS	     0xff /* low four bits set, for old APICs */

/* Offsets of the memory-mapped registers; the MSR is 0x800 + offset / 16. */
#define APIC_ID		   0x020
#define APIC_TPR	   0x080
#define APIC_EOI	   0x0b0
#define APIC_SVR	   0x0f0
#define APIC_ESR	   0x280
#define APIC_ICR	   0x300
#define APIC_ICR_HIGH	   0x310
#define APIC_LVT_TIMER	   0x320
#define APIC_LVT_PERF	   0x340
#define APIC_LVT_LINT0	   0x350
#define APIC_LVT_LINT1	   0x360
#define APIC_LVT_ERROR	   0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

/* Interrupt command register. */
#define APIC_DM_FIXED	  0x00000U
#define APIC_DM_NMI	  0x00400U
#define APIC_DM_INIT	  0x00500U
#define APIC_DM_STARTUP	  0x00600U
#define APIC_ICR_BUSY	  0x01000U
#define APIC_LEVEL_ASSERT 0x04000U
#define APIC_TO_OTHERS	  0xc0000U

#define APIC_LVT_MASKED 0x10000U

/*
 * Find and turn on the boot CPU's APIC; mask the old interrupt controllers;
 * measure the APIC timer and arm it for the first tick.
 * Context: boot, after acpi_init(), tsc_init() and paging; interrupts off.
 * Return: 0; -ENODEV if there is no APIC; -ENOMEM. No other code is returned.
 */
int apic_init(unsigned int tick_hz);

/* The same for a CPU that is coming up. Context: bring-up. */
void apic_init_cpu(void);

/*
 * Arm this CPU's timer: it raises VECTOR_TIMER once, after ns nanoseconds, at
 * most 10 seconds. It replaces an earlier request that has not fired yet.
 * Context: any.
 */
void apic_timer_arm(u64 ns);

/* This CPU's APIC id, read from the hardware. */
u32 apic_id(void);
bool apic_is_x2apic(void);

/* VECTOR_APIC_ERROR: count it and clear it. Context: irq. */
void apic_error_irq(void);
unsigned long apic_errors(void);

/*
 * Can a command be sent to this id? Without x2APIC an id has 8 bits, and 255
 * means all CPUs.
 */
#define APIC_ID_MAX 254U
bool apic_reaches(u32 apic_id);

/* All notrace, any context. */
void apic_eoi(void);
/* command: a delivery mode and a vector. */
void apic_send(u32 apic_id, u32 command);
void apic_send_others(u32 command);
