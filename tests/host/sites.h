/* SPDX-License-Identifier: MIT */
/*
 * The fake text of host tests of the ftrace core: sites with names and bytes,
 * trampolines that remember what they were made for, and a call of a site that
 * does what its bytes say.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

#define HOST_SITES  4096
#define HOST_TRAMPS 4096

/*
 * Make sites named as given (n < HOST_SITES) and a fresh ftrace core; what was
 * there before must have been given back.
 */
void host_sites_init(const char *const *names, size_t n);
/* Sites fn0, fn1, ... */
void host_sites_count(size_t n);

unsigned long host_site(size_t i);

/* The bytes there, to damage them. */
u8 *host_site_bytes(size_t i);

/*
 * Execute the site: callbacks are called, direct targets too (as functions
 * without arguments). @regs: what a callback finds.
 */
void host_call(size_t i);

#define HOST_FAR 0x1000UL /* a target that no site reaches */

/* What is counted, and what goes wrong when asked for. */
struct host_arch {
	size_t batches, patches;    /* applied */
	size_t tramps, tramps_made; /* alive, ever */
	size_t inner_pokes;
	size_t syncs;		/* for code that no batch makes known */
	size_t tramps_max;	/* more alive at once there is no room for */
	int prepare_error;	/* -ENOMEM, ... */
	void (*on_apply)(void); /* between verifying and writing */
	void (*on_wait)(void);	/* in synchronize_tasks() */
	size_t waits;
	bool full_regs; /* last call: was it a regs variant? */
};
extern struct host_arch host_arch;

/* The callbacks a site leads to now, by its bytes; -1 if unknown. */
bool host_tramp_live(unsigned long addr);
