/* SPDX-License-Identifier: MIT */
/*
 * A CPU with interrupts off that watches the bytes of one site being patched.
 *
 * It cannot answer a synchronisation while it watches, so as long as it has
 * not answered the first one, no tail may change; and as long as it has not
 * answered the second, no first byte. Whether it has answered is said by the
 * number of the round, so being late is never taken for a violation. In an
 * emulator this is the one test that shows a missing synchronisation, and it
 * shows it every time: execution hardly does, prefetching is not modelled.
 */
#pragma once

#include "kernel/lib/types.h"

struct observation {
	u64 watched1, watched2; /* batches seen in the first, second phase */
	u64 violations1, violations2; /* of these: went on without us */
};

/*
 * Watch the site at ip, from a thread on another CPU than the caller's, which
 * becomes pinned. Return: 0; -ENOMEM; -ENODEV there is no other CPU.
 */
int observer_begin(unsigned long ip);
/* Right before a batch that changes the site from old to new. */
void observer_announce(u64 old, u64 new);
/* So far; it changes while one looks. */
const struct observation *observer_seen(void);
struct observation observer_end(void);
