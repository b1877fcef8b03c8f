// SPDX-License-Identifier: MIT
/*
 * tracepoints.c - the tracepoints that this folder calls.
 */
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "trace/arch_patch_events.h"

/* The numbers in the print formats, which have to be numbers there. */
static_assert(POKE_PUBLISH == 1 && POKE_INT3 == 2 && POKE_SYNC == 3 &&
		      POKE_TAIL == 4 && POKE_HEAD == 5 && POKE_REWRITE == 6 &&
		      POKE_RETIRE == 7,
	      "phase");
static_assert(INSN_KIND_NOP5 == 1 && INSN_KIND_CALL == 2 &&
		      INSN_KIND_JMP32 == 3 && INSN_KIND_JMP8 == 4,
	      "int3_hit");

#include "kernel/base/events_tracepoints.def"
#include "trace/arch_patch.def"
