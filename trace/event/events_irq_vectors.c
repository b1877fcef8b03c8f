// SPDX-License-Identifier: MIT
/*
 * events_irq_vectors.c - the events of the kernel's own interrupts, of
 * arch/x86_64/cpu/irq_vectors.def.
 */
#include "arch/x86_64/cpu/irq_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "irq_vectors"

#include "trace/event/event_struct.def"
#include "arch/x86_64/cpu/irq_vectors.def"

#include "trace/event/event_code.def"
#include "arch/x86_64/cpu/irq_vectors.def"

#include "trace/event/event_object.def"
#include "arch/x86_64/cpu/irq_vectors.def"
