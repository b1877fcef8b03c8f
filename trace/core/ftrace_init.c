// SPDX-License-Identifier: MIT
/*
 * ftrace_init.c - the boot step of the core. Context: boot.
 */
#include "kernel/base/cmdline.h"
#include "trace/core/ftrace_internal.h"

extern unsigned long __start_mcount_loc[], __stop_mcount_loc[];

CMDLINE_ON_OFF(trampolines, "off: each traced call takes the list function");
CMDLINE_ON_OFF(chains,
	       "off: several subscribers are called by the list function");

int ftrace_init(void)
{
	int err;

	ftrace_use_trampolines = !cmdline_is("trampolines", "off");
	ftrace_use_chains = !cmdline_is("chains", "off");
	ftrace_set_init();
	err = arch_ftrace_init();
	if (err)
		return err;
	ftrace_rec_init(__start_mcount_loc, __stop_mcount_loc);
	ftrace_list_init();
	return 0;
}
