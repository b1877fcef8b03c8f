// SPDX-License-Identifier: MIT
/*
 * events_patch.c - the events of the patch engine, of
 * arch/x86_64/patch/patch.def.
 */
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/patch_events.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "patch"

/* The numbers in the print formats, which have to be numbers there. */
static_assert(POKE_PUBLISH == 1 && POKE_INT3 == 2 && POKE_SYNC == 3 &&
		      POKE_TAIL == 4 && POKE_HEAD == 5 && POKE_REWRITE == 6 &&
		      POKE_RETIRE == 7,
	      "phase");
static_assert(INSN_KIND_NOP5 == 1 && INSN_KIND_CALL == 2 &&
		      INSN_KIND_JMP32 == 3 && INSN_KIND_JMP8 == 4,
	      "int3_hit");

#include "trace/event/event_struct.def"
#include "arch/x86_64/patch/patch.def"

#include "trace/event/event_code.def"
#include "arch/x86_64/patch/patch.def"

#include "trace/event/event_object.def"
#include "arch/x86_64/patch/patch.def"
