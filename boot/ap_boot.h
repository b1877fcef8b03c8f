/* SPDX-License-Identifier: MIT */
/*
 * The hand-over from the boot CPU to a starting one (boot/ap_start.asm).
 *
 * The real-mode page holds no data: it jumps to 32-bit code in the kernel
 * image, which turns long mode on with the AP page tables and then looks here.
 * One block serves all CPUs, one after the other. A CPU that comes too late
 * finds the block withdrawn or meant for somebody else and halts for good.
 */
#pragma once

#include "kernel/lib/types.h"

enum ap_boot_state {
	AP_BOOT_IDLE = 0,  /* nobody may start; also: withdrawn */
	AP_BOOT_ARMED = 1, /* the block is filled in for .apic_id */
	AP_BOOT_TAKEN = 2, /* that CPU is on its way to .entry */
};

struct ap_boot_params {
	u32 state;     /* enum ap_boot_state, changed by cmpxchg only */
	u32 apic_id;   /* who is meant */
	u64 stack_top; /* rsp on entry is this, less the return address */
	u64 gs_base;   /* in place before any C runs */
	u64 entry;     /* void __noreturn entry(u64 arg), kernel CR3 loaded */
	u64 arg;
};

extern struct ap_boot_params ap_boot_params;

/* Position-independent 16-bit code, to be copied to a page below 1 MiB. */
extern const char ap_start16[], ap_start16_end[];
