/* SPDX-License-Identifier: MIT */
/*
 * Places where something else may come in between: before each operation on a
 * word that an interrupt, an NMI or another CPU writes, too. A model check
 * sets host_step_fn and there runs whatever it likes.
 */
#pragma once

#include "kernel/lib/types.h"

extern _Thread_local void (*host_step_fn)(void);

static __always_inline void host_step(void)
{
	if (host_step_fn)
		host_step_fn();
}
