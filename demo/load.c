// SPDX-License-Identifier: MIT
/*
 * load.c - makes every CPU call demo_step() continuously and count its calls.
 *
 * DL1  While the gate is closed and load_close() has returned, no call is in
 *     progress and the counts are exact.
 */
#include <asm/atomic.h>
#include <asm/cpu.h>

#include "arch/x86_64/patch/insn.h"
#include "demo/demo.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"

struct caller {
	struct task_struct *task;
	u64 calls;
	bool inside; /* from the check of the gate to the end of the call */
} __aligned(64);

static struct caller callers[NR_CPUS];
static bool gate_open, leaving;

noinline void demo_step(void)
{
	barrier(); /* keeps the compiler from removing the call */
}

static int call_forever(void *arg)
{
	struct caller *self = arg;

	while (!READ_ONCE(leaving)) {
		WRITE_ONCE(self->inside, true);
		smp_mb(); /* inside before gate; pairs with load_close() */
		if (READ_ONCE(gate_open)) {
			self->calls++;
			demo_step();
			smp_store_release(&self->inside, false);
		} else {
			smp_store_release(&self->inside, false);
			sleep_ns(1000000);
		}
		cpu_relax(); /* if CPUs take turns, others may starve */
		cond_resched();
	}
	return 0;
}

int load_start(void)
{
	unsigned int cpu;

	gate_open = leaving = false;
	memset(callers, 0, sizeof(callers));
	for_each_online_cpu(cpu) {
		struct task_struct *task;

		task = kthread_create(call_forever, &callers[cpu], "caller/%u",
				      cpu);
		if (IS_ERR(task)) {
			load_stop();
			return -ENOMEM;
		}
		callers[cpu].task = task;
		kthread_bind(task, cpu);
		wake_up_process(task);
	}
	return 0;
}

void load_open(void)
{
	WRITE_ONCE(gate_open, true);
}

void load_close(void)
{
	unsigned int cpu;

	WRITE_ONCE(gate_open, false);
	smp_mb(); /* gate before inside; pairs with call_forever() */
	for_each_online_cpu(cpu)
		while (smp_load_acquire(&callers[cpu].inside))
			yield();
}

u64 load_calls(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(callers[cpu].calls);
	return sum;
}

void load_stop(void)
{
	unsigned int cpu;

	WRITE_ONCE(leaving, true);
	for_each_online_cpu(cpu)
		if (callers[cpu].task)
			kthread_join(callers[cpu].task);
}

const char *grouped(u64 n)
{
	static char text[4][32];
	static unsigned int turn;
	char *at = &text[turn = (turn + 1) % 4][31];
	unsigned int digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = '0' + n % 10;
		n /= 10;
		digits++;
	} while (n);
	return at;
}

void describe_site(struct trace_seq *s, const char *label, unsigned long ip,
		   const u8 *bytes, const u8 *old)
{
	s32 disp;

	memcpy(&disp, bytes + 1, sizeof(disp));
	trace_seq_printf(s, "    %-12s %*ph   ", label, MCOUNT_INSN_SIZE,
			 bytes);
	if (bytes[0] == INSN_OP_CALL || bytes[0] == INSN_OP_JMP32)
		trace_seq_printf(s, "%s %ps",
				 bytes[0] == INSN_OP_CALL ? "call" : "jmp",
				 (void *)(ip + MCOUNT_INSN_SIZE + disp));
	else if (bytes[0] != INSN_OP_INT3)
		trace_seq_puts(s, "nop");
	else if (!memcmp(bytes + 1, old + 1, MCOUNT_INSN_SIZE - 1))
		trace_seq_puts(s, "INT3, old tail: a call traps, and reaches "
				  "the new target");
	else
		trace_seq_puts(s, "INT3, new tail: a call still traps");
}

void show_site(const char *label, unsigned long ip, const u8 *bytes)
{
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	struct trace_seq s;
	char line[160];

	trace_seq_init(&s, line, sizeof(line));
	describe_site(&s, label, ip, bytes, nop);
	printk_plain("%s", line);
}
