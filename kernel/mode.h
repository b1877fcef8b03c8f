/* SPDX-License-Identifier: MIT */
/*
 * Modes: what the kernel does once it is up. mode=NAME on the command line
 * chooses one.
 *
 * A mode registers itself: KERNEL_MODE() in any file of the image puts an
 * entry into the section kernel_modes, and kernel/main.c looks there. So an
 * image has exactly the modes that are linked into it: nop5.elf the demo and
 * the shell, nop5-test.elf those of tests/, too.
 */
#pragma once

#include "kernel/lib/types.h"

struct kernel_mode {
	const char *name;
	/*
	 * Context: the thread "init", after all boot steps, may sleep.
	 * Return: 0 all well (status 33); else it failed, and has said why
	 * (status 35).
	 */
	int (*run)(void);
	const char *what; /* in a few words, for the list of modes */
};

/* KERNEL_MODE(shell, shell_run, "a shell on the serial line"); */
#define KERNEL_MODE(name_, run_, what_)                                       \
	static const struct kernel_mode kernel_mode_##name_ __used __section( \
		"kernel_modes") __aligned(8) = {                              \
		.name = #name_,                                               \
		.run = (run_),                                                \
		.what = (what_),                                              \
	}

/* By the linker script. */
extern const struct kernel_mode __start_kernel_modes[], __stop_kernel_modes[];
