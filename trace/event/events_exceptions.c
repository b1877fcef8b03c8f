// SPDX-License-Identifier: MIT
/*
 * events_exceptions.c - the events of arch/x86_64/cpu/exceptions.def.
 */
#include "arch/x86_64/cpu/irq_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "exceptions"

#include "trace/event/event_struct.def"
#include "arch/x86_64/cpu/exceptions.def"

#include "trace/event/event_code.def"
#include "arch/x86_64/cpu/exceptions.def"

#include "trace/event/event_object.def"
#include "arch/x86_64/cpu/exceptions.def"
