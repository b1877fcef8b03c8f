/* SPDX-License-Identifier: MIT */
/*
 * irq_events.h - the tracepoints of interrupts and exceptions: irq.def,
 * irq_vectors.def, exceptions.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"

struct pt_regs;

#include "kernel/base/events_declare.def"
#include "arch/x86_64/cpu/irq.def"
#include "arch/x86_64/cpu/irq_vectors.def"
#include "arch/x86_64/cpu/exceptions.def"
