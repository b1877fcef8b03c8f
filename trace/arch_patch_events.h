/* SPDX-License-Identifier: MIT */
/*
 * arch_patch_events.h - the tracepoints that arch/x86_64/patch calls, of
 * arch_patch.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"

#include "kernel/base/events_declare.def"
#include "trace/arch_patch.def"
