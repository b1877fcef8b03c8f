/* SPDX-License-Identifier: MIT */
/*
 * theatre.h - scenes of mode=theatre: a site is patched while all other CPUs
 * call it, and what happens is recorded.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "tests/lab/record.h"

struct theatre_scene {
	const char *name;
	/*
	 * Plays the scene and leaves its recording stopped.
	 * Context: task, pinned. Return: 0 or a negative errno.
	 */
	int (*play)(const struct theatre_scene *scene);
};

/* Scenes in the order of their keys; scene=NAME on the command line picks. */
DECLARE_TABLE(struct theatre_scene, theatre_scenes);

#define THEATRE_SCENE(order, ident, name_, play_)                              \
	static const struct theatre_scene scene_##ident = { .name = (name_),   \
							    .play = (play_) }; \
	TABLE_ENTRY(theatre_scenes, order, scene_##ident)

/* ---- the route of a call; context: preemption off ---- */

/* INT3s that this CPU has met. */
struct theatre_traps {
	u64 live, late, again;
};

struct theatre_traps theatre_traps(void);
/* Set how, late and again of a call, from the traps before it. */
void theatre_route(struct record_call *call,
		   const struct theatre_traps *before);

/* ---- the callers: one on each other CPU ---- */

/* Make one call and judge it; call->t and end are filled in by the caller. */
typedef void (*theatre_call_t)(struct record_call *call);

/* Start the callers. Return: 0; -ENOMEM. No other code is returned. */
int theatre_begin(theatre_call_t call);
/* Wait until each caller has made so many calls more that are recorded. */
int theatre_calls(unsigned int more);
/* A busy delay, drawn from the seed. */
void theatre_delay(void);
/* Stop the callers. */
void theatre_end(void);
