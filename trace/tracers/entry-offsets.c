// SPDX-License-Identifier: MIT
/*
 * Constants that a tracer in assembly shares with C: the build makes
 * entry-offsets.inc for NASM from this file's assembly (function_fast.asm).
 */
#include "trace/arch_ftrace.h"
#include "trace/event/trace_entries.h"

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))

void entry_offsets(void);

void entry_offsets(void)
{
	DEFINE(FTRACE_FAST_LATE, FTRACE_FAST_LATE);
	DEFINE(TRACE_FN, TRACE_FN);
	DEFINE(TRACE_FLAG_IRQS_OFF, TRACE_FLAG_IRQS_OFF);
	DEFINE(ENTRY_PID, offsetof(struct trace_entry, pid));
	DEFINE(ENTRY_IP, offsetof(struct ftrace_entry, ip));
	DEFINE(ENTRY_PARENT_IP, offsetof(struct ftrace_entry, parent_ip));
	DEFINE(ENTRY_SIZE, sizeof(struct ftrace_entry));
}
