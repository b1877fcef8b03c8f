/* SPDX-License-Identifier: MIT */
/*
 * Modes: what the kernel does once it is up. mode=NAME on the command line
 * chooses one.
 *
 * A mode registers itself: KERNEL_MODE() in any file of the image makes an
 * entry of the table kernel_modes (kernel/lib/table.h). So an image has exactly
 * the modes that are linked into it: nop5.elf the demo and the shell,
 * nop5-test.elf those of tests/, too.
 */
#pragma once

#include "kernel/base/panic.h"
#include "kernel/lib/table.h"
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

DECLARE_TABLE(struct kernel_mode, kernel_modes);

/* KERNEL_MODE(shell, shell_run, "a shell on the serial line"); */
#define KERNEL_MODE(name_, run_, what_)                         \
	static const struct kernel_mode kernel_mode_##name_ = { \
		.name = #name_,                                 \
		.run = (run_),                                  \
		.what = (what_),                                \
	};                                                      \
	TABLE_ENTRY(kernel_modes, 50, kernel_mode_##name_)

/*
 * mode_run() - do what the command line asks for: check its words, then run its
 * mode, or print the list of words if it says help
 *
 * Context: task. Return: EXIT_CODE_OK; EXIT_CODE_FAILED the mode has failed;
 * EXIT_CODE_REFUSED a word is unknown or has a bad value, and nothing was done
 * but to say so. No other code is returned.
 */
enum exit_code mode_run(void);
