/* SPDX-License-Identifier: MIT */
/*
 * Shared by the generators of entry-and-exit targets.
 */
#pragma once

#include "arch/x86_64/patch/code.h"
#include "trace/arch_ftrace.h"

/* inc qword [gs:counter] */
static inline void put_count(struct code *c, const u64 *counter)
{
	PUT(c, 0x65, 0x48, 0xff, 0x04, 0x25);
	put_u32(c, (u32)(unsigned long)counter);
}

/*
 * ftrace_fexit_owner.c: the code of a target for desc->owner. Pure. Return: the
 * offset behind the way of calls whose exit is handled.
 */
size_t ftrace_fexit_emit_owner(struct code *c,
			       const struct ftrace_fexit_desc *desc);
