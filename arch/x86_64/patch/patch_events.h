/* SPDX-License-Identifier: MIT */
/*
 * patch_events.h - the tracepoints of the patch engine: patch.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"

#include "kernel/base/events_declare.def"
#include "arch/x86_64/patch/patch.def"
