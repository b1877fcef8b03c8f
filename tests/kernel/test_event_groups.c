// SPDX-License-Identifier: MIT
/*
 * The groups of events: what the kernel really does appears, once, with the
 * values it had. Each event's text is compared with what the test knows from
 * elsewhere. tools/trace reads the same records by their format files:
 * tests/test_trace_events.py.
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/jump_label.h"
#include "kernel/lib/printf.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "kernel/timer.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_event_file.h"
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/smp.h>

/* Enable or disable the event, or with NULL all of the system. */
static void switch_events(const char *system, const char *name, bool on)
{
	struct trace_event_file *file;
	u32 slot = 0, n = 0;

	event_session_begin();
	while ((file = trace_event_file_next(trace_top(), &slot)))
		if (!strcmp(file->event->system, system) &&
		    (!name || !strcmp(file->event->name, name))) {
			EXPECT_EQ(trace_event_enable_disable(file, on), 0);
			n++;
		}
	event_session_end();
	EXPECT(n > 0);
}

static bool begin(const char *system, const char *name)
{
	kthread_bind(current, 0);
	if (!tt_begin("function", "ftrace_target_000", 1024))
		return false;
	switch_events(system, name, true);
	return true;
}

static void end(void)
{
	tt_end();
	kthread_bind(current, CPU_ANY);
}

/* How many lines of the trace contain this? @last: the last of them. */
static unsigned int lines_with(const char *what, char *last, size_t room)
{
	char *text = tt_text(TRACE_CPU_ALL), *line = text, *behind;
	unsigned int n = 0;

	for (; line && *line; line = behind + 1) {
		behind = strchr(line, '\n');
		*behind = '\0';
		if (*line == '#' || !strstr(line, what))
			continue;
		n++;
		if (last)
			strscpy(last, line, room);
	}
	kfree(text);
	return n;
}

#define EXPECT_LINES(n, ...)                                               \
	do {                                                               \
		char what_[160], line_[200] = "";                          \
		unsigned int found_;                                       \
                                                                           \
		snprintf(what_, sizeof(what_), __VA_ARGS__);               \
		found_ = lines_with(what_, line_, sizeof(line_));          \
		if (!EXPECT_EQ(found_, (unsigned int)(n)))                 \
			ktest_note("%u lines with \"%s\"", found_, what_); \
	} while (0)

/* ---- kmem ---------------------------------------------------------------- */

KTEST(event_groups, kmem_shows_an_allocation_and_its_end)
{
	void *p, *q, *zero;

	if (begin("kmem", NULL)) {
		p = kmalloc(100);
		zero = kzalloc(17);
		q = alloc_pages(1);
		kfree(p);
		kfree(zero);
		free_pages(q, 1);
		switch_events("kmem", NULL, false);
		EXPECT_LINES(
			2, "kmalloc: call_site=ktest_event_groups_kmem_shows");
		EXPECT_LINES(1,
			     " ptr=%p bytes_req=100 bytes_alloc=128 "
			     "gfp_flags=none node=-1 accounted=false",
			     p);
		EXPECT_LINES(1, " ptr=%p bytes_req=17 bytes_alloc=32 ", zero);
		EXPECT_LINES(1,
			     "mm_page_alloc: page=%p pfn=0x%llx order=1 "
			     "migratetype=0 gfp_flags=none",
			     q, virt_to_phys(q) / PAGE_SIZE);
		EXPECT_LINES(1, "mm_page_free: page=%p pfn=0x%llx order=1", q,
			     virt_to_phys(q) / PAGE_SIZE);
		EXPECT(lines_with("kfree: call_site=", NULL, 0) >= 2);
	}
	end();
}

/* ---- timer --------------------------------------------------------------- */

static bool rung;

static void ring(void *unused)
{
	WRITE_ONCE(rung, true);
}

KTEST(event_groups, timer_shows_its_life)
{
	struct timer timer;
	u64 due;

	if (begin("timer", NULL)) {
		rung = false;
		timer_setup(&timer, ring, NULL);
		due = ktime_ns() + 1000000;
		timer_add(&timer, due);
		while (!READ_ONCE(rung))
			cpu_relax();
		timer_add(&timer, ktime_ns() + 1000000000);
		timer_cancel_sync(&timer);
		switch_events("timer", NULL, false);
		EXPECT_LINES(1, "timer_init: timer=%p", &timer);
		EXPECT_LINES(2, "timer_start: timer=%p function=ring ", &timer);
		EXPECT_LINES(1, " function=ring expires=%llu ", due);
		EXPECT_LINES(1, "timer_expire_entry: timer=%p function=ring",
			     &timer);
		EXPECT_LINES(1, "timer_expire_exit: timer=%p", &timer);
		EXPECT_LINES(1, "timer_cancel: timer=%p", &timer);
	}
	end();
}

/* ---- interrupts ---------------------------------------------------------- */

static void nothing(void *unused)
{
}

KTEST(event_groups, irq_vectors_show_calls_and_ticks)
{
	u64 ticks, until;

	if (begin("irq_vectors", NULL)) {
		ticks = irq_timer_ticks(0);
		until = ticks + 5;
		while (irq_timer_ticks(0) < until)
			cpu_relax();
		if (num_online_cpus() > 1)
			smp_call_function_single(1, nothing, NULL, true);
		switch_events("irq_vectors", NULL, false);
		EXPECT(lines_with("local_timer_entry: vector=", NULL, 0) >= 5);
		EXPECT(lines_with("local_timer_exit: vector=", NULL, 0) >= 5);
		if (num_online_cpus() > 1)
			EXPECT(lines_with("call_function_entry: vector=241",
					  NULL, 0) >= 1);
	}
	end();
}

static DEFINE_STATIC_KEY_FALSE(patched_key);

/*
 * Each other CPU, in each of the three rounds of a batch; the CPU that patches
 * answers without an interrupt. @name: of the event, or NULL for all.
 */
static void flip_with(const char *name, unsigned int entries,
		      unsigned int exits)
{
	if (begin("irq_vectors", name)) {
		trace_reset(trace_top(), TRACE_CPU_ALL);
		static_branch_enable(&patched_key);
		trace_set_on(trace_top(), false);
		switch_events("irq_vectors", name, false);
		EXPECT_LINES(entries, "sync_core_entry: vector=%u",
			     VECTOR_SYNC_CORE);
		EXPECT_LINES(exits, "sync_core_exit: vector=%u",
			     VECTOR_SYNC_CORE);
		static_branch_disable(&patched_key);
	}
	end();
}

KTEST(event_groups, irq_vectors_show_each_sync_of_a_batch)
{
	unsigned int syncs = 3 * (num_online_cpus() - 1);

	flip_with(NULL, syncs, syncs);
	flip_with("sync_core_entry", syncs, 0);
	flip_with("sync_core_exit", 0, syncs);
}

/* EN1: the handler's events belong to an interrupt, and the stack is whole. */
KTEST(event_groups, a_sync_is_recorded_in_its_context_EN1)
{
	char line[200] = "";

	if (num_online_cpus() < 2)
		KTEST_SKIP("another CPU answers");
	if (begin("irq_vectors", "sync_core_entry")) {
		trace_reset(trace_top(), TRACE_CPU_ALL);
		static_branch_enable(&patched_key);
		trace_set_on(trace_top(), false);
		switch_events("irq_vectors", "sync_core_entry", false);
		EXPECT(lines_with("sync_core_entry: ", line, sizeof(line)));
		if (!EXPECT(strstr(line, "] d.h") || strstr(line, "] dNh") ||
			    strstr(line, "] d.H") || strstr(line, "] dNH")))
			ktest_note("%s", line);
		EXPECT_EQ(this_cpu_read(trace_context), CTX_TASK);
		static_branch_disable(&patched_key);
	}
	end();
}

static void test_irq(struct pt_regs *regs)
{
}

KTEST(event_groups, irq_shows_a_device)
{
	unsigned int i;

	if (begin("irq", NULL)) {
		EXPECT_EQ(irq_register(VECTOR_TEST, test_irq), 0);
		for (i = 0; i < 3; i++)
			__asm__ volatile("int %0" ::"i"(VECTOR_TEST)
					 : "memory");
		irq_register(VECTOR_TEST, NULL);
		switch_events("irq", NULL, false);
		EXPECT_LINES(3, "irq_handler_entry: irq=%u name=test_irq",
			     VECTOR_TEST);
		EXPECT_LINES(3, "irq_handler_exit: irq=%u ret=handled",
			     VECTOR_TEST);
	}
	end();
}

/* ---- exceptions ---------------------------------------------------------- */

static void read_unmapped(void *unused)
{
	(void)READ_ONCE(*(u32 *)0x1234);
}

KTEST(event_groups, exceptions_show_a_page_fault)
{
	struct trap_info info;

	if (begin("exceptions", NULL)) {
		EXPECT(trap_catch(TRAP_BIT(X86_TRAP_PF), read_unmapped, NULL,
				  &info));
		switch_events("exceptions", NULL, false);
		EXPECT_LINES(1, "page_fault_kernel: address=");
		EXPECT_LINES(1, " error_code=0x0");
	}
	end();
}

/* ---- locks --------------------------------------------------------------- */

static DEFINE_MUTEX(contended);

static int take_contended(void *unused)
{
	mutex_lock(&contended);
	mutex_unlock(&contended);
	return 0;
}

KTEST(event_groups, lock_shows_who_waits)
{
	struct task_struct *task;

	if (begin("lock", NULL)) {
		mutex_lock(&contended);
		task = kthread_run(take_contended, NULL, "waits");
		BUG_ON(IS_ERR(task));
		msleep(10);
		mutex_unlock(&contended);
		kthread_join(task);
		switch_events("lock", NULL, false);
		EXPECT_LINES(1, "contention_begin: %p (flags=MUTEX)",
			     &contended);
		EXPECT_LINES(1, "contention_end: %p (ret=0)", &contended);
	}
	end();
}

/* ---- the patch engine, by its own events --------------------------------- */

static volatile unsigned int taken;

traced_function static void patched(void)
{
	if (static_branch_unlikely(&patched_key))
		taken++;
}

static void hit(enum poke_step next)
{
	if (next == POKE_TAIL)
		patched();
}

KTEST(event_groups, patch_shows_a_batch)
{
	if (begin("patch", NULL)) {
		trace_reset(trace_top(), TRACE_CPU_ALL);
		poke_observe(hit);
		static_branch_enable(&patched_key);
		poke_observe(NULL);
		trace_set_on(trace_top(), false);
		switch_events("patch", NULL, false);
		EXPECT_LINES(1, "batch_begin: sites=1 cpus=%u",
			     num_online_cpus());
		EXPECT_LINES(1, "phase: step=publish");
		EXPECT_LINES(1, "phase: step=int3");
		EXPECT_LINES(3, "phase: step=sync");
		EXPECT_LINES(1, "phase: step=tails");
		EXPECT_LINES(1, "phase: step=first bytes");
		EXPECT_LINES(1, "phase: step=retire");
		EXPECT_LINES(3 * num_online_cpus(), "sync_ack: round=");
		EXPECT_LINES(1, "int3_hit: ip=");
		EXPECT_LINES(1, "int3_hit: ip=patched+0x");
		EXPECT_LINES(1, " as=jmp");
		EXPECT_LINES(1, "batch_end: sites=1 ns=");
		static_branch_disable(&patched_key);
	}
	end();
}

KTEST(event_groups, a_bool_is_called_bool)
{
	static char text[2048];

	tt_read("events/patch/int3_hit/format", text, sizeof(text));
	EXPECT(strstr(text, "\n\tfield:bool live;\toffset:20;\tsize:1;"
			    "\tsigned:0;\n"));
}

/* The engine records the batch by which it is itself switched on. */
KTEST_FLAGS(event_groups, every_event_at_once, 0, 60)
{
	struct ring_buffer_stats stats;
	struct trace_event_file *file;
	unsigned int turn;
	u32 slot, n = 0;
	u64 rounds;

	if (begin("patch", NULL)) {
		for (turn = 0; turn < 4; turn++) {
			event_session_begin();
			rounds = sync_core_rounds();
			slot = n = 0;
			while ((file = trace_event_file_next(trace_top(),
							     &slot)))
				n += !trace_event_enable_disable(file,
								 turn % 2 == 0);
			event_session_end();
			EXPECT_EQ(sync_core_rounds() - rounds, 3);
			msleep(20);
		}
		stats = tt_stats();
		EXPECT(n > 30);
		EXPECT_EQ(stats.recursed, 0);
	}
	end();
	jump_label_check();
}
