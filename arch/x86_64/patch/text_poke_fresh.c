// SPDX-License-Identifier: MIT
/*
 * text_poke_fresh.c - decides whether the poke window is remapped for every
 * store or for every page.
 *
 * QEMU's translator (TCG) looks for old translations of a frame only when a
 * mapping is new to it, so it needs INVLPG before each store. Elsewhere one
 * INVLPG for each page is enough, because only the window has moved. INVLPG
 * costs 100 to 200 cycles on a processor, and a site has four stores.
 *
 * The choice is per page only if this is certainly not TCG: CPUID names a
 * hypervisor that runs guests on the processor only. A machine without the
 * hypervisor bit may be a processor, or an emulator configured to hide the bit.
 *
 * Context: poke_fresh_choose() is pure; poke_fresh_per_store() [P].
 */
#include "arch/x86_64/patch/poke_hooks.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/string.h"
#include <asm/cpu.h>

#define CPUID_1_ECX_HYPERVISOR (1U << 31)
#define CPUID_HYPERVISOR       0x40000000U

static enum poke_fresh way; /* [P] POKE_FRESH_AUTO: not decided yet */

notrace enum poke_fresh poke_fresh_choose(bool hypervisor,
					  const char signature[12])
{
	/* As each vendor's documentation of leaf 0x40000000 gives it. */
	static const char native[][13] = {
		"KVMKVMKVM\0\0\0", "VMwareVMware", "Microsoft Hv",
		"XenVMMXenVMM",	   "bhyve bhyve ",
	};
	size_t i;

	for (i = 0; hypervisor && i < ARRAY_SIZE(native); i++) {
		if (!memcmp(native[i], signature, 12))
			return POKE_FRESH_PAGE;
	}
	return POKE_FRESH_STORE;
}

static notrace noinline enum poke_fresh ask_cpu(void)
{
	struct cpuid_regs one = cpuid(1, 0), leaf = { 0 };
	bool hypervisor = one.ecx & CPUID_1_ECX_HYPERVISOR;
	u32 signature[3];

	if (hypervisor)
		leaf = cpuid(CPUID_HYPERVISOR, 0);
	signature[0] = leaf.ebx;
	signature[1] = leaf.ecx;
	signature[2] = leaf.edx;
	return poke_fresh_choose(hypervisor, (const char *)signature);
}

notrace bool poke_fresh_per_store(void)
{
	if (unlikely(way == POKE_FRESH_AUTO))
		way = ask_cpu();
	return poke_fresh_in_force(way) == POKE_FRESH_STORE;
}
