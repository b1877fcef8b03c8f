/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/cpu.h>: as the real one (only what a user process may
 * execute is ever called), but time is a variable that a test sets.
 */
#pragma once

#include "arch/x86_64/asm/cpu.h"

extern u64 host_tsc;

#define rdtsc()		  host_tsc
#define mul_shift32(a, b) ((u64)((unsigned __int128)(a) * (b) >> 32))
#define rdtsc_shifted(n)  (host_tsc << (n))
#define mul_high(a, b)	  ((u64)((unsigned __int128)(a) * (b) >> 64))
#define rdtsc_ordered()	  host_tsc
