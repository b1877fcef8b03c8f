// SPDX-License-Identifier: MIT
/*
 * events_timer.c - the events of timers, of kernel/timer.def.
 */
#include "kernel/base/clock.h"
#include "kernel/timer_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "timer"

#include "trace/event/event_struct.def"
#include "kernel/timer.def"

#include "trace/event/event_code.def"
#include "kernel/timer.def"

#include "trace/event/event_object.def"
#include "kernel/timer.def"
