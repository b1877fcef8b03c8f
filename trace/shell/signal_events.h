/* SPDX-License-Identifier: MIT */
/*
 * signal_events.h - the tracepoint of signal.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"
#include "kernel/sched.h"

#define SIGINT 2

#include "kernel/base/events_declare.def"
#include "trace/shell/signal.def"
