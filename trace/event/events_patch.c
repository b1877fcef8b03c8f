// SPDX-License-Identifier: MIT
/*
 * events_patch.c - the events of the patch engine, of
 * trace/arch_patch.def.
 */
#include "trace/arch_patch_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "patch"

#include "trace/event/event_struct.def"
#include "trace/arch_patch.def"

#include "trace/event/event_code.def"
#include "trace/arch_patch.def"

#include "trace/event/event_object.def"
#include "trace/arch_patch.def"
