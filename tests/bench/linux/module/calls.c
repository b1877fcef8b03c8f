// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * calls.c - rows call.*: what a call of a traced function costs
 *
 * Owns: the traced function and everything that is hung on it. Each
 * configuration is set up, measured with interrupts off, and taken down.
 */
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sort.h>

#include "nop5bench.h"

#define MANY_OPS 16

void bench_assist(void);

BENCH_DIRECT_TARGETS;

noinline void bench_target(void)
{
	asm volatile("");
}

noinline notrace void bench_untraced(void)
{
	asm volatile("");
}

noinline notrace void bench_assist(void)
{
	asm volatile("");
}

notrace void bench_callback(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

/* A hundred other traced functions, so that others can have ops as well. */
#define OTHER(n)                                          \
	static noinline __used void bench_other_##n(void) \
	{                                                 \
		asm volatile("");                         \
	}
#define TEN(X, n) \
	X(n##0)   \
	X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define HUNDRED(X) \
	TEN(X, 0)  \
	TEN(X, 1)  \
	TEN(X, 2)  \
	TEN(X, 3) TEN(X, 4) TEN(X, 5) TEN(X, 6) TEN(X, 7) TEN(X, 8) TEN(X, 9)
#define OTHER_ADDRESS(n) (unsigned long)bench_other_##n,

HUNDRED(OTHER)

unsigned long bench_others[BENCH_OTHERS] = { HUNDRED(OTHER_ADDRESS) };

static struct ftrace_ops ops[MANY_OPS];
static struct ftrace_ops other_ops[BENCH_OTHERS];
static u64 overhead;

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *samples)
{
	sort(samples, BENCH_SAMPLES, sizeof(*samples), compare, NULL);
	return samples[BENCH_SAMPLES / 2];
}

#define MEASURE(body)                                                \
	({                                                           \
		u64 samples_[BENCH_SAMPLES];                         \
		unsigned long flags_;                                \
		int i_;                                              \
                                                                     \
		local_irq_save(flags_);                              \
		for (i_ = 0; i_ < BENCH_SAMPLES; i_++)               \
			samples_[i_] = bench_ticks(body) - overhead; \
		local_irq_restore(flags_);                           \
		median(samples_);                                    \
	})

/* The loop's first instruction is not part of an iteration. */
#define PER_CALL(ticks) div_u64(((ticks)-1) * 100, BENCH_CALLS)

#define CALIBRATE(name, instructions, body)                     \
	do {                                                    \
		u64 ticks_ = MEASURE(body);                     \
                                                                \
		bench_row("calib." name, ticks_ * 100, "insn"); \
		if (ticks_ != (instructions))                   \
			bench_fail("calib." name, ticks_);      \
	} while (0);

void bench_calibrate(void)
{
	overhead = 0;
	overhead = MEASURE("");
	BENCH_CALIBRATION(CALIBRATE)
}

void bench_sample(const char *row)
{
	bench_row(row, PER_CALL(MEASURE(BENCH_CALL_LOOP("bench_target"))),
		  "insn");
}

void bench_event(const char *row)
{
	static u64 off;
	u64 now = MEASURE(BENCH_CALL_LOOP("bench_event_call")), base = off;

	if (!strcmp(row, "event.disabled")) {
		off = now;
		base = MEASURE(BENCH_CALL_LOOP("bench_untraced"));
	}
	bench_row(row, div_u64((now - base) * 100, BENCH_CALLS), "insn");
}

static void attach(struct ftrace_ops *op, unsigned long ip, unsigned long flags)
{
	int err;

	memset(op, 0, sizeof(*op));
	op->func = bench_callback;
	op->flags = flags;
	err = ftrace_set_filter_ip(op, ip, 0, 0);
	if (!err)
		err = register_ftrace_function(op);
	if (err)
		bench_fail("attach", err);
}

static void detach(struct ftrace_ops *op)
{
	int err = unregister_ftrace_function(op);

	if (err)
		bench_fail("detach", err);
	ftrace_free_filter(op);
}

void bench_attach(void)
{
	attach(&ops[0], (unsigned long)bench_target, 0);
}

void bench_detach(void)
{
	detach(&ops[0]);
}

/* The row with `count` empty ops on the target. */
static void with_ops(const char *row, int count, unsigned long flags)
{
	int i;

	for (i = 0; i < count; i++)
		attach(&ops[i], (unsigned long)bench_target, flags);
	bench_sample(row);
	for (i = 0; i < count; i++)
		detach(&ops[i]);
}

static void with_direct(const char *row, void (*target)(void), int count)
{
	unsigned long ip = (unsigned long)bench_target;
	int err = register_ftrace_direct(ip, (unsigned long)target);

	if (err) {
		bench_fail(row, err);
		return;
	}
	with_ops(row, count, 0);
	err = unregister_ftrace_direct(ip, (unsigned long)target);
	if (err)
		bench_fail(row, err);
}

static notrace int probe_handler(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

static notrace int return_handler(struct kretprobe_instance *ri,
				  struct pt_regs *regs)
{
	return 0;
}

/* `offset` 0 is the site: ftrace serves it; elsewhere an INT3 does. */
static void with_kprobe(const char *row, unsigned long offset)
{
	struct kprobe probe = {
		.addr = (kprobe_opcode_t *)bench_target + offset,
		.pre_handler = probe_handler,
	};
	int err = register_kprobe(&probe);

	if (err) {
		bench_fail(row, err);
		return;
	}
	bench_sample(row);
	unregister_kprobe(&probe);
}

static void with_kretprobe(const char *row)
{
	struct kretprobe probe = {
		.kp.addr = (kprobe_opcode_t *)bench_target,
		.handler = return_handler,
	};
	int err = register_kretprobe(&probe);

	if (err) {
		bench_fail(row, err);
		return;
	}
	bench_sample(row);
	unregister_kretprobe(&probe);
}

void bench_calls(void)
{
	bench_row("call.loop_only",
		  PER_CALL(MEASURE(BENCH_LOOP(BENCH_CALLS, ""))), "insn");
	bench_row("call.notrace",
		  PER_CALL(MEASURE(BENCH_CALL_LOOP("bench_untraced"))), "insn");
	bench_sample("call.nop_site");
	with_ops("call.ops1", 1, 0);
	with_ops("call.ops1_recursion", 1, FTRACE_OPS_FL_RECURSION);
	with_ops("call.ops1_regs", 1, FTRACE_OPS_FL_SAVE_REGS);
	with_ops("call.ops2", 2, 0);
	with_ops("call.ops4", 4, 0);
	with_ops("call.ops8", 8, 0);
	with_ops("call.ops16", 16, 0);
	with_ops("call.ops16_regs", 16, FTRACE_OPS_FL_SAVE_REGS);
	with_direct("call.direct_min", bench_return, 0);
	with_direct("call.direct_call", bench_direct_call, 0);
	with_direct("call.direct_call_ops1", bench_direct_call, 1);
	with_direct("call.direct_call_ops2", bench_direct_call, 2);
	with_kprobe("call.kprobe_ftrace", 0);
	with_kprobe("call.kprobe_int3", MCOUNT_INSN_SIZE);
	with_kretprobe("call.kretprobe");
}

/*
 * One hundred ops on one hundred other functions. They stay: taking each away
 * waits 0.1 s of guest time. So this is the last command.
 */
void bench_irrelevant(void)
{
	int i;

	for (i = 0; i < BENCH_OTHERS; i++)
		attach(&other_ops[i], bench_others[i], 0);
	with_ops("call.ops1_irr100", 1, 0);
	with_ops("call.ops2_irr100", 2, 0);
}
