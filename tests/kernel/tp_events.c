// SPDX-License-Identifier: MIT
#include "tests/kernel/tp_events.h"

#include "kernel/base/events_tracepoints.def"
#include "tests/kernel/tp_events.def"

#include "trace/event/event_define.h"

#define EVENT_SYSTEM "testing_tp"

#include "trace/event/event_struct.def"
#include "tests/kernel/tp_events.def"

#include "trace/event/event_code.def"
#include "tests/kernel/tp_events.def"

#include "trace/event/event_object.def"
#include "tests/kernel/tp_events.def"

__attribute__((__noipa__)) void tp_call_two(unsigned int number,
					    unsigned long value)
{
	trace_testing_two(number, value);
}

__attribute__((__noipa__)) void tp_call_none(unsigned int number,
					     unsigned long value)
{
}
