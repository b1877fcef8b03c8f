// SPDX-License-Identifier: MIT
/*
 * Faults that other kernels' probes have had, each provoked. Elsewhere:
 *
 *	IF lost at CLI or POPF; wrong target, condition or return address
 *	emulated; CALL with a prefix; RET n	kprobe_insn, each form
 *	disarmed through the wrong ops		kprobe_post.gone_...
 *	stale words of a declined call are read	fprobe.words_with_garbage...
 *	half a registration left by an error	kprobe_limits, kprobe_post:
 *						each_allocation...
 *	freed while a call is inside		fprobe_aside.gone_...,
 *						kprobe_load.removal_waits...
 *	those of the parser and of events	test_probe_event*.c
 *
 * The rest belongs to jump optimisation and to modules, which do not exist.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"
#include "trace/probes/kretprobe.h"
#include <asm/atomic.h>
#include <asm/pt_regs.h>

/* As it stands: no clone of it, and no call left out. */
#define PROBED __attribute__((noipa))

/* A load that may fault, INT3s behind the function, and two neighbours. */
__asm__(".pushsection .text\n"
	".type bugs_load, @function\n"
	"bugs_load:\n\tnop\n"
	"bugs_load_at:\n\tmov (%rdi), %rax\n"
	"bugs_load_next:\n\tret\n"
	".size bugs_load, . - bugs_load\n"
	".type bugs_call, @function\n"
	"bugs_call:\n\tnop\n"
	"bugs_call_at:\n\tcall *(%rdi)\n\tret\n"
	".size bugs_call, . - bugs_call\n"
	"bugs_padding:\n\tint3\n\tint3\n\tint3\n"
	".type bugs_padded, @function\n"
	"bugs_padded:\n\tmov %rdi, %rax\n\tret\n"
	".size bugs_padded, . - bugs_padded\n"
	".popsection\n");
u64 bugs_load(const u64 *from);
void bugs_call(void *const *from);
u64 bugs_padded(u64 a);
extern u8 bugs_call_at[], bugs_load_at[], bugs_load_next[], bugs_padding[];

static unsigned long hits;

static int count_hit(struct kprobe *p, struct pt_regs *regs)
{
	hits++;
	return 0;
}

static void load(void *from)
{
	(void)bugs_load(from);
}

/* The fault is reported at the instruction, and later probes are handled. */
KTEST(kprobe_bugs, a_fault_in_a_slot_is_that_of_the_instruction_K2)
{
	struct kprobe p = { .addr = bugs_load_at, .pre_handler = count_hit };
	struct trap_info info = { 0 };
	u64 value = 77;

	hits = 0;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), load, (void *)0x10, &info));
	EXPECT_EQ(info.ip, (unsigned long)bugs_load_at);
	EXPECT_EQ(info.addr, 0x10);
	EXPECT_EQ(hits, 1);
	EXPECT(!kprobe_running());
	EXPECT_EQ(bugs_load(&value), 77);
	EXPECT_EQ(hits, 2);
	EXPECT_EQ(p.nmissed, 0);
	unregister_kprobe(&p);
	EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), load, (void *)0x10, &info));
	EXPECT_EQ(info.ip, (unsigned long)bugs_load_at);
}

static void call_through(void *from)
{
	bugs_call(from);
}

/* The slot of a call pushes first; the report is that of the call. */
KTEST(kprobe_bugs, a_fault_of_a_call_is_that_of_the_instruction_K2)
{
	struct kprobe p = { .addr = bugs_call_at, .pre_handler = count_hit };
	struct trap_info plain = { 0 }, probed = { 0 };

	EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), call_through, (void *)0x10,
			  &plain));
	hits = 0;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), call_through, (void *)0x10,
			  &probed));
	unregister_kprobe(&p);
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(plain.ip, (unsigned long)bugs_call_at);
	EXPECT_EQ(probed.ip, plain.ip);
	EXPECT_EQ(probed.addr, 0x10);
	EXPECT_EQ(probed.sp, plain.sp);
}

/* An INT3 between functions is nobody's breakpoint, and no instruction. */
KTEST(kprobe_bugs, int3s_between_functions_do_not_matter)
{
	struct kprobe p = { .addr = (u8 *)bugs_padded,
			    .pre_handler = count_hit };
	struct kprobe padding = { .addr = bugs_padding };

	hits = 0;
	ASSERT_EQ(register_kprobe(&p), 0);
	EXPECT_EQ(bugs_padded(5), 5);
	EXPECT_EQ(hits, 1);
	unregister_kprobe(&p);
	EXPECT(register_kprobe(&padding) < 0);
}

/* One that is disabled does not stand in the way of its neighbour. */
KTEST(kprobe_bugs, a_disabled_neighbour)
{
	struct kprobe first = { .addr = bugs_load_at,
				.pre_handler = count_hit };
	struct kprobe next = { .addr = bugs_load_next,
			       .pre_handler = count_hit };
	u64 value = 3;

	hits = 0;
	ASSERT_EQ(register_kprobe(&first), 0);
	EXPECT_EQ(disable_kprobe(&first), 0);
	ASSERT_EQ(register_kprobe(&next), 0);
	EXPECT_EQ(bugs_load(&value), 3);
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(enable_kprobe(&first), 0);
	EXPECT_EQ(bugs_load(&value), 3);
	EXPECT_EQ(hits, 3);
	unregister_kprobe(&first);
	unregister_kprobe(&next);
}

/* ---- locks ---- */

static struct static_key_false bugs_key = STATIC_KEY_FALSE_INIT;
static bool stop_flipping;

static int flip(void *arg)
{
	int n = 0;

	while (!READ_ONCE(stop_flipping)) {
		static_branch_enable(&bugs_key);
		static_branch_disable(&bugs_key);
		n++;
		cond_resched();
	}
	return n;
}

/* The orders of their locks agree; nop5-debug.elf looks at each. */
KTEST_FLAGS(kprobe_bugs, static_keys_flip_meanwhile, 0, 60)
{
	struct kprobe p = { .addr = bugs_load_at, .pre_handler = count_hit };
	struct task_struct *task;
	u64 value = 1;
	int i;

	hits = 0;
	stop_flipping = false;
	task = kthread_run(flip, NULL, "flip");
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(register_kprobe(&p), 0);
		EXPECT_EQ(bugs_load(&value), 1);
		unregister_kprobe(&p);
		if (static_branch_unlikely(&bugs_key))
			cond_resched();
	}
	WRITE_ONCE(stop_flipping, true);
	EXPECT(kthread_join(task) > 0);
	EXPECT_EQ(hits, 20);
}

/* ---- returns ---- */

static PROBED long bugs_sleeps(const bool *wake)
{
	while (!READ_ONCE(*wake))
		msleep(1);
	return 5;
}

static bool wake, in_it[8];

static int sleep_inside(void *arg)
{
	WRITE_ONCE(in_it[(unsigned long)arg], true);
	return (int)bugs_sleeps(&wake);
}

static unsigned long returns, deepest;
static unsigned long seen_ip[16];

static int note_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	fetch_add(&returns, 1);
	return 0;
}

/* More tasks inside than instances: the rest is counted, none is lost. */
KTEST_FLAGS(kprobe_bugs, more_sleepers_than_instances, 0, 60)
{
	struct kretprobe rp = { .kp.symbol_name = "bugs_sleeps",
				.handler = note_return,
				.maxactive = 4 };
	struct task_struct *task[6];
	unsigned int round, i;

	returns = 0;
	ASSERT_EQ(register_kretprobe(&rp), 0);
	for (round = 1; round <= 10; round++) {
		wake = false;
		memset(in_it, 0, sizeof(in_it));
		for (i = 0; i < 6; i++)
			task[i] = kthread_run(sleep_inside,
					      (void *)(unsigned long)i,
					      "sleeper");
		for (i = 0; i < 6; i++)
			wait_until(READ_ONCE(in_it[i]) &&
					   READ_ONCE(task[i]->state) ==
						   TASK_SLEEPING,
				   5000);
		EXPECT_EQ(rp.nmissed, 2 * (int)round);
		WRITE_ONCE(wake, true);
		for (i = 0; i < 6; i++)
			EXPECT_EQ(kthread_join(task[i]), 5);
		EXPECT_EQ(returns, 4 * round);
	}
	EXPECT_EQ(rp.active, 0);
	unregister_kretprobe(&rp);
}

static PROBED long bugs_ends(bool ends)
{
	if (ends)
		kthread_exit(9);
	return 1;
}

static int end_inside(void *arg)
{
	return (int)bugs_ends(true);
}

/* The instance of a call whose task ends inside is free again. */
static void tasks_end_inside(bool with_entry)
{
	struct kretprobe rp = { .kp.symbol_name = "bugs_ends",
				.handler = note_return,
				.entry_handler = with_entry ? note_return :
							      NULL,
				.maxactive = 2 };
	int i;

	ASSERT_EQ(register_kretprobe(&rp), 0);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(kthread_join(kthread_run(end_inside, NULL, "ends")),
			  9);
	EXPECT_EQ(rp.nmissed, 0);
	EXPECT_EQ(rp.active, 0);
	returns = 0;
	EXPECT_EQ(bugs_ends(false), 1);
	EXPECT_EQ(returns, with_entry ? 2 : 1);
	unregister_kretprobe(&rp);
}

KTEST_FLAGS(kprobe_bugs, a_task_that_ends_gives_its_instances_back, KTEST_LEAKS,
	    0)
{
	tasks_end_inside(false);
	tasks_end_inside(true);
}

static int walk_back(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	deepest = stack_trace_save(seen_ip, ARRAY_SIZE(seen_ip), 0);
	return 0;
}

static PROBED long bugs_walked(long a)
{
	__asm__ volatile("" : "+r"(a));
	return a + 1;
}

static bool walk_contains(const char *name)
{
	unsigned long addr = kallsyms_lookup_name(name), size = 0, i;

	kallsyms_lookup(addr, NULL, &size);
	for (i = 0; i < deepest; i++)
		if (seen_ip[i] >= addr && seen_ip[i] <= addr + size)
			return true;
	return false;
}

static PROBED long bugs_caller(long a)
{
	a = bugs_walked(a);
	__asm__ volatile("" : "+r"(a));
	return a;
}

/* In the handler of a return the stack shows the true callers. */
KTEST(kprobe_bugs, the_stack_in_a_return_handler)
{
	struct kretprobe rp = { .kp.symbol_name = "bugs_walked",
				.handler = walk_back };

	ASSERT_EQ(register_kretprobe(&rp), 0);
	EXPECT_EQ(bugs_caller(1), 2);
	EXPECT(walk_contains("bugs_caller"));
	unregister_kretprobe(&rp);
}

/* ---- when ftrace is dead ---- */

static unsigned int enabled_sites(void)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ftrace_nr_recs; i++)
		n += ftrace_rec_enabled(&ftrace_recs[i]);
	return n;
}

/* One at a site and one by INT3, in memory that is poisoned and freed. */
static void remove_both(struct kprobe **p)
{
	unregister_kprobes(p, 2);
	memset(p[0], 0x55, sizeof(*p[0]));
	memset(p[1], 0x55, sizeof(*p[1]));
	kfree(p[0]);
	kfree(p[1]);
}

/*
 * The site cannot be changed any more and goes on calling; what it calls knows
 * that the probe has gone.
 */
KTEST(kprobe_bugs, probes_go_when_ftrace_is_dead)
{
	struct kprobe *p[2] = { kzalloc(sizeof(struct kprobe)),
				kzalloc(sizeof(struct kprobe)) };
	struct kprobe late = { .addr = (u8 *)bugs_walked,
			       .pre_handler = count_hit };
	unsigned int before = enabled_sites();

	ASSERT(p[0] && p[1]);
	*p[0] = late;
	*p[1] = (struct kprobe){ .addr = bugs_load_at,
				 .pre_handler = count_hit };
	hits = 0;
	ASSERT_EQ(register_kprobes(p, 2), 0);
	ftrace_kill();
	remove_both(p);
	EXPECT_EQ(bugs_caller(1), 2);
	EXPECT_EQ(bugs_load(&(u64){ 9 }), 9);
	EXPECT_EQ(hits, 0);
	EXPECT_EQ(register_kprobe(&late), 0); /* the site is still as it was */
	EXPECT_EQ(bugs_caller(1), 2);
	EXPECT_EQ(hits, 1);
	ftrace_dead = false; /* only a test can */
	unregister_kprobe(&late);
	EXPECT_EQ(enabled_sites(), before);
	EXPECT_EQ(bugs_caller(1), 2);
	EXPECT_EQ(hits, 1);
	EXPECT_EQ(ftrace_check(), 0);
}

/* ---- filters ---- */

static int accept(struct fprobe *fp, unsigned long entry_ip,
		  unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
	return 0;
}

/* The last one that leaves does not leave a filter that means all. */
KTEST(kprobe_bugs, nothing_is_traced_when_the_last_one_has_gone)
{
	unsigned long ip = (unsigned long)bugs_walked;
	unsigned int before = enabled_sites(), i;
	struct fprobe fp = { .entry_handler = accept };
	struct kprobe p = { .addr = (u8 *)bugs_walked,
			    .pre_handler = count_hit };

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(register_fprobe_ips(&fp, &ip, 1), 0);
		ASSERT_EQ(register_kprobe(&p), 0);
		EXPECT_EQ(enabled_sites(), before + 1);
		unregister_kprobe(&p);
		EXPECT_EQ(enabled_sites(), before + 1);
		EXPECT_EQ(unregister_fprobe(&fp), 0);
		EXPECT_EQ(enabled_sites(), before);
	}
	EXPECT_EQ(fp.nmissed,
		  0); /* no room is needed without an exit handler */
}
