/* SPDX-License-Identifier: MIT */
/*
 * A saved stack, and what tests ask about it; stacks sampled by NMIs.
 */
#pragma once

#include "kernel/lib/types.h"
#include "tests/kernel/ktest.h"

#define TRACE_DEPTH 32

struct trace {
	unsigned long ip[TRACE_DEPTH];
	unsigned int n;
};

/* Does that address lie in the function? Context: any. */
bool is_in(unsigned long ip, const void *function);

/* Index of the first entry that lies in that function, or TRACE_DEPTH. */
unsigned int trace_find(const struct trace *t, const char *name);

/* Prints it, as notes of the test. */
void trace_show(const struct trace *t);

/*
 * The functions, NULL behind the last, follow each other in the trace with
 * nothing between; if not, it is shown.
 */
bool trace_has_chain(const struct trace *t, const char *const *names);

#define EXPECT_CHAIN(trace, ...)      \
	EXPECT(trace_has_chain(trace, \
			       (const char *const[]){ __VA_ARGS__, NULL }))

/* What a sample says: it was taken elsewhere, or right or wrong. */
enum sample_verdict { SAMPLE_ELSEWHERE, SAMPLE_GOOD, SAMPLE_BAD };

/*
 * A thread on CPU 1, interrupted by NMIs wherever it is, and its stack judged
 * each time. Where instructions are counted that is any instruction; else TCG
 * takes NMIs between translated blocks.
 */
struct nmi_sample {
	void (*run)(void); /* what the thread does, again and again */
	enum sample_verdict (*judge)(const struct trace *t); /* NMI */
	bool interrupts; /* an interrupt first: the NMI strikes in its way */
};

/* None may be bad, some must be good. Needs two CPUs. */
void nmi_sample(const struct nmi_sample *what);

/*
 * The same in parts, for a caller that chooses the moments: start the thread;
 * one NMI, for which it waits @ns at most without giving up its CPU; the end,
 * at which none may be bad and, if @some, some must be good. Return: false: the
 * thread could not be made; the NMI has not come.
 */
bool nmi_sample_begin(const struct nmi_sample *what);
bool nmi_sample_take(u64 ns);
void nmi_sample_end(bool some);

/* What a thread may do: sample_root() -> sample_loop() -> sample_leaf(). */
void sample_root(void);
unsigned long sample_loop(unsigned long n);
unsigned long sample_leaf(unsigned long n);
