// SPDX-License-Identifier: MIT
/*
 * act_key.c - flips a static key: the bytes of its branch before, during and
 * after. Then the key of an event is flipped: tasks' switches as a strip.
 *
 * Owns the key, and the tasks that the strip shows while it records.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "demo/demo.h"
#include "demo/figures.h"
#include "demo/strip.h"
#include "kernel/base/clock.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/trace.h"
#include <asm/cpu.h>

#define SITE_SIZE 5
#define WORKERS	  2 /* per CPU */

/* ---- the key ------------------------------------------------------------- */

static DEFINE_STATIC_KEY_FALSE(demo_key);
static unsigned long site, site_end; /* of the branch; of its function */

bool demo_branch(void);

/* Return: did the call take the branch? */
noinline bool demo_branch(void)
{
	if (static_branch_unlikely(&demo_key)) {
		barrier(); /* keeps the branch out of line */
		return true;
	}
	return false;
}

/* Find the static branch in demo_branch(). Return: 0 or -ENOENT. */
static int find_site(void)
{
	unsigned long start = (unsigned long)demo_branch, size;

	if (!kallsyms_lookup(start, NULL, &size))
		return -ENOENT;
	site_end = start + size;
	for (site = start; site < site_end; site++)
		if (jump_label_text_reserved(site, site + 1))
			return 0;
	return -ENOENT;
}

/* The branch between two steps of a batch. */
struct state {
	u8 bytes[SITE_SIZE];
	bool taken; /* by a call at that time */
};

static struct state states[16];
static unsigned int nr_states;

/* Between two steps: keep the bytes, and make a call through them. */
static void observe(enum poke_step next)
{
	struct state *state = &states[nr_states];

	(void)next;
	if (nr_states == ARRAY_SIZE(states))
		return;
	memcpy(state->bytes, (const u8 *)site, SITE_SIZE);
	state->taken = demo_branch();
	nr_states++;
}

static bool is_nop(const u8 *bytes)
{
	static const u8 nop[SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	return !memcmp(bytes, nop, SITE_SIZE);
}

/* Is it a jump to a place in demo_branch()? Return: the place, or 0. */
static unsigned long jump_target(const u8 *bytes)
{
	unsigned long to;
	s32 disp;

	memcpy(&disp, bytes + 1, sizeof(disp));
	to = site + SITE_SIZE + disp;
	if (bytes[0] != 0xe9 || to < (unsigned long)demo_branch ||
	    to >= site_end)
		return 0;
	return to;
}

static void show_state(const char *label, const struct state *state)
{
	const u8 *tail = states[0].bytes + 1;
	const char *effect = state->taken ? "takes the branch" :
					    "goes straight on";
	unsigned long to = jump_target(state->bytes);

	if (to)
		printk_plain("    %-12s %*ph   jmp %pS: a call %s", label,
			     SITE_SIZE, state->bytes, (void *)to, effect);
	else if (is_nop(state->bytes))
		printk_plain("    %-12s %*ph   nop: a call %s", label,
			     SITE_SIZE, state->bytes, effect);
	else
		printk_plain("    %-12s %*ph   INT3, %s tail: a call traps, "
			     "and %s",
			     label, SITE_SIZE, state->bytes,
			     memcmp(state->bytes + 1, tail, 4) ? "new" : "old",
			     effect);
}

/*
 * Show each state once, and check it: while the first byte is the old one, a
 * call does what it did; from the INT3 on, what the new bytes say.
 */
static int show_states(bool on)
{
	const struct state *last = NULL, *old = states;
	const char *label = "before";
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr_states; i++) {
		const struct state *s = &states[i];
		bool is_new = s->bytes[0] != old->bytes[0];

		if (s->taken != (is_new == on))
			ret = -EIO;
		if (last && !memcmp(last, s, sizeof(*s)))
			continue;
		if (s->bytes[0] == 0xcc)
			label = i && last && last->bytes[0] == 0xcc ? "" :
								      "during";
		else if (last)
			label = "after";
		show_state(label, s);
		last = s;
	}
	return ret;
}

/* Flip the key, show the batch. Return: 0; -EIO: it is not as it should be. */
static int flip(bool on)
{
	unsigned long batches = poke_stats().batches;
	const u8 *now = (const u8 *)site;
	int ret;

	nr_states = 0;
	poke_observe(observe);
	if (on)
		static_branch_enable(&demo_key);
	else
		static_branch_disable(&demo_key);
	poke_observe(NULL);
	ret = show_states(on);
	if (poke_stats().batches - batches != 1 || demo_branch() != on ||
	    (on ? !jump_target(now) : !is_nop(now)))
		ret = -EIO;
	return ret;
}

static int play_key(void)
{
	int ret = find_site();

	printk_plain("  A static branch asks for a flag and reads no memory: "
		     "it is five bytes, nop or jmp.");
	printk_plain("  A task that sets the flag pays: it has the bytes "
		     "patched, as those of a call site:");
	printk_plain("  %s instructions for one branch; on Linux %s.",
		     grouped(OURS_KEYS_FLIP_1), grouped(LINUX_KEYS_FLIP_1));
	printk_plain("  Between the steps the act calls demo_branch() and "
		     "looks where the call goes.");
	if (!ret)
		ret = flip(true);
	printk_plain("  And the key is switched off:");
	return ret ? ret : flip(false);
}

/* ---- the strip ----------------------------------------------------------- */

struct worker {
	struct task_struct *task;
	int pid;
	u64 work_ns, rest_ns;
	unsigned int rounds;
};

static struct worker workers[NR_CPUS][WORKERS];

static int work(void *arg)
{
	const struct worker *self = arg;
	unsigned int i;
	u64 until;

	for (i = 0; i < self->rounds; i++) {
		until = ktime_ns() + self->work_ns;
		while (ktime_ns() < until)
			cpu_relax();
		sleep_ns(self->rest_ns);
	}
	return 0;
}

/* One computes long, the other one sleeps long. Return: 0 or -ENOMEM. */
static int start_worker(unsigned int cpu, unsigned int i)
{
	struct worker *w = &workers[cpu][i];

	w->work_ns = i ? 1000000 : 3000000;
	w->rest_ns = i ? 2000000 : 1000000;
	w->rounds = i ? 6 : 4;
	w->task = kthread_create(work, w, "%s/%u", i ? "short" : "long", cpu);
	if (IS_ERR(w->task)) {
		w->task = NULL;
		return -ENOMEM;
	}
	w->pid = w->task->pid;
	kthread_bind(w->task, cpu);
	wake_up_process(w->task);
	return 0;
}

/* Let two tasks per CPU run until they end. Return: 0 or -ENOMEM. */
static int run_workers(void)
{
	unsigned int cpu, i;
	int ret = 0;

	memset(workers, 0, sizeof(workers));
	for_each_online_cpu(cpu)
		for (i = 0; i < WORKERS && !ret; i++)
			ret = start_worker(cpu, i);
	for_each_online_cpu(cpu)
		for (i = 0; i < WORKERS; i++)
			if (workers[cpu][i].task)
				kthread_join(workers[cpu][i].task);
	return ret;
}

/* Each worker ran on its CPU only, and ended once. Return: 0 or -EIO. */
static int check_workers(void)
{
	const struct strip_task *task;
	unsigned int cpu, i;

	for_each_online_cpu(cpu)
		for (i = 0; i < WORKERS; i++) {
			task = strip_task(workers[cpu][i].pid);
			if (!task || task->cpus != BIT(cpu) || task->died != 1)
				return -EIO;
		}
	return 0;
}

static int read_strip(void)
{
	struct trace_array *tr = trace_array_get("strip");
	int ret = tr ? strip_read(tr) : -ENOENT;

	if (tr)
		trace_array_put(tr);
	if (!ret)
		strip_print();
	return ret ? ret : check_workers();
}

static int play_strip(void)
{
	int ret, err;

	printk_plain("  Every tracepoint is such a branch; an event that is on "
		     "takes %d instructions, on Linux %d.",
		     OURS_EVENT_ENABLED, LINUX_EVENT_ENABLED);
	printk_plain("  Flip the one in the scheduler, and each switch is an "
		     "event:");
	ret = demo_type("mkdir instances/strip");
	if (ret)
		return ret;
	ret = demo_type(
		"echo 1 > instances/strip/events/sched/sched_switch/enable");
	if (!ret)
		ret = run_workers();
	err = demo_type("echo 0 > instances/strip/tracing_on");
	if (!ret)
		ret = err ? err : read_strip();
	err = demo_type("rmdir instances/strip");
	return ret ? ret : err;
}

static int act_key(void)
{
	int ret = play_key();

	if (!ret)
		ret = play_strip();
	demo_result("act=key cpus=%u tasks=%u switches=%llu status=%d",
		    num_online_cpus(), strip_tasks(), strip_switches(), ret);
	return ret;
}

DEMO_ACT(70, key, "a key is flipped", act_key);
