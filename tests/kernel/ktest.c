// SPDX-License-Identifier: MIT
/*
 * The runner of the tests in the image.
 *
 * Owns the state of the test that runs, and what is counted around it.
 *
 * Each test has a thread of its own. Around it the runner counts memory,
 * threads and warnings; a difference is a failure of the test. A watchdog
 * timer on every CPU ends the whole run, with all stacks, when a test takes
 * longer than it may: nothing can be trusted any more by then.
 *
 * Context: the runner and the tests are threads; the watchdog is in irq.
 */
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/console.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mode.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>

#define TEST_NAME_MAX  96
#define FAILURES_SHOWN 20
#define WATCHDOG_NS    250000000ULL
#define SETTLE_MS      200
#define RELAX_YIELDS   50
#define NSEC_PER_SEC   1000000000ULL
#define RELAX_NS       1000000

DEFINE_TABLE(struct ktest, ktests);

/* The test that runs. */
static struct {
	const struct ktest *test;
	char name[TEST_NAME_MAX];
	unsigned int number;
	unsigned int seconds; /* it may take */
	atomic_t failures;
	const char *skipped;
	u64 deadline; /* 0: none runs */
} now;

static struct {
	char name[TEST_NAME_MAX];
	u64 ns;
} slowest;

static u32 watchdog_fired; /* [A] */
static DEFINE_PER_CPU(struct timer, watchdog_timer);

/* What must be the same before and after. */
struct account {
	size_t objects;
	size_t pages;
	unsigned int threads;
	unsigned long warnings;
};

bool ktest_failed(void)
{
	return atomic_read(&now.failures) != 0;
}

/* Return: whether to print; the rest of a flood is only counted. */
static bool failure(void)
{
	return atomic_inc_return(&now.failures) <= FAILURES_SHOWN;
}

void ktest_fail_cond(const char *file, int line, const char *cond)
{
	if (failure())
		printk_plain("# %s:%d: error: expected: %s", file, line, cond);
}

void ktest_fail_eq(const char *file, int line, const char *a, const char *b,
		   u64 va, u64 vb)
{
	if (failure())
		printk_plain("# %s:%d: error: %s == %lld (%#llx), "
			     "%s == %lld (%#llx)",
			     file, line, a, (s64)va, va, b, (s64)vb, vb);
}

void ktest_note(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printk_plain("# %s", text);
}

void ktest_skip(const char *why)
{
	now.skipped = why;
}

void ktest_relax(unsigned int turn)
{
	unsigned int i;

	if (turn >= RELAX_YIELDS) {
		sleep_ns(RELAX_NS);
		return;
	}
	yield();
	for (i = 0; i < RELAX_YIELDS; i++)
		cpu_relax();
}

/* ---- one thread on every CPU --------------------------------------------- */

struct gang {
	int (*fn)(void *arg);
	void *arg;
	atomic_t missing; /* threads that have not come to the start line */
};

static int gang_thread(void *arg)
{
	struct gang *gang = arg;
	unsigned int turn = 0;

	if (!gang->fn)
		return 0; /* not all of the gang could be made */
	atomic_dec(&gang->missing);
	while (atomic_read(&gang->missing))
		ktest_relax(turn++);
	return gang->fn(gang->arg);
}

static struct task_struct *gang_member(struct gang *gang, unsigned int cpu)
{
	struct task_struct *task =
		kthread_create(gang_thread, gang, "gang/%u", cpu);

	if (IS_ERR(task)) {
		gang->fn = NULL;
		return NULL;
	}
	kthread_bind(task, cpu);
	return task;
}

int on_all_cpus_run(int (*fn)(void *arg), void *arg)
{
	struct gang gang = { .fn = fn, .arg = arg };
	struct task_struct *task[NR_CPUS] = { 0 };
	unsigned int cpu;
	int sum = 0;

	atomic_set(&gang.missing, num_online_cpus());
	for_each_online_cpu(cpu)
		task[cpu] = gang_member(&gang, cpu);
	for_each_online_cpu(cpu)
		if (task[cpu])
			wake_up_process(task[cpu]);
	for_each_online_cpu(cpu)
		if (task[cpu])
			sum += kthread_join(task[cpu]);
	return gang.fn ? sum : -ENOMEM;
}

/* Prints the result as KTAP or, in machine mode, as an object. */
static void report(bool failed, u64 ns)
{
	const char *result = failed ? "not ok" : "ok";
	const char *why = failed ? NULL : now.skipped;

	if (machine_event("{\"e\":\"test\",\"nr\":%u,\"name\":\"%s\","
			  "\"result\":\"%s\",%s%s%s\"ns\":%llu}",
			  now.number, now.name, why ? "skip" : result,
			  why ? "\"why\":\"" : "", why ? why : "",
			  why ? "\"," : "", ns))
		return;
	printk_plain("%s %u - %s%s%s", result, now.number, now.name,
		     why ? " # SKIP " : "", why ? why : "");
}

/* ---- the watchdog -------------------------------------------------------- */

/* On every CPU, so that one that no longer takes interrupts does not hide. */
static void watchdog(void *unused)
{
	u64 deadline = READ_ONCE(now.deadline), time = ktime_ns();

	if (deadline && time > deadline && !xchg(&watchdog_fired, 1)) {
		console_seize();
		printk_plain("# %s takes more than %u s", now.name,
			     now.seconds);
		show_all_tasks();
		report(true, 0);
		printk_plain("Bail out! the watchdog has ended the run");
		machine_exit(EXIT_CODE_FAILED);
	}
	timer_add(this_cpu_ptr(&watchdog_timer), time + WATCHDOG_NS);
}

static void watchdog_start(void *unused)
{
	timer_setup(this_cpu_ptr(&watchdog_timer), watchdog, NULL);
	timer_add(this_cpu_ptr(&watchdog_timer), ktime_ns() + WATCHDOG_NS);
}

static void watchdog_stop(void)
{
	unsigned int cpu;

	WRITE_ONCE(now.deadline, 0);
	for_each_online_cpu(cpu)
		timer_cancel_sync(&per_cpu(watchdog_timer, cpu));
}

/* ---- one test ------------------------------------------------------------ */

static void count_stack(struct fgraph_ret_stack *stack, unsigned long count)
{
	(void)stack;
	++*(size_t *)count;
}

/*
 * Pages that somebody uses. Empty stacks, page tables, the shadow stack of a
 * task that exists and the segments of shadow stacks are kept by their owners
 * and are no leak; nor are empty slabs, which can be drained. The shadow stack
 * of a task that has ended is one.
 */
static size_t pages_in_use(void)
{
	size_t shadow = 0;

	slab_drain();
	fgraph_for_each_stack(count_stack, (unsigned long)&shadow);
	return page_total_count() - page_free_count() -
	       stack_count() * (STACK_SIZE / PAGE_SIZE) - paging_table_count() -
	       (shadow << FGRAPH_STACK_ORDER) - fgraph_segment_pages();
}

static struct account take_account(void)
{
	struct account a = {
		.warnings = warn_count(),
	};
	struct task_struct *task;
	unsigned long flags;

	kthread_reap();
	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task)
		a.threads++;
	spin_unlock_irqrestore(&task_list_lock, flags);
	a.objects = kmalloc_live();
	a.pages = pages_in_use();
	return a;
}

static bool accounts_differ(const struct account *a, const struct account *b)
{
	return a->objects != b->objects || a->pages != b->pages ||
	       a->threads != b->threads;
}

/* Something still on its way out (a thread's end) gets a moment. */
static struct account settled_account(const struct account *before)
{
	struct account after = take_account();
	unsigned int ms;

	for (ms = 0; ms < SETTLE_MS && accounts_differ(before, &after); ms++) {
		msleep(1);
		after = take_account();
	}
	return after;
}

static void compare(const char *what, s64 difference)
{
	if (!difference)
		return;
	atomic_inc(&now.failures);
	ktest_note("the test leaves %lld %s", difference, what);
}

static void check_accounts(const struct account *before)
{
	struct account after = settled_account(before);

	if (!(now.test->flags & KTEST_LEAKS)) {
		compare("kmalloc objects",
			(s64)after.objects - (s64)before->objects);
		compare("pages", (s64)after.pages - (s64)before->pages);
	}
	compare("threads", (s64)after.threads - (s64)before->threads);
	if (!(now.test->flags & KTEST_WARNS))
		compare("warnings", after.warnings - before->warnings);
}

/* times=on on the command line tells every test's. */
static void note_time(u64 ns)
{
	if (cmdline_is("times", "on"))
		ktest_note("%s: %llu ms", now.name, ns / 1000000);
	if (ns <= slowest.ns)
		return;
	slowest.ns = ns;
	strscpy(slowest.name, now.name, sizeof(slowest.name));
}

static int test_thread(void *arg)
{
	const struct ktest *test = arg;
	u32 count;

	test->fn();
	count = preempt_count();
	if (irqs_disabled() || count || !in_task()) {
		local_irq_enable();
		preempt_count_restore(0);
		EXPECT_EQ(count, 0);
		EXPECT(!"interrupts off at the end");
	}
	return 0;
}

static void run_in_thread(const struct ktest *test)
{
	struct task_struct *task =
		kthread_run(test_thread, (void *)test, "%s", test->suite);

	if (!EXPECT(!IS_ERR(task)))
		return;
	kthread_join(task);
}

CMDLINE_NUMBER(limit, 1, 1000000, "seconds that a test may take, at most");

static unsigned int seconds_of(const struct ktest *test)
{
	unsigned int own = test->timeout_s ? test->timeout_s : KTEST_TIMEOUT_S;

	return (unsigned int)min_t(u64, own, cmdline_u64("limit", own));
}

/* Return: whether it failed. */
static bool run_test(const struct ktest *test, unsigned int number)
{
	unsigned int seconds = seconds_of(test);
	struct account before;
	u64 start = ktime_ns();
	bool failed;

	snprintf(now.name, sizeof(now.name), "%s.%s", test->suite, test->name);
	now.test = test;
	now.number = number;
	now.seconds = seconds;
	now.skipped = NULL;
	atomic_set(&now.failures, 0);
	WRITE_ONCE(now.deadline, start + seconds * NSEC_PER_SEC);
	before = take_account();
	run_in_thread(test);
	WRITE_ONCE(now.deadline, ktime_ns() + KTEST_TIMEOUT_S * NSEC_PER_SEC);
	start = ktime_ns() - start;
	note_time(start);
	check_accounts(&before);
	failed = ktest_failed();
	report(failed, start);
	return failed;
}

/* ---- all of them --------------------------------------------------------- */

static bool glob_selects(const char *glob, const struct ktest *test)
{
	char name[TEST_NAME_MAX];

	if (test->flags & KTEST_ASKED && !str_has_prefix(glob, test->suite))
		return false;
	snprintf(name, sizeof(name), "%s.%s", test->suite, test->name);
	return glob_match(glob, name) || glob_match(glob, test->suite);
}

/* globs: separated by commas. */
static bool selected(const char *globs, const struct ktest *test)
{
	char copy[256], *rest = copy, *glob;

	strscpy(copy, globs, sizeof(copy));
	while ((glob = strsep(&rest, ",")))
		if (glob_selects(glob, test))
			return true;
	return false;
}

static unsigned int run_selection(const char *globs, unsigned int number)
{
	const struct ktest *const *test;
	unsigned int failed = 0;

	for_each_entry(test, ktests) if (selected(globs, *test))
		failed += run_test(*test, number++);
	return failed;
}

#define TORTURE_REPEAT 20

CMDLINE_TEXT(tests, "GLOB,...",
	     "which tests, by suite.name or suite; else all");
CMDLINE_NUMBER(repeat, 1, 1000000, "run them N times in one boot");
CMDLINE_ON_OFF(poison, "fill free memory and look at it again");
CMDLINE_ON_OFF(times, "how long each test took");

/*
 * tests=GLOB[,GLOB...] is matched with "suite.name" and with "suite"; all are
 * run without it. repeat=N runs the whole selection N times.
 * Return: the number of failed tests; -ENOENT if none is selected.
 */
static int run_repeatedly(unsigned int repeat)
{
	unsigned int planned = 0, failed = 0, i;
	const struct ktest *const *test;
	char globs[256] = "*";

	cmdline_get("tests", globs, sizeof(globs));
	for_each_entry(test, ktests) planned += selected(globs, *test);
	if (!machine_event("{\"e\":\"plan\",\"tests\":%u}", planned * repeat)) {
		printk_plain("KTAP version 1");
		printk_plain("1..%u", planned * repeat);
	}
	if (!planned) {
		ktest_note("tests=%s selects none", globs);
		return -ENOENT;
	}
	slab_set_poison(cmdline_is("poison", "on"));
	on_each_cpu(watchdog_start, NULL, true);
	for (i = 0; i < repeat; i++)
		failed += run_selection(globs, i * planned + 1);
	watchdog_stop();
	ktest_note("%u failed of %u; slowest: %s, %llu ms", failed,
		   planned * repeat, slowest.name, slowest.ns / 1000000);
	return failed;
}

static int run_once(void)
{
	return run_repeatedly(max(cmdline_u64("repeat", 1), 1ULL));
}

static int torture(void)
{
	return run_repeatedly(max(cmdline_u64("repeat", TORTURE_REPEAT), 1ULL));
}

KERNEL_MODE(tests, run_once, "the suites in the image");
KERNEL_MODE(torture, torture, "the suites, many times over");
