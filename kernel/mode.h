/* SPDX-License-Identifier: MIT */
/*
 * Modes: the programs that the kernel runs after boot. mode=NAME on the command
 * line chooses one.
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
	 * Return: 0 if all is well (status 33); another value if it failed and
	 * has printed why (status 35).
	 */
	int (*run)(void);
	const char *what; /* a short description for the list of modes */
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
 * mode_run() - check the words of the command line, then run its mode, or print
 * the list of words if the word help is there
 *
 * Context: task. Return: EXIT_CODE_OK; EXIT_CODE_FAILED if the mode has failed;
 * EXIT_CODE_REFUSED if a word is unknown or has a bad value: then this is
 * reported and nothing else is done. No other code is returned.
 */
enum exit_code mode_run(void);
