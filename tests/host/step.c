// SPDX-License-Identifier: MIT
/*
 * Nothing comes in between unless a test says so.
 */
#include "tests/host/step.h"

_Thread_local void (*host_step_fn)(void);
