// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/text_poke_fresh.c: which CPU is surely not TCG.
 *
 * host-sources: arch/x86_64/patch/text_poke_fresh.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

UNIT(text_poke_fresh, by_page_only_where_it_is_certain)
{
	CHECK_EQ(poke_fresh_choose(true, "KVMKVMKVM\0\0"), POKE_FRESH_PAGE);
	CHECK_EQ(poke_fresh_choose(true, "VMwareVMware"), POKE_FRESH_PAGE);
	CHECK_EQ(poke_fresh_choose(true, "Microsoft Hv"), POKE_FRESH_PAGE);
	CHECK_EQ(poke_fresh_choose(true, "XenVMMXenVMM"), POKE_FRESH_PAGE);
	CHECK_EQ(poke_fresh_choose(true, "bhyve bhyve "), POKE_FRESH_PAGE);
}

UNIT(text_poke_fresh, for_every_store_in_doubt)
{
	CHECK_EQ(poke_fresh_choose(true, "TCGTCGTCGTCG"), POKE_FRESH_STORE);
	CHECK_EQ(poke_fresh_choose(true, "KVMKVMKVMKVM"), POKE_FRESH_STORE);
	CHECK_EQ(poke_fresh_choose(true, "\0\0\0\0\0\0\0\0\0\0\0"),
		 POKE_FRESH_STORE);
	/* No hypervisor bit: what the leaf reads as means nothing. */
	CHECK_EQ(poke_fresh_choose(false, "KVMKVMKVM\0\0"), POKE_FRESH_STORE);
}
