// SPDX-License-Identifier: MIT
/*
 * unwind_hooks.c - the stack walker's calls to every owner of generated code.
 *
 * Context: any, NMI included; not traceable, no locks.
 */
#include "kernel/unwind_hooks.h"

DEFINE_TABLE(struct unwind_hooks, unwind_hooks);

bool unwind_trampoline_frame(unsigned long addr, unsigned long *bytes)
{
	const struct unwind_hooks *const *at;

	for_each_entry(at, unwind_hooks)
	{
		if ((*at)->trampoline_frame &&
		    (*at)->trampoline_frame(addr, bytes))
			return true;
	}
	return false;
}

bool unwind_wrapper_range(unsigned long addr, unsigned long *start,
			  unsigned long *size)
{
	const struct unwind_hooks *const *at;

	for_each_entry(at, unwind_hooks)
	{
		if ((*at)->wrapper_range &&
		    (*at)->wrapper_range(addr, start, size))
			return true;
	}
	return false;
}

unsigned long unwind_return_address(struct task_struct *task,
				    unsigned long addr, unsigned long *retp)
{
	const struct unwind_hooks *const *at;

	for_each_entry(at, unwind_hooks)
	{
		if ((*at)->return_address)
			addr = (*at)->return_address(task, addr, retp);
	}
	return addr;
}

unsigned long unwind_place(unsigned long ip)
{
	const struct unwind_hooks *const *at;
	unsigned long place;

	for_each_entry(at, unwind_hooks)
	{
		if ((*at)->place_of_copy && (*at)->place_of_copy(ip, &place))
			return place;
	}
	return ip;
}

u8 unwind_byte(unsigned long addr)
{
	const struct unwind_hooks *const *at;
	u8 byte;

	for_each_entry(at, unwind_hooks)
	{
		if ((*at)->replaced_byte && (*at)->replaced_byte(addr, &byte))
			return byte;
	}
	return *(const u8 *)addr;
}
