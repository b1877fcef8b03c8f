// SPDX-License-Identifier: MIT
/*
 * events_lock.c - the events of locks, of kernel/base/lock.def.
 */
#include "kernel/base/base_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "lock"

#include "trace/event/event_struct.def"
#include "kernel/base/lock.def"

#include "trace/event/event_code.def"
#include "kernel/base/lock.def"

#include "trace/event/event_object.def"
#include "kernel/base/lock.def"
