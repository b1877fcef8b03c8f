// SPDX-License-Identifier: MIT
/*
 * tracepoints.c - the tracepoints that this folder calls.
 */
#include "arch/x86_64/cpu/irq_events.h"

#include "kernel/base/events_tracepoints.def"
#include "arch/x86_64/cpu/irq.def"
#include "arch/x86_64/cpu/irq_vectors.def"
#include "arch/x86_64/cpu/exceptions.def"
