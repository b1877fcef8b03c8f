/* SPDX-License-Identifier: MIT */
/*
 * caller_slot.h - what the stack walker reads in code.
 *
 * Context of all: any, NMI included; not traceable, no locks.
 */
#pragma once

#include "kernel/lib/types.h"

#define CODE_SITE_SIZE	5
#define CALLER_IN_FRAME (~0UL)

/*
 * caller_slot() - the address of the return address of a function
 * @ip: the next instruction of the function to be executed
 * @sp, @bp: the registers in front of it
 *
 * Return: the address, on the stack that @sp points to; CALLER_IN_FRAME if it
 * is above the frame that rbp points to.
 */
unsigned long caller_slot(unsigned long ip, unsigned long sp, unsigned long bp);

/* Is @addr in compiled code? */
bool code_is_text(unsigned long addr);
/* Is it the CALL, JMP, INT3 or NOP of a site? */
bool code_is_site(const u8 *code);
/* Does the function that @addr is in set up a frame? */
bool code_has_frame(unsigned long addr);
/* The exit of the graph tracer's hook: pop rcx, jmp rcx. */
bool code_pops_caller(const u8 *at);
/* Does a call, in text or in a trampoline, end at @addr? */
bool code_follows_call(unsigned long addr);
