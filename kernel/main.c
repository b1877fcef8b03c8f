// SPDX-License-Identifier: MIT
/*
 * The composition root: it starts every part of the kernel, in order.
 *
 * Only this file may name every layer, because it only orders them.
 * boot_steps[] is a tour of the kernel. A step that fails ends the boot with
 * its name and the reason. After the steps, the mode that the command line asks
 * for runs, and its result becomes QEMU's exit status.
 *
 * Context: boot_steps on the boot CPU's own stack, interrupts off; late_steps
 * and the mode in the thread "init".
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/gdt.h"
#include "arch/x86_64/cpu/smp.h"
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/dev/screen.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/console.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/memmap.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/reserve_mem.h"
#include "kernel/base/screen.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/main.h"
#include "kernel/mode.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "kernel/tick.h"
#include "kernel/timer.h"
#include "trace/control/boot_instances.h"
#include "trace/control/boot_words.h"
#include "trace/core/ftrace.h"
#include "trace/trace.h"

struct boot_step {
	const char *name;
	int (*fn)(void);
};

static const struct boot_info *boot; /* [I] */
static struct boot_result results[32];
static unsigned int nr_results;

void boot_say(const char *fmt, ...)
{
	struct boot_result *r = &results[nr_results];
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->detail, sizeof(r->detail), fmt, args);
	va_end(args);
}

unsigned int boot_results(const struct boot_result **first)
{
	*first = results;
	return nr_results;
}

/* ---- the steps ----------------------------------------------------------- */

static void say_frequency(const char *before, const char *by)
{
	boot_say("%sTSC %llu.%03llu MHz by %s", before, tsc_hz / 1000000,
		 tsc_hz / 1000 % 1000, by);
}

static int step_clock(void)
{
	int ret = tsc_init();

	if (ret == -ENODEV) {
		boot_say("no PIT; the TSC is measured when ACPI is there");
		return 0;
	}
	say_frequency("", "PIT");
	return ret;
}

static int step_console(void)
{
	boot_say("COM1, 115200 8n1");
	machine_log_init();
	return console_init();
}

static int step_traps(void)
{
	boot_say("every exception is reported; NMI #DF #MC on own stacks");
	return traps_init();
}

static __noreturn void end_of_run(enum exit_code code)
{
	pr_always("nop5: end of run");
	printk_finish();
	machine_exit(code);
}

static int step_loader(void)
{
	if (boot->error == -ENAMETOOLONG) {
		pr_always("command line: it has more than %d bytes; nothing of "
			  "it is done",
			  BOOT_CMDLINE_SIZE - 1);
		end_of_run(EXIT_CODE_REFUSED);
	}
	if (boot->error)
		boot_say("%s: %s, at byte %u", boot->protocol, boot->why,
			 boot->where);
	else
		boot_say("%s by %s", boot->protocol, boot->loader);
	return boot->error;
}

static int step_image(void)
{
	u64 found, expected;

	if (!kallsyms_image_intact(&found, &expected)) {
		boot_say("damaged: sum %016llx, built with %016llx", found,
			 expected);
		return -EIO;
	}
	boot_say("%u symbols; code and constants have the checksums of the "
		 "build",
		 kallsyms_count());
	return 0;
}

static int step_memory(void)
{
	u64 bytes = 0;
	u32 i;
	int ret = memmap_init(boot, (u64)__boot_start, virt_to_phys(_end));

	if (!ret)
		ret = smp_reserve_start_page();
	if (!ret)
		reserve_mem_init();
	for (i = 0; i < memmap_ram.nr; i++)
		bytes += memmap_ram.range[i].end - memmap_ram.range[i].start;
	boot_say("%llu MiB of RAM in %u ranges", bytes >> 20, memmap_ram.nr);
	return ret;
}

CMDLINE_ON_OFF(vga, "off: the log goes to the serial line only");

/*
 * It is no boot step of its own: its row would appear on the serial line, whose
 * text must not depend on a screen. The message is on the screen itself.
 */
static void attach_screen(void)
{
	const struct screen_device *screen = NULL;

	if (!cmdline_is("vga", "off"))
		screen = screen_probe(&boot->framebuffer);
	if (screen)
		screen_attach(screen, "(The serial line COM1, 115200 8n1, says "
				      "the same; input is there.)\n");
	else
		screen_none();
}

static int step_paging(void)
{
	struct paging_audit audit;
	char bits[32];
	int ret = paging_init();

	if (ret)
		return ret;
	attach_screen();
	ret = paging_audit(&audit);
	paging_protection(bits, sizeof(bits));
	if (audit.conflicts)
		boot_say("%s; %lu mappings can write code", bits,
			 audit.conflicts);
	else
		boot_say("%s; %lu KiB executable, none of it writable", bits,
			 audit.executable >> 10);
	return ret;
}

static int step_pages(void)
{
	int ret = page_init();

	boot_say("%zu pages free", page_free_count());
	return ret ? ret : gdt_alloc_stacks(0);
}

/* Without tables, or with damaged ones, the kernel uses one CPU. */
static int step_acpi(void)
{
	int ret = acpi_init(boot);

	if (ret)
		boot_say("no MADT: %s",
			 acpi_info.why ? acpi_info.why : "no root pointer");
	else
		boot_say("%u CPUs, %u I/O APICs", acpi_info.nr_cpus,
			 acpi_info.nr_ioapics);
	return 0;
}

static const char *tick_rate(size_t nr)
{
	static const char *const rates[] = { "250", "1000" };

	return nr < ARRAY_SIZE(rates) ? rates[nr] : NULL;
}

CMDLINE_CHOICE(tick, NULL, tick_rate, "ticks a second; 250 if nothing is said");

static int step_timer(void)
{
	unsigned int hz = cmdline_u64("tick", TICK_HZ);
	const char *by = NULL;
	int ret = tsc_hz ? 0 : tsc_init_late(&by);

	if (ret) {
		boot_say("nothing to measure the TSC by: no PIT, no HPET or PM "
			 "timer in ACPI");
		return ret;
	}
	ret = timer_init();
	if (!ret)
		ret = apic_init(hz);
	tick_ns = 1000000000ULL / hz;
	boot_say("%s, %u ticks a second", apic_is_x2apic() ? "x2APIC" : "xAPIC",
		 hz);
	if (by)
		say_frequency(apic_is_x2apic() ? "x2APIC, " : "xAPIC, ", by);
	return ret;
}

static int step_sched(void)
{
	boot_say("round robin, a queue for each CPU");
	return sched_init();
}

static int step_keys(void)
{
	int ret = jump_label_init();

	boot_say("%zu sites of static keys", jump_label_count());
	return ret;
}

static int step_cpus(void)
{
	int ret = stacktrace_init();

	if (!ret)
		ret = smp_init();
	machine_event("{\"e\":\"cpus\",\"online\":%u}", num_online_cpus());
	boot_say("%u of %u online", num_online_cpus(),
		 max(acpi_info.nr_cpus, 1u));
	return ret;
}

static int step_ftrace(void)
{
	int ret = ftrace_init();

	boot_say("%zu sites, each holds its NOP", ftrace_rec_count());
	return ret;
}

static int step_tracers(void)
{
	int ret;

	trace_events_init();
	ret = trace_init();
	boot_say("a ring of events for each CPU");
	return ret;
}

static int step_words(void)
{
	trace_boot_instances();
	trace_boot_words();
	boot_say("the trace that the command line asks for");
	return 0;
}

static const struct boot_step boot_steps[] = {
	{ "clock", step_clock },     /* first, so that all rows have a time */
	{ "console", step_console }, /* from here on output is visible */
	{ "traps", step_traps },     /* from here on exceptions are reported */
	{ "loader", step_loader },   /* the boot loader's information */
	{ "image", step_image },     /* is this the kernel that was built? */
	{ "memory", step_memory },   /* the map of RAM and of free pages */
	{ "paging", step_paging },   /* the final page tables: W^X */
	{ "pages", step_pages },     /* the page allocator takes over */
	{ "acpi", step_acpi },	     /* the list of CPUs */
	{ "timer", step_timer },     /* the tick of this CPU */
	{ "sched", step_sched },     /* threads */
};

/* In the first thread, with interrupts on. */
static const struct boot_step late_steps[] = {
	{ "keys", step_keys },	     /* the table of static branches */
	{ "cpus", step_cpus },	     /* all the others */
	{ "ftrace", step_ftrace },   /* the table of sites, each verified */
	{ "tracers", step_tracers }, /* the rings and the tracers */
	{ "words", step_words },     /* ftrace=, trace_event=, ... */
};

/* ---- taking them --------------------------------------------------------- */

/* Show the rows not shown yet; the first ones wait for the console. */
static void show_results(void)
{
	static unsigned int shown;
	const struct boot_result *r;

	for (; shown < nr_results; shown++) {
		r = &results[shown];
		pr_info("  %-8s ok %7llu us  %s", r->name, r->ns / 1000,
			r->detail);
	}
}

static void take_step(const struct boot_step *step)
{
	struct boot_result *r = &results[nr_results];
	u64 start = rdtsc();
	int ret;

	r->name = step->name;
	ret = step->fn();
	if (ret) {
		if (step->fn == step_clock)
			console_init();
		show_results();
		panic("boot: %s: %pe %s", step->name, ERR_PTR(ret), r->detail);
	}
	r->ns = tsc_to_ns(rdtsc() - start);
	nr_results++;
}

/* tools/run.py and the tests search for the first line and count it. */
static void say_hello(void)
{
	machine_event("{\"nop5\":1,\"build\":\"%016llx\",\"clock\":\"ns\"}",
		      kallsyms_build_id());
	pr_always("nop5: a kernel you can trace while it runs");
	pr_info("command line: %s", cmdline());
}

static void take_steps(const struct boot_step *step, unsigned int n)
{
	for (; n--; step++) {
		take_step(step);
		if (step->fn == step_console)
			say_hello();
		if (step->fn != step_clock)
			show_results();
	}
}

static int init_thread(void *unused)
{
	take_steps(late_steps, ARRAY_SIZE(late_steps));
	end_of_run(mode_run());
}

/* For %pS: functions of the image, and the tracer's generated code. */
static const char *symbol_name(unsigned long addr, unsigned long *off,
			       unsigned long *size)
{
	const char *name = kallsyms_lookup(addr, off, size);

	return name ? name : ftrace_trampoline_symbol(addr, off, size);
}

void kernel_main(const struct boot_info *info)
{
	boot = info;
	smp_boot_cpu_init();
	sched_init_early();
	cmdline_init(info->cmdline);
	printf_symbol = symbol_name;
	take_steps(boot_steps, ARRAY_SIZE(boot_steps));
	sched_start(init_thread, NULL);
}
