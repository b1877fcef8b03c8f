/* SPDX-License-Identifier: MIT */
/*
 * The hand-over from the boot CPU to a starting one (ap_start.asm).
 *
 * The real-mode page holds no data: it jumps to 32-bit code in the kernel
 * image. That code turns long mode on with the AP page tables and then searches
 * the blocks for one that is armed for its APIC id. Each CPU number has a block
 * of its own, because a CPU that was given up on may still read its block.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/percpu.h>

/*
 *	IDLE  -> ARMED   boot CPU: block filled in for an APIC id
 *	ARMED -> TAKEN   that CPU: on its way to .entry
 *	TAKEN -> JOINED  that CPU: it will be online in a few instructions
 *	ARMED -> before  boot CPU: block withdrawn, the CPU has not claimed it
 *	TAKEN -> LOST    boot CPU: given up; the CPU halts when it finds that
 *	LOST  -> ARMED   boot CPU: for the same APIC id, after a reset of it
 */
enum ap_boot_state {
	AP_BOOT_IDLE = 0,
	AP_BOOT_ARMED = 1,
	AP_BOOT_TAKEN = 2,
	AP_BOOT_JOINED = 3,
	AP_BOOT_LOST = 4,
};

/* State and id share a word, so that no CPU claims another CPU's block. */
#define AP_BOOT_CLAIM(state, apic_id) ((u64)(apic_id) << 32 | (state))

struct ap_boot_params {
	u64 claim;     /* [A] AP_BOOT_CLAIM(), changed by cmpxchg */
	u64 stack_top; /* rsp before the call of entry is this minus 16 */
	u64 gs_base;   /* loaded before any C runs */
	u64 entry;     /* void __noreturn entry(u64 arg), kernel CR3 loaded */
	u64 arg;
};

extern struct ap_boot_params ap_boot_params[NR_CPUS]; /* by CPU number */

/* Position-independent 16-bit code, to be copied to a page below 1 MiB. */
extern const char ap_start16[], ap_start16_end[];
