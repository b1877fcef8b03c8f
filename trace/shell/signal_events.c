// SPDX-License-Identifier: MIT
/*
 * signal_events.c - the event of signal.def, with its tracepoint.
 */
#include "trace/shell/signal_events.h"
#include "kernel/lib/string.h"
#include "trace/event/event_define.h"

#include "kernel/base/events_tracepoints.def"
#include "trace/shell/signal.def"

#define EVENT_SYSTEM "signal"

#define SI_KERNEL 0x80 /* sent by the kernel, as Linux numbers it */

#include "trace/event/event_struct.def"
#include "trace/shell/signal.def"

#include "trace/event/event_code.def"
#include "trace/shell/signal.def"

#include "trace/event/event_object.def"
#include "trace/shell/signal.def"
