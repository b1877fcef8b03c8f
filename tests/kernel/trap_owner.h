/* SPDX-License-Identifier: MIT */
/*
 * The tests' owner of #BP and #DB, the last one that is asked: a running test
 * sets what it is to call.
 */
#pragma once

#include "arch/x86_64/cpu/traps.h"

/*
 * Each returns whether the trap was its own; context and rights as claims() of
 * struct trap_owner, but a hook may be traceable.
 */
typedef bool (*trap_hook_t)(struct pt_regs *regs);

/* NULL: none. No trap that the old hook is to claim may be under way. */
void trap_set_int3_hook(trap_hook_t hook);
void trap_set_step_hook(trap_hook_t hook);
