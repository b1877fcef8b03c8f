// SPDX-License-Identifier: MIT
/*
 * events_kmem.c - the events of memory, of kernel/base/kmem.def.
 */
#include "kernel/base/base_events.h"
#include "trace/event/event_define.h"
#include <asm/layout.h>

#define EVENT_SYSTEM "kmem"

#include "trace/event/event_struct.def"
#include "kernel/base/kmem.def"

#include "trace/event/event_code.def"
#include "kernel/base/kmem.def"

#include "trace/event/event_object.def"
#include "kernel/base/kmem.def"
