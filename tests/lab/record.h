/* SPDX-License-Identifier: MIT */
/*
 * record.h - the recorder of the theatre: what a patch of one site does, and
 * what becomes of each call of it.
 *
 * The engine's hooks (poke_hooks.h of nop5-debug.elf) report steps and stores;
 * callers report calls, which are folded into runs here. record_print() writes
 * the JSON lines that tools/theatre/scene.py describes.
 *
 * Context: task, one recording at a time, unless said otherwise.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>

/* A recording. The two words are compared, and may be equal. */
struct record_scene {
	const char *method;
	const char *function; /* the name of what is patched */
	unsigned long site;
	u64 old, new; /* instruction words of insn.h */
	u64 between;  /* another whole word that calls nobody, or 0 */
};

/* One call, as its caller saw it; did and how as in scene.py. */
enum record_did {
	DID_OLD,
	DID_NEW,
	DID_MIX,
	DID_NOBODY,
	DID_TWICE,
	DID_FREED, /* it executed memory that had been freed */
};
enum record_how { HOW_DIRECT, HOW_TRAP, HOW_SPIN };

struct record_call {
	u64 t, end; /* TSC */
	enum record_did did;
	enum record_how how;
	bool late; /* the trap came late: the bytes in memory decided */
	u32 again; /* look-ups the handler repeated */
	unsigned int vector; /* DID_MIX, DID_FREED: the exception */
	u64 saw;	     /* DID_MIX: the word it executed */
};

/* Start a recording; it lasts until record_stop(). */
void record_start(const struct record_scene *scene);
void record_stop(void);

extern bool record_live; /* [A] */

/* Is there a recording under way? Inlined into each store. Context: any. */
static __always_inline bool recording(void)
{
	return unlikely(READ_ONCE(record_live));
}

/*
 * Print the recording that was stopped. Return: 0; -EIO if an event did not fit
 * in its table, which the last line says as "dropped".
 */
int record_print(void);

/* Count a call of the CPU that calls this. Context: task, preemption off. */
void record_call(const struct record_call *call);
/* Calls of a CPU so far. Context: any. */
u64 record_calls(unsigned int cpu);
/*
 * Did a call that began at t, and reached the new target, wait at a jump to
 * itself? Context: any.
 */
bool record_waited(u64 t);

/* The caller's CPU was inside the code that is to be freed from t to end. */
void record_inside(u64 t, u64 end);
/* No task is inside any more, as the kernel knows. */
void record_quiet(void);

/* ---- for the hooks: [P], preemption off ---- */

void record_step_begins(unsigned int step);
void record_step_ends(unsigned int step);
/* Context: the private address space is loaded; not traceable. */
void record_store_begins(unsigned long addr);
void record_store_ends(unsigned long addr, size_t len);
/* Context: NMI. */
void record_parked(void);
void record_resumed(void);
