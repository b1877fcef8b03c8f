/* SPDX-License-Identifier: MIT */
/*
 * Tracepoints of the tests' own, in the group testing_tp; what each records is
 * in tp_events.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"

#include "kernel/base/events_declare.def"
#include "tests/kernel/tp_events.def"

/* Calls testing_two(number, value), and nothing else. */
void tp_call_two(unsigned int number, unsigned long value);
/* The same without its tracepoint. */
void tp_call_none(unsigned int number, unsigned long value);
