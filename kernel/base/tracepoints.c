// SPDX-License-Identifier: MIT
/*
 * tracepoints.c - the tracepoints that this folder calls.
 */
#include "kernel/base/base_events.h"

#include "kernel/base/events_tracepoints.def"
#include "kernel/base/kmem.def"
#include "kernel/base/lock.def"
