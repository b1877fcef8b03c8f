/* SPDX-License-Identifier: MIT */
/*
 * probe_fetch.h - carry out the fetches of a definition, into a record.
 *
 * PE6 A fetch reads memory that page tables map, and no other: it never faults,
 *     in an NMI neither. What cannot be read is 0; a text of it has the length
 *     0, and is printed as (fault).
 *
 * Context: probe, NMI included, preemption off. Nothing here is traceable.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/probes/probe_parse.h"

struct pt_regs;

/*
 * probe_read() - copy @size bytes of kernel memory at @addr
 * Return: false: not all of it can be read, and @to has nothing of use.
 */
bool probe_read(void *to, unsigned long addr, size_t size);

/*
 * probe_read_string() - copy a text of kernel memory, at most @size bytes with
 * its NUL; a longer one is cut
 * Return: the bytes copied, its NUL included; 0: it cannot be read.
 */
u32 probe_read_string(char *to, unsigned long addr, u32 size);

/*
 * probe_fetch_all() - store all arguments behind the head of @record
 * @room: bytes of @record, at least def->size
 * Return: the size of the record with its texts.
 */
u32 probe_fetch_all(const struct probe_def *def, const struct pt_regs *regs,
		    void *record, u32 room);

/* Has the definition an argument of variable size? */
bool probe_has_texts(const struct probe_def *def);
/* Does one of its arguments look at the stack? */
bool probe_uses_stack(const struct probe_def *def);
