// SPDX-License-Identifier: MIT
/*
 * The CPUs: all of the MADT are online, each is the one it says, each has its
 * own per-CPU data, stacks and protection; one that is not there is reported.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/console.h"
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/msr.h>

#define ABSENT_APIC_ID 231

struct cpu_report {
	unsigned long cr0, cr3, cr4, offset;
	u64 efer, gs_base;
	u32 apic_id, number, context;
	u16 cs, ss, tr;
};

static struct cpu_report reports[NR_CPUS];
static DEFINE_PER_CPU(u64, own_word);
static DEFINE_PER_CPU(u8, own_byte);
static DEFINE_PER_CPU(u16, own_half);
static DEFINE_PER_CPU(u32, own_int);

static void report_cpu(void *arg)
{
	struct cpu_report *r = &reports[smp_processor_id()];

	r->cr0 = read_cr0();
	r->cr3 = read_cr3();
	r->cr4 = read_cr4();
	r->efer = rdmsr(MSR_EFER);
	r->gs_base = rdmsr(MSR_GS_BASE);
	r->offset = this_cpu_read(this_cpu_off);
	r->apic_id = apic_id();
	r->number = smp_processor_id();
	__asm__ volatile("mov %%cs, %0" : "=r"(r->cs));
	__asm__ volatile("mov %%ss, %0" : "=r"(r->ss));
	__asm__ volatile("str %0" : "=r"(r->tr));
}

KTEST(smp, all_cpus_of_the_madt_are_online)
{
	unsigned int cpu, n = 0;

	EXPECT_EQ(num_online_cpus(), max(acpi_info.nr_cpus, 1U));
	for_each_online_cpu(cpu)
		n++;
	EXPECT_EQ(n, num_online_cpus());
	EXPECT(!cpu_online(NR_CPUS));
	EXPECT(!cpu_online(~0U));
}

KTEST(smp, each_cpu_is_the_one_it_says)
{
	unsigned int cpu, other;

	memset(reports, 0, sizeof(reports));
	on_each_cpu(report_cpu, NULL, true);
	for_each_online_cpu(cpu) {
		EXPECT_EQ(reports[cpu].number, cpu);
		EXPECT_EQ(reports[cpu].apic_id, cpu_apic_id(cpu));
		EXPECT_EQ(reports[cpu].gs_base, per_cpu_offset[cpu]);
		EXPECT_EQ(reports[cpu].offset, per_cpu_offset[cpu]);
		for_each_online_cpu(other)
			EXPECT(other == cpu ||
			       cpu_apic_id(other) != cpu_apic_id(cpu));
	}
	EXPECT_EQ(per_cpu_offset[0], 0);
}

KTEST(smp, protection_is_the_same_everywhere)
{
	unsigned int cpu;

	on_each_cpu(report_cpu, NULL, true);
	EXPECT(reports[0].cr0 & X86_CR0_WP);
	EXPECT(reports[0].efer & EFER_NXE);
	for_each_online_cpu(cpu) {
		/* EM, MP, NE may differ: nobody uses the FPU. */
		EXPECT_EQ(reports[cpu].cr0 & (X86_CR0_WP | X86_CR0_PG),
			  reports[0].cr0 & (X86_CR0_WP | X86_CR0_PG));
		EXPECT_EQ(reports[cpu].cr3 & PTE_ADDR, paging_kernel_root());
		EXPECT_EQ(reports[cpu].cr4, reports[0].cr4);
		EXPECT_EQ(reports[cpu].efer & EFER_NXE, EFER_NXE);
		EXPECT_EQ(reports[cpu].cs, KERNEL_CS);
		EXPECT_EQ(reports[cpu].ss, KERNEL_DS);
		EXPECT_EQ(reports[cpu].tr, TSS_SELECTOR);
	}
}

/* ---- per-CPU data */

static int use_own_words(void *arg)
{
	unsigned int me = smp_processor_id();
	int bad = 0;

	this_cpu_write(own_word, 0);
	this_cpu_write(own_byte, 0);
	this_cpu_write(own_half, 0);
	this_cpu_write(own_int, 0);
	for (u64 i = 1; i <= 100000; i++) {
		this_cpu_add(own_word, me + 1);
		this_cpu_inc(own_byte);
		this_cpu_dec(own_half);
		bad += this_cpu_fetch_add(own_int, 3) != (u32)(i - 1) * 3;
	}
	bad += this_cpu_read(own_word) != 100000ULL * (me + 1);
	bad += this_cpu_read(own_byte) != (u8)100000;
	bad += this_cpu_read(own_half) != (u16)-100000;
	this_cpu_write(own_int, 0xf0f0f0f0);
	this_cpu_and(own_int, 0xff00ff00);
	this_cpu_or(own_int, 0x0000000f);
	bad += this_cpu_read(own_int) != 0xf000f00f;
	bad += this_cpu_ptr(&own_word) != &per_cpu(own_word, me);
	return bad;
}

KTEST(smp, per_cpu_words_are_apart)
{
	unsigned int cpu;

	EXPECT_EQ(on_all_cpus_run(use_own_words, NULL), 0);
	for_each_online_cpu(cpu)
		EXPECT_EQ(per_cpu(own_word, cpu), 100000ULL * (cpu + 1));
	EXPECT_EQ(&per_cpu(own_word, 0), &own_word);
}

/* this_cpu_inc() is one instruction: an interrupt comes before or after it. */
static struct {
	u64 in_task, in_irq;
	bool stop;
} race;

static void inc_from_irq(void *arg)
{
	this_cpu_inc(own_word);
	race.in_irq++;
}

static int inc_from_task(void *arg)
{
	while (!READ_ONCE(race.stop)) {
		this_cpu_inc(own_word);
		race.in_task++;
		if (race.in_task % 1024 == 0)
			cond_resched();
	}
	return 0;
}

KTEST(smp, per_cpu_increments_are_not_lost)
{
	unsigned int other = num_online_cpus() - 1;
	struct task_struct *task;
	u64 start;

	if (other == 0)
		KTEST_SKIP("needs two CPUs");
	ASSERT_EQ(kthread_bind(current, 0), 0);
	memset(&race, 0, sizeof(race));
	per_cpu(own_word, other) = 0;
	task = kthread_create(inc_from_task, NULL, "inc");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, other);
	wake_up_process(task);
	start = ktime_ns();
	while (race.in_irq < 2000 && ktime_ns() - start < 200000000)
		smp_call_function_single(other, inc_from_irq, NULL, true);
	WRITE_ONCE(race.stop, true);
	kthread_join(task);
	EXPECT(race.in_irq > 0);
	EXPECT_EQ(per_cpu(own_word, other), race.in_irq + race.in_task);
	kthread_bind(current, CPU_ANY);
}

/* ---- a CPU that is not there */

static const char *wanted;
static bool reported;

static bool look_for_report(const char *text, size_t len)
{
	char line[128];

	snprintf(line, sizeof(line), "%.*s", (int)min_t(size_t, len, 120),
		 text);
	if (!strstr(line, wanted))
		return false;
	reported = true;
	return true; /* not a failure here: keep it off the log */
}

/* It stays listed for a while, so until then IPIs go CPU by CPU. */
KTEST_FLAGS(smp, absent_cpu_is_reported, KTEST_LEAKS, 0)
{
	u64 mask = cpu_online_mask;

	if (acpi_info.nr_cpus == 0 || acpi_info.nr_cpus == ACPI_MAX_CPUS)
		KTEST_SKIP("needs a list of CPUs with room");
	reported = false;
	wanted = "CPU with APIC id 231 did not come up";
	console_set_tap(look_for_report);
	acpi_info.apic_id[acpi_info.nr_cpus++] = ABSENT_APIC_ID;
	smp_start_listed(20000000);
	smp_start_listed(20000000);
	console_set_tap(NULL);
	EXPECT(reported);
	EXPECT_EQ(cpu_online_mask, mask);
	EXPECT(!smp_all_online());
	on_each_cpu(report_cpu, NULL, true); /* the others are well */
	sync_core_all();
	acpi_info.nr_cpus--;
	smp_start_listed(20000000);
	EXPECT(smp_all_online());
	sync_core_all();
}

/*
 * The low 8 bits of it are a CPU that runs: where an id is cut to them, that
 * CPU is reset.
 */
KTEST(smp, an_id_beyond_8_bits_reaches_nobody_else)
{
	unsigned int last = num_online_cpus() - 1;
	u32 id = cpu_apic_id(last) + 256;
	u64 mask = cpu_online_mask;

	if (apic_is_x2apic())
		KTEST_SKIP("an x2APIC has 32 bits");
	if (!last || acpi_info.nr_cpus == ACPI_MAX_CPUS)
		KTEST_SKIP("needs two CPUs and room in the list");
	EXPECT_EQ(smp_start_cpu(NR_CPUS - 1, id, 1000000), -ERANGE);
	reported = false;
	wanted = "is not used: an id above 254 needs an x2APIC";
	console_set_tap(look_for_report);
	acpi_info.apic_id[acpi_info.nr_cpus++] = id;
	smp_start_listed(20000000);
	console_set_tap(NULL);
	EXPECT(reported);
	EXPECT_EQ(cpu_online_mask, mask);
	on_each_cpu(report_cpu, NULL, true);
	acpi_info.nr_cpus--;
	smp_start_listed(20000000);
	EXPECT(smp_all_online());
}

/* So that the next stack needs memory. Return: a list of what was free. */
static void *take_free_stacks(void)
{
	unsigned long before = stack_count();
	void **stack, *list = NULL;

	while (stack_count() == before && (stack = stack_alloc())) {
		*stack = list;
		list = stack;
	}
	return list;
}

static void give_stacks_back(void *list)
{
	void *next;

	for (; list; list = next) {
		next = *(void **)list;
		stack_free(list);
	}
}

/* Return: of the first attempt for which there was memory enough. */
static int start_with_little_memory(unsigned int cpu)
{
	unsigned int n = 0;
	int ret;

	do {
		fail_nth(++n);
		ret = smp_start_cpu(cpu, ABSENT_APIC_ID, 1000000);
	} while (fail_end() && ret == -ENOMEM);
	EXPECT(n > 2);
	return ret;
}

/*
 * What a failed attempt has left undone the next one does: then the special
 * stacks are there, and asking for them takes none of those that are free.
 */
KTEST_FLAGS(smp, a_failed_start_leaves_nothing_undone, KTEST_LEAKS, 0)
{
	unsigned int cpu = NR_CPUS - 1;
	void *others, *stack;

	if (cpu_online(cpu))
		KTEST_SKIP("every number is taken");
	others = take_free_stacks();
	EXPECT_EQ(start_with_little_memory(cpu), -ETIMEDOUT);
	stack = stack_alloc();
	ASSERT(stack != NULL);
	stack_free(stack);
	EXPECT_EQ(gdt_alloc_stacks(cpu), 0);
	EXPECT(stack_alloc() == stack);
	stack_free(stack);
	give_stacks_back(others);
}
