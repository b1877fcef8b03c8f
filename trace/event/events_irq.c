// SPDX-License-Identifier: MIT
/*
 * events_irq.c - the events of devices' interrupts, of arch/x86_64/cpu/irq.def.
 */
#include "arch/x86_64/cpu/irq_events.h"
#include "kernel/base/kallsyms.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "irq"

static const char *function_name(unsigned long addr)
{
	unsigned long off, size;
	const char *name = kallsyms_lookup(addr, &off, &size);

	return name ? name : "?";
}

#include "trace/event/event_struct.def"
#include "arch/x86_64/cpu/irq.def"

#include "trace/event/event_code.def"
#include "arch/x86_64/cpu/irq.def"

#include "trace/event/event_object.def"
#include "arch/x86_64/cpu/irq.def"
