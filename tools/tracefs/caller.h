/* SPDX-License-Identifier: MIT */
/*
 * caller.h - the task of this host that makes a call.
 */
#pragma once

#include "tools/tracefs/wire.h"

/*
 * Look up the parent and the name of thread @pid. It waits for its call, so it
 * is there; if it is not (pid 0: the kernel's own call), *@caller is all 0.
 */
void caller_find(int pid, struct wire_caller *caller);
