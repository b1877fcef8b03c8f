/* SPDX-License-Identifier: MIT */
/*
 * timer_events.h - the tracepoints of timers: timer.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"
#include "kernel/timer.h"

#include "kernel/base/events_declare.def"
#include "kernel/timer.def"
