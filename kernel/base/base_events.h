/* SPDX-License-Identifier: MIT */
/*
 * base_events.h - the tracepoints of memory and of locks: kmem.def, lock.def.
 */
#pragma once

#include "kernel/base/tracepoint.h"

/* The flags of contention_begin. */
#define LCB_F_SPIN  1U
#define LCB_F_MUTEX 32U

#include "kernel/base/events_declare.def"
#include "kernel/base/kmem.def"
#include "kernel/base/lock.def"
