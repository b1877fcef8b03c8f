/* SPDX-License-Identifier: MIT */
/*
 * sched_events.h - the tracepoints of tasks: sched.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"
#include "kernel/sched.h"

#include "kernel/base/events_declare.def"
#include "kernel/sched.def"
