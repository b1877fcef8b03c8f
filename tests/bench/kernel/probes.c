// SPDX-License-Identifier: MIT
/*
 * probes.c - rows of probes: what a hit costs, and what a registration.
 */
#include "kernel/lib/errno.h"
#include "tests/bench/kernel/bench.h"
#include "tests/kernel/ftrace_targets.h"
#include "trace/probes/kretprobe.h"

#define MANY 1000

__no_fp notrace noinline void bench_plain(void)
{
	__asm__ volatile("nop");
}

/* One return, as an empty callback. */
__no_fp static notrace int empty_pre(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

__no_fp static notrace void empty_post(struct kprobe *p, struct pt_regs *regs,
				       unsigned long flags)
{
}

static unsigned int hits;

static notrace int count_pre(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static bool attach(struct kprobe *p, const char *row)
{
	return bench_ok(row, register_kprobe(p));
}

/* First a handler that counts: only a cost of what is called is worth it. */
static void with_probe(const char *row, void (*fn)(void), unsigned int offset,
		       kprobe_post_handler_t post)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)fn,
			    .offset = offset,
			    .pre_handler = count_pre };
	u64 ticks;

	hits = 0;
	if (!attach(&p, row))
		return;
	fn();
	unregister_kprobe(&p);
	bench_ok(row, hits == 1 ? 0 : -EIO);
	p.pre_handler = empty_pre;
	p.post_handler = post;
	if (!attach(&p, row))
		return;
	if (fn == bench_target)
		ticks = bench_measure(BENCH_CALL_LOOP("bench_target"));
	else
		ticks = bench_measure(BENCH_CALL_LOOP("bench_plain"));
	bench_row(row, BENCH_PER_CALL(ticks), "insn");
	unregister_kprobe(&p);
}

/* Another function is probed: ours must not pay. */
static void with_one_elsewhere(void)
{
	static struct ftrace_ops ops;
	struct kprobe p = { .addr = (kprobe_opcode_t *)bench_others[0],
			    .pre_handler = empty_pre };

	bench_attach(&ops, (unsigned long)bench_target, 0);
	if (attach(&p, "call.ops1_kprobe_elsewhere")) {
		bench_sample("call.ops1_kprobe_elsewhere");
		unregister_kprobe(&p);
	}
	bench_detach(&ops);
}

/* The same while the function tracer has all functions. */
static void beside_the_tracer(void)
{
	struct kprobe p = { .addr = (kprobe_opcode_t *)bench_others[0],
			    .pre_handler = empty_pre };

	bench_echo("local", "trace_clock");
	bench_echo("", "set_ftrace_filter");
	bench_echo("function", "current_tracer");
	bench_sample("call.function_all");
	if (attach(&p, "call.function_all_kprobe")) {
		bench_sample("call.function_all_kprobe");
		unregister_kprobe(&p);
	}
	bench_echo("nop", "current_tracer");
}

__no_fp static notrace int empty_entry(struct fprobe *fp, unsigned long ip,
				       unsigned long ret_ip,
				       struct ftrace_regs *fregs, void *data)
{
	return 0;
}

__no_fp static notrace void empty_exit(struct fprobe *fp, unsigned long ip,
				       unsigned long ret_ip,
				       struct ftrace_regs *fregs, void *data)
{
}

__no_fp static notrace int empty_return(struct kretprobe_instance *ri,
					struct pt_regs *regs)
{
	return 0;
}

static void returns(void)
{
	static struct fprobe fp = { .entry_handler = empty_entry,
				    .exit_handler = empty_exit };
	static struct kretprobe rp = { .handler = empty_return };
	unsigned long ip = (unsigned long)bench_target;

	if (bench_ok("call.fprobe", register_fprobe_ips(&fp, &ip, 1))) {
		bench_sample("call.fprobe");
		bench_ok("call.fprobe", unregister_fprobe(&fp));
	}
	rp.kp.addr = (kprobe_opcode_t *)ip;
	if (bench_ok("call.kretprobe", register_kretprobe(&rp))) {
		bench_sample("call.kretprobe");
		bench_ok("call.kretprobe", rp.nmissed);
		unregister_kretprobe(&rp);
	}
}

static void registration(void)
{
	static struct kprobe many[MANY];
	static struct kprobe *list[MANY];
	struct kprobe one = { .addr = (kprobe_opcode_t *)bench_target,
			      .pre_handler = empty_pre };
	u64 start = bench_busy();

	if (attach(&one, "patch.kprobe_one")) {
		bench_row("patch.kprobe_one", (bench_busy() - start) * 100,
			  "insn");
		unregister_kprobe(&one);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		many[i] = (struct kprobe){ .addr = (u8 *)target_ip(i),
					   .pre_handler = empty_pre };
		list[i] = &many[i];
	}
	start = bench_busy();
	if (bench_ok("patch.kprobe_1000", register_kprobes(list, MANY))) {
		bench_row("patch.kprobe_1000",
			  (bench_busy() - start) * 100 / MANY, "insn");
		unregister_kprobes(list, MANY);
	}
}

void bench_probes(void)
{
	with_probe("call.kprobe_ftrace", bench_target, 0, NULL);
	with_probe("call.kprobe_int3", bench_target, MCOUNT_INSN_SIZE, NULL);
	with_probe("call.kprobe_int3_slot", bench_plain, 0, NULL);
	with_probe("call.kprobe_int3_twice", bench_plain, 0, empty_post);
	with_one_elsewhere();
	beside_the_tracer();
	returns();
	registration();
}
