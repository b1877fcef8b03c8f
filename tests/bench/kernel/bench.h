/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks in the image: mode=bench runs the part that bench=PART names and
 * prints a line "BENCH<TAB>row<TAB>value<TAB>unit" for each figure. What the
 * rows mean: tests/bench/README.md. They are added up by tests/bench/run.py.
 *
 * Context: one task, interrupts on, nothing else going on.
 */
#pragma once

#include "kernel/lib/sort.h"
#include "kernel/lib/types.h"
#include "tests/bench/segment.h"
#include "trace/core/ftrace.h"
#include <asm/irqflags.h>

/* Functions that are only there to be traced by somebody else's ops. */
#define BENCH_OTHERS 100
/* Functions of the image that gen_functions.py adds to. */
#define BENCH_SITES 100000

/* One figure; hundredths are printed if there are any. */
void bench_row(const char *row, u64 hundredths, const char *unit);

/* err < 0: prints the line that makes the run fail. Return: err >= 0. */
bool bench_ok(const char *what, long err);

/* Instructions executed so far, those of the idle task not counted. */
u64 bench_busy(void);

/* Sorts them and gives the middle one. */
u64 bench_median(u64 *samples, size_t n);

/*
 * Makes the function tracer current, sites and all, and nop again, tracing
 * off. Return: the least wall time of BENCH_SAMPLES times, hundredths of a
 * microsecond per site; what else the host does only adds to it.
 */
u64 bench_wall_per_site(void);

/* Cost of an empty stretch; 0 before bench_calibrate(). */
extern u64 bench_overhead;

/* Ticks of a stretch (segment.h), interrupts off: the median of samples. */
#define bench_measure(body)                                                \
	({                                                                 \
		u64 samples_[BENCH_SAMPLES];                               \
		unsigned long flags_;                                      \
                                                                           \
		local_irq_save(flags_);                                    \
		for (int i_ = 0; i_ < BENCH_SAMPLES; i_++)                 \
			samples_[i_] = bench_ticks(body) - bench_overhead; \
		local_irq_restore(flags_);                                 \
		bench_median(samples_, BENCH_SAMPLES);                     \
	})

/* Hundredths per iteration; the loop's first instruction is not part of it. */
#define BENCH_PER_CALL(ticks) (((ticks)-1) * 100 / BENCH_CALLS)

/* The traced function: its site and a return. And one that is not traced. */
void bench_target(void);
void bench_untraced(void);
/* No site; a NOP and a return. */
void bench_plain(void);
/* Direct targets (segment.h), and what the second one calls. */
void bench_return(void);
void bench_direct_call(void);
void bench_assist(void);
extern const unsigned long bench_others[BENCH_OTHERS];

/* An empty callback: one return. */
void bench_callback(unsigned long ip, unsigned long parent_ip,
		    struct ftrace_ops *ops, struct ftrace_regs *fregs);

/* Hang an empty ops on one site and take it away. */
void bench_attach(struct ftrace_ops *ops, unsigned long ip,
		  unsigned long flags);
void bench_detach(struct ftrace_ops *ops);

/* The row: calls of the target as it is now. */
void bench_sample(const char *row);

/* As `echo text > name` and `cat name > /dev/null` in the control tree. */
void bench_echo(const char *text, const char *name);
void bench_cat(const char *name);

/* The parts, one file each. */
void bench_calibrate(void);
void bench_calls(void);
void bench_probes(void);
void bench_lists(void);
void bench_tracers(void);
void bench_traces(void);
void bench_events(void);
void bench_probe_events(void);
void bench_memory(void);
void bench_patch(void);
void bench_work(void);
void bench_wall(void);
void bench_sites(void);
/* BENCH_SITES generated functions' sites, for kfree(); NULL: not this image */
unsigned long *bench_find_sites(void);
void bench_keys(void);			     /* of bench=sites, too */
void bench_sets(const unsigned long *sites); /* BENCH_SITES of them */
void bench_consumers(void);
void bench_smp(void);
void bench_scale(void); /* the image of bench=sites, with 64 CPUs */
