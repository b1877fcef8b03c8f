/* SPDX-License-Identifier: MIT */
/* The tracepoint trace_own_step(); own_event.def has what it records. */
#pragma once

#include "kernel/base/tracepoint.h"

#include "kernel/base/events_declare.def"
#include "labs/own-event/own_event.def"
