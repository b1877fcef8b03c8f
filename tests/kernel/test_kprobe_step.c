// SPDX-License-Identifier: MIT
/*
 * K3 one instruction at a time: a task is preempted in front of each
 * instruction of a slot, of each of its copies, while the probe is
 * unregistered, poisoned and its slot freed. Nothing of the slot may go before
 * the task is out, and then its bytes are INT3s.
 *
 * Three tasks: the stepper makes the call with the trap flag set, and stops in
 * the handler of #DB; the remover unregisters; the test watches.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/quiesce_probe.h"
#include "tests/kernel/trap_owner.h"
#include "trace/probes/kprobe_internal.h"
#include <asm/irqflags.h>
#include <asm/pt_regs.h>

void ftrace_step_call(target_fn fn);

/* One of each shape of a slot. They return 7, in a register of the caller's. */
__asm__(".pushsection .data\n"
	"step_memory: .quad step_memory_to, step_memory_back\n"
	".popsection\n"
	".pushsection .text\n"
	".type step_plain, @function\n"
	"step_plain:\n\tmov $7, %eax\n\tret\n"
	".size step_plain, . - step_plain\n"
	".type step_call, @function\n"
	"step_call:\n\tcall *step_memory(%rip)\n\tret\n"
	".size step_call, . - step_call\n"
	".type step_jump, @function\n"
	"step_jump:\n\tjmp *step_memory+8(%rip)\n"
	".size step_jump, . - step_jump\n"
	".type step_memory_to, @function\n"
	"step_memory_to:\n\tmov $7, %eax\n\tret\n"
	".size step_memory_to, . - step_memory_to\n"
	".type step_memory_back, @function\n"
	"step_memory_back:\n\tmov $7, %eax\n\tret\n"
	".size step_memory_back, . - step_memory_back\n"
	".popsection\n");
int step_plain(void), step_call(void), step_jump(void);

/* The last one is called by the remover. */
static struct kprobe *victim;
static unsigned long hits, posts;

static notrace int pre(struct kprobe *p, struct pt_regs *regs)
{
	hits += p == victim;
	return 0;
}

static notrace void post(struct kprobe *p, struct pt_regs *regs,
			 unsigned long flags)
{
	posts += p == victim;
}

/* Shared with the handler of #DB. */
static struct task_struct *stepper;
static int (*stepped)(void);
static unsigned long slot;
static unsigned int steps, stop_at; /* instructions in the slot */
static bool stopped, go_on, freed;
static unsigned int after_free;
static int result;

static bool notrace on_step(struct pt_regs *regs)
{
	if (current != stepper)
		return false;
	if (regs->ip < slot || regs->ip >= slot + EXEC_GRANULE)
		return true;
	if (steps++ == stop_at && !stopped)
		stand_preempted(&stopped, &go_on);
	after_free += freed;
	return true;
}

static notrace void call_and_note(void)
{
	result = stepped();
}

static int step_thread(void *arg)
{
	(void)arg;
	ftrace_step_call((target_fn)call_and_note);
	return 0;
}

static int remove_thread(void *arg)
{
	(void)arg;
	unregister_kprobe(victim);
	memset(victim, 0x55, sizeof(*victim));
	WRITE_ONCE(freed, true);
	kfree(victim);
	return 0;
}

static bool slot_is_int3(void)
{
	const u8 *at = (const u8 *)slot;
	unsigned int i;

	for (i = 0; i < EXEC_GRANULE; i++)
		if (at[i] != 0xcc)
			return false;
	return true;
}

static void new_victim(bool with_post)
{
	victim = kzalloc(sizeof(*victim));
	victim->addr = (u8 *)stepped;
	victim->pre_handler = pre;
	victim->post_handler = with_post ? post : NULL;
	hits = posts = 0;
	EXPECT_EQ(register_kprobe(victim), 0);
	slot = victim->place->point.arch.slot;
	EXPECT(slot);
	stopped = go_on = freed = false;
	steps = after_free = 0;
	result = 0;
}

/* Return: whether the slot's path has an instruction number @n. */
static bool preempt_at(unsigned int n, bool with_post)
{
	struct task_struct *remover;

	new_victim(with_post);
	stop_at = n;
	stepper = kthread_create(step_thread, NULL, "stepper");
	wake_up_process(stepper);
	wait_until(READ_ONCE(stopped) || READ_ONCE(stepper->state) == TASK_DEAD,
		   5000);
	remover = kthread_run(remove_thread, NULL, "remover");
	if (stopped) {
		wait_until(*(const u8 *)stepped != 0xcc, 5000);
		msleep(50); /* long enough for a remover that does not wait */
		EXPECT(!READ_ONCE(freed));
		EXPECT(!slot_is_int3());
	}
	WRITE_ONCE(go_on, true);
	kthread_join(stepper);
	kthread_join(remover);
	EXPECT_EQ(result, 7);
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(after_free, 0);
	EXPECT(slot_is_int3());
	return stopped;
}

/* Return: how many instructions there are. */
static unsigned int preempt_everywhere(int (*fn)(void), bool with_post)
{
	unsigned int n;

	stepped = fn;
	trap_set_step_hook(on_step);
	for (n = 0; preempt_at(n, with_post) && n < 20; n++)
		;
	trap_set_step_hook(NULL);
	return n;
}

KTEST_FLAGS(kprobe_step, in_a_slot_that_jumps_back_K3, 0, 60)
{
	EXPECT_EQ(preempt_everywhere(step_plain, false), 2);
}

/* It is preempted in front of the second INT3, too; its place is found. */
KTEST_FLAGS(kprobe_step, in_a_slot_with_a_second_int3_K3, 0, 60)
{
	EXPECT_EQ(preempt_everywhere(step_plain, true), 2);
}

KTEST_FLAGS(kprobe_step, in_a_slot_that_calls_K3, 0, 60)
{
	EXPECT_EQ(preempt_everywhere(step_call, false), 2);
}

KTEST_FLAGS(kprobe_step, in_a_slot_that_jumps_away_K3, 0, 60)
{
	EXPECT_EQ(preempt_everywhere(step_jump, false), 1);
}
