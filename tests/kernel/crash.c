// SPDX-License-Identifier: MIT
/*
 * mode=crash crash=NAME: break the kernel in a chosen way, to see (and test)
 * what it says at its end. Each crash ends in a panic that must name its
 * reason and the function below that caused it (tests/test_panic.py).
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mode.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/trace_hooks.h"
#include "tests/kernel/trap_owner.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"
#include "trace/trace.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/layout.h>
#include <asm/smp.h>
#include <asm/tsc.h>
#include <asm/upcalls.h>

#define WAIT_MS 50000

static noinline void crash_divide(void)
{
	__asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx" ::
				 : "rax", "rcx", "rdx");
}

static noinline void crash_opcode(void)
{
	__asm__ volatile("ud2");
}

static noinline void crash_protection(void)
{
	READ_ONCE(*(u8 *)0x1234567800000000);
}

static noinline void crash_read(void)
{
	READ_ONCE(*(u8 *)0x1000000);
}

static noinline void crash_null(void)
{
	u8 *volatile null = NULL; /* gcc refuses what it can see through */

	WRITE_ONCE(null[8], 1);
}

static noinline void crash_write_text(void)
{
	WRITE_ONCE(*(u8 *)_text, 0xcc);
}

static noinline void crash_execute_data(void)
{
	static u8 code[1] = { 0xc3 };

	((void (*)(void))code)();
	barrier(); /* a call, not a jump: this function is to be on the stack */
}

static noinline void crash_execute_null(void)
{
	void (*volatile null)(void) = NULL;

	null();
	barrier();
}

static noinline int use_stack(volatile int *depth)
{
	volatile char fill[256];

	fill[0] = (char)++*depth;
	return *depth > (int)STACK_SIZE ? 0 : use_stack(depth) + fill[0];
}

static noinline void crash_stack(void)
{
	int depth = 0;

	use_stack(&depth);
}

static noinline void crash_breakpoint(void)
{
	__asm__ volatile("int3");
}

static noinline void crash_bug(void)
{
	BUG_ON(cpu_online(0));
}

static void run_in_irq(void (*handler)(struct pt_regs *regs))
{
	irq_register(VECTOR_TEST, handler);
	apic_send(cpu_apic_id(smp_processor_id()), VECTOR_TEST);
	msleep(WAIT_MS);
}

static void fault_in_irq(struct pt_regs *regs)
{
	crash_opcode();
}

static noinline void crash_interrupt(void)
{
	run_in_irq(fault_in_irq);
}

static bool fault_in_nmi(struct pt_regs *regs)
{
	crash_opcode();
	return true;
}

static noinline void crash_nmi(void)
{
	nmi_handler_register(fault_in_nmi);
	send_nmi(smp_processor_id());
	msleep(WAIT_MS);
}

/* A step that an owner would claim: it is not asked. */
static bool claim_any(struct pt_regs *regs)
{
	return true;
}

static noinline bool crash_step(struct pt_regs *regs)
{
	__asm__ volatile(
		"pushfq; orl %0, (%%rsp); popfq; nop" ::"i"(X86_EFLAGS_TF)
		: "memory", "cc");
	return true;
}

static noinline void crash_step_in_nmi(void)
{
	trap_set_step_hook(claim_any);
	nmi_handler_register(crash_step);
	send_nmi(smp_processor_id());
	msleep(WAIT_MS);
}

static noinline void crash_free_page(void)
{
	void *p = alloc_pages(1);

	free_pages(p, 1);
	free_pages(p, 1);
	barrier();
}

static noinline void crash_kfree(void)
{
	char *p = kmalloc(100);

	kfree(p + 1);
	barrier();
}

static noinline void crash_exec_free(void)
{
	char *p = exec_alloc(64);

	exec_free(p, 65);
	barrier();
}

/* ---- other CPUs: waiting for them ends, loudly */

static void call_nothing(void *arg)
{
}

static int be_deaf(void *arg)
{
	local_irq_disable();
	WRITE_ONCE(*(bool *)arg, true);
	halt_forever();
}

/* The last CPU does not take interrupts any more. */
static void deafen(void)
{
	static bool deaf;
	struct task_struct *task = kthread_create(be_deaf, &deaf, "deaf");

	BUG_ON(IS_ERR(task) || kthread_bind(current, 0));
	kthread_bind(task, num_online_cpus() - 1);
	wake_up_process(task);
	while (!READ_ONCE(deaf))
		msleep(1);
	smp_timeout_ns = 50000000;
}

static noinline void crash_call(void)
{
	deafen();
	on_each_cpu(call_nothing, NULL, true);
	barrier();
}

static noinline void crash_sync(void)
{
	deafen();
	sync_core_all();
	barrier();
}

/* CW4 */
static noinline void crash_levels(void)
{
	for (int i = 0; i < 130; i++)
		preempt_disable();
	udelay(WAIT_MS * 1000);
	barrier();
}

static noinline void crash_call_irqs_off(void)
{
	local_irq_disable();
	on_each_cpu(call_nothing, NULL, true);
	barrier();
}

static noinline void crash_sync_irqs_off(void)
{
	local_irq_disable();
	sync_core_all();
	barrier();
}

static noinline void crash_poke_irqs_off(void)
{
	BUG_ON(text_poke_prepare(NULL, 0, NULL));
	local_irq_disable();
	text_poke_apply();
	barrier();
}

static noinline void crash_poke_spinlock(void)
{
	static DEFINE_SPINLOCK(lock);

	BUG_ON(text_poke_prepare(NULL, 0, NULL));
	spin_lock(&lock);
	text_poke_apply();
	barrier();
}

static void call_in_irq(struct pt_regs *regs)
{
	on_each_cpu(call_nothing, NULL, true);
	barrier();
}

static noinline void crash_call_in_irq(void)
{
	run_in_irq(call_in_irq);
}

static void sync_in_irq(struct pt_regs *regs)
{
	local_irq_enable();
	sync_core_all();
	barrier();
}

static noinline void crash_sync_in_irq(void)
{
	run_in_irq(sync_in_irq);
}

static void poke_in_irq(struct pt_regs *regs)
{
	local_irq_enable();
	text_poke_apply();
	barrier();
}

static noinline void crash_poke_in_irq(void)
{
	BUG_ON(text_poke_prepare(NULL, 0, NULL));
	run_in_irq(poke_in_irq);
}

static int print_for_ever(void *printed)
{
	while (cpu_online(0)) {
		pr_info("crash: somebody else prints");
		WRITE_ONCE(*(bool *)printed, true);
	}
	return 0;
}

/* While the last CPU writes to the serial line all the time. */
static noinline void crash_printing(void)
{
	static bool printed;
	struct task_struct *task =
		kthread_create(print_for_ever, &printed, "printer");

	BUG_ON(IS_ERR(task) || kthread_bind(current, 0));
	kthread_bind(task, num_online_cpus() - 1);
	wake_up_process(task);
	while (!READ_ONCE(printed))
		msleep(1);
	crash_opcode();
}

/* Without a table of interrupts any of them is a triple fault. */
static noinline void crash_triple(void)
{
	static const struct {
		u16 size;
		u64 address;
	} __packed none;

	__asm__ volatile("cli; lidt %0; int3" ::"m"(none));
}

/* By the chip set's register. */
static noinline void crash_reset(void)
{
	local_irq_disable();
	outb(0xcf9, 6);
	halt_forever();
}

/* For what comes from outside: a machine check, by QEMU's monitor. */
static void crash_wait(void)
{
	pr_info("crash: waiting");
	msleep(WAIT_MS);
}

static const struct crash {
	const char *name;
	void (*fn)(void);
} crashes[] = {
	{ "divide", crash_divide },
	{ "opcode", crash_opcode },
	{ "protection", crash_protection },
	{ "read", crash_read },
	{ "null", crash_null },
	{ "text", crash_write_text },
	{ "data", crash_execute_data },
	{ "call", crash_execute_null },
	{ "stack", crash_stack },
	{ "breakpoint", crash_breakpoint },
	{ "bug", crash_bug },
	{ "irq", crash_interrupt },
	{ "nmi", crash_nmi },
	{ "step-in-nmi", crash_step_in_nmi },
	{ "free-page", crash_free_page },
	{ "kfree", crash_kfree },
	{ "exec-free", crash_exec_free },
	{ "deaf-call", crash_call },
	{ "deaf-sync", crash_sync },
	{ "call-irqs-off", crash_call_irqs_off },
	{ "sync-irqs-off", crash_sync_irqs_off },
	{ "call-in-irq", crash_call_in_irq },
	{ "sync-in-irq", crash_sync_in_irq },
	{ "poke-irqs-off", crash_poke_irqs_off },
	{ "poke-spinlock", crash_poke_spinlock },
	{ "poke-in-irq", crash_poke_in_irq },
	{ "levels", crash_levels },
	{ "printing", crash_printing },
	{ "triple", crash_triple },
	{ "reset", crash_reset },
	{ "wait", crash_wait },
};

/* ---- not a crash: does an NMI from outside reach every CPU? */

static u64 nmi_seen; /* [A] a bit for each CPU */

static bool note_nmi(struct pt_regs *regs)
{
	fetch_or(&nmi_seen, BIT(smp_processor_id()));
	return true;
}

static int wait_for_nmis(void)
{
	int ret = nmi_handler_register(note_nmi);

	pr_info("crash: waiting");
	for (int ms = 0; ret == 0 && ms < WAIT_MS; ms += 10) {
		if (READ_ONCE(nmi_seen) == READ_ONCE(cpu_online_mask))
			return 0;
		msleep(10);
	}
	return -ETIMEDOUT;
}

/*
 * ---- not a crash: a CPU that comes up with a counter that lags
 *
 * As if the boot CPU's had begun an hour earlier. Without ACPI tables nobody
 * has started QEMU's second CPU yet.
 */
static bool lag_wanted;

/* The last hook before the CPU starts: nothing behind it sleeps. */
static int begin_lag(unsigned int cpu)
{
	if (lag_wanted) {
		local_irq_disable(); /* no other reader of a clock runs */
		tsc_base = rdtsc() + 3600 * tsc_hz;
	}
	return 0;
}

static const struct task_hooks lag_hooks = { .cpu_starting = begin_lag };
TABLE_ENTRY(task_hooks, 90, lag_hooks);

static int start_lagging_cpu(void)
{
	const u64 base = tsc_base, now = rdtsc();
	u64 moved;
	int ret;

	if (acpi_info.nr_cpus)
		return -EINVAL;
	acpi_info.apic_id[0] = cpu_apic_id(0);
	acpi_info.apic_id[1] = 1;
	acpi_info.nr_cpus = 2;
	lag_wanted = true;
	ret = smp_init();
	moved = tsc_base;
	tsc_base = base;
	lag_wanted = false;
	local_irq_enable();
	pr_info("crash: base moved %s", moved < now ? "too far" :
					moved > rdtsc() ?
						      "too little" :
						      "to the CPU that lags");
	return ret ? ret : cpu_online(1) ? 0 : -ENODEV;
}

/*
 * ---- not a crash: CPUs that come after they have been given up on
 *
 * They have claimed their blocks, and the boot CPU does not wait for the rest.
 */
#define LATE_NS	 200000000ULL
#define START_NS 20000000000ULL

static void list_cpus(const u32 *ids, u32 n)
{
	acpi_info.nr_cpus = n;
	memcpy(acpi_info.apic_id, ids, n * sizeof(*ids));
}

static void say_online(const char *when)
{
	struct tracefs_dirent entry;
	char names[64] = "";
	u64 cursor = 0;

	while (tracefs_readdir("per_cpu", &cursor, &entry) > 0)
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
			 " %s", entry.name);
	pr_info("crash: %s: %u online,%s", when, num_online_cpus(), names);
}

static int start_late_cpus(void)
{
	static const u32 all[] = { 0, 1, 2 }, hole[] = { 0, 2 };
	const u64 limit = smp_finish_ns;
	struct tracefs_stat stat;
	int ret;

	if (acpi_info.nr_cpus || cpu_apic_id(0) != 0)
		return -EINVAL;
	list_cpus(all, 3);
	smp_finish_ns = 0;
	ret = smp_init();
	smp_finish_ns = limit;
	sleep_ns(LATE_NS);
	say_online("late");
	/* Not reset, it does not answer; its number is nobody else's. */
	pr_info("crash: at once: %pe", ERR_PTR(smp_start_cpu(1, 1, LATE_NS)));
	pr_info("crash: other id: %pe", ERR_PTR(smp_start_cpu(1, 9, LATE_NS)));
	list_cpus(hole, 2);
	smp_start_listed(START_NS);
	say_online("with a hole");
	pr_info("crash: cpu1: %pe, cpu2: %d",
		ERR_PTR(tracefs_stat("per_cpu/cpu1/stats", &stat)),
		tracefs_stat("per_cpu/cpu2/stats", &stat));
	list_cpus(all, 3);
	smp_start_listed(START_NS);
	say_online("all");
	/* They came after the rings were made. */
	ret = ret ? ret : trace_set_tracer(trace_top(), "function");
	on_each_cpu(call_nothing, NULL, true);
	msleep(10);
	return ret ? ret : trace_set_tracer(trace_top(), "nop");
}

/*
 * ---- not a crash: a host that stops the emulator for longer than any limit
 *
 * All the time one CPU waits for the others: for rounds and for calls.
 */
#define ROUNDS_NS      5000000000ULL
#define SHORT_LIMIT_NS 300000000ULL

static int wait_for_each_other(void)
{
	u64 end = ktime_ns() + ROUNDS_NS;

	pr_info("crash: waiting");
	smp_timeout_ns = SHORT_LIMIT_NS;
	while (ktime_ns() < end) {
		sync_core_all();
		on_each_cpu(call_nothing, NULL, true);
	}
	pr_info("crash: %llu rounds", sync_core_rounds());
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} no_crashes[] = {
	{ "outside-nmi", wait_for_nmis },
	{ "lagging-cpu", start_lagging_cpu },
	{ "late-cpus", start_late_cpus },
	{ "stopped-host", wait_for_each_other },
};

static const char *crash_name(size_t nr)
{
	if (nr < ARRAY_SIZE(no_crashes))
		return no_crashes[nr].name;
	nr -= ARRAY_SIZE(no_crashes);
	return nr < ARRAY_SIZE(crashes) ? crashes[nr].name : NULL;
}

CMDLINE_CHOICE(crash, "NAME", crash_name, "which way, for mode=crash");

/*
 * Return: -EINVAL if there is no crash @name; 0 from those that end well;
 * -ETIMEDOUT if nothing happened.
 */
static int crash_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_crashes); i++)
		if (!strcmp(no_crashes[i].name, name))
			return no_crashes[i].run();
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (strcmp(crashes[i].name, name))
			continue;
		crashes[i].fn();
		return -ETIMEDOUT;
	}
	return -EINVAL;
}

/* Return: as crash_by_name(). */
static int crash_run(void)
{
	char name[16] = "";
	int ret;

	cmdline_get("crash", name, sizeof(name));
	ret = crash_by_name(name);
	if (ret == -EINVAL)
		pr_err("mode=crash wants crash=NAME; the word help lists "
		       "the names");
	return ret;
}

KERNEL_MODE(crash, crash_run, "break the kernel in a chosen way");

static int crash_shell(struct stage *stage)
{
	return crash_by_name(stage->argc == 2 ? stage->argv[1] : "");
}

SHELL_COMMAND(crash, .usage = "crash NAME", .run = crash_shell,
	      .help = "break the kernel; names as of the word crash=");
