/* SPDX-License-Identifier: MIT */
/*
 * tracepoint.h - attach probes to tracepoints and detach them.
 *
 * A probe is a function void probe(void *data, ...) with the arguments of the
 * tracepoint behind data. Several may be attached, also the same with another
 * data. The one with the highest priority is called first; of those with equal
 * priorities, the one that was attached first.
 *
 * TP1  When a register has returned, the probe is called at every call of the
 *      tracepoint that begins later; when an unregister has returned, no CPU is
 *      inside the probe or will be.
 * TP2  A probe is called with the data it was attached with, at every moment.
 * TP3  An unregister needs no memory and cannot fail for lack of it.
 *
 * A probe must not be traceable, sleep or take a lock: it runs wherever the
 * tracepoint is, at worst with a run queue locked.
 *
 * Context: task, may sleep.
 */
#pragma once

#include "kernel/base/tracepoint.h"

#define TRACEPOINT_DEFAULT_PRIO 10

/*
 * tracepoint_probe_register() - attach a probe
 * Return: 0; -EINVAL @probe is NULL; -EEXIST it is attached with this data;
 * -ENOMEM. No other code is returned.
 */
int tracepoint_probe_register(struct tracepoint *tp, void *probe, void *data);
int tracepoint_probe_register_prio(struct tracepoint *tp, void *probe,
				   void *data, int prio);

/*
 * tracepoint_probe_unregister() - detach a probe
 * Return: 0; -ENOENT it is not attached with this data. No other code is
 * returned.
 */
int tracepoint_probe_unregister(struct tracepoint *tp, void *probe, void *data);

/*
 * A session: any number of registers and unregisters between begin and end cost
 * one batch of patches and at most one wait, both made by end. TP1 holds for
 * them from then on. Only the task that began it may register inside.
 */
void tracepoint_session_begin(void);
/* Return: whether it has waited by synchronize_cpus(). */
bool tracepoint_session_end(void);

/* Return: NULL if there is no tracepoint of that name. */
struct tracepoint *tracepoint_find(const char *name);
