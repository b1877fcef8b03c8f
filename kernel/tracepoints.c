// SPDX-License-Identifier: MIT
/*
 * tracepoints.c - the tracepoints that this folder calls.
 */
#include "kernel/sched_events.h"
#include "kernel/timer_events.h"

#include "kernel/base/events_tracepoints.def"
#include "kernel/sched.def"
#include "kernel/timer.def"
