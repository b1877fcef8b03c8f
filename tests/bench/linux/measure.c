// SPDX-License-Identifier: MIT
/*
 * measure.c - drives the measuring module and tracefs; user space side
 *
 * Owns: the order of the measurements of one boot of Linux. `measure MODE`:
 *   boot   prints the time since power-on and nothing else
 *   count  instruction counts, for -icount, 1 CPU
 *   wall   wall time per site, plain TCG, 1 CPU
 *   smp    ratios between CPUs, plain TCG, several CPUs
 * The rows go to the console at the end, between lines that run.py looks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

#define TRACING		    "/sys/kernel/tracing/"
#define TARGET		    "bench_target"
#define READ_EVENTS	    20000
#define OPS_WITH_TRAMPOLINE 10
#define WALL_SAMPLES	    2

static int module_fd;
static unsigned long nr_functions; /* lines to choose from */
static unsigned long nr_enabled;   /* of these, sites */

static void die(const char *what)
{
	printf("FAIL\t%s: %s\n", what, strerror(errno));
	exit(1);
}

static void command(const char *fmt, ...)
{
	char text[4096];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (write(module_fd, text, len) != len)
		die(text);
}

static void tracefs(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, strlen(text)) != (long)strlen(text) ||
	    close(fd))
		die(path);
}

static unsigned long count_lines(const char *name)
{
	static char line[4096];
	unsigned long count = 0;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), TRACING "%s", name);
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		count++;
	fclose(file);
	return count;
}

/* The number after `key` in a file of "key number" lines. */
static unsigned long number_in(const char *path, const char *key)
{
	unsigned long number = 0;
	char line[256];
	FILE *file = fopen(path, "r");

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			number = strtoul(line + strlen(key), NULL, 10);
	fclose(file);
	return number;
}

/* Reads a file to its end; non-blocking, so a pipe ends when it is empty. */
static void drain(const char *name)
{
	static char buf[65536];
	char path[256];
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		die(path);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* What mark and since cost by themselves is taken off every later row. */
static void measure_cost(void)
{
	command("mark");
	command("since cost 1");
}

/* Bytes in the ring per call; page headers are not in Linux's count. */
static void measure_memory(const char *row, unsigned long events)
{
	const char *stats = TRACING "per_cpu/cpu0/stats";
	unsigned long before;

	tracefs("trace", "");
	before = number_in(stats, "bytes: ");
	command("call");
	if (number_in(stats, "entries: ") != 1000 * events)
		die("entries");
	printf("BENCH\t%s\t%.2f\tB\n", row,
	       (number_in(stats, "bytes: ") - before) / 1000.0);
}

static void measure_reading(void)
{
	int i;

	tracefs("trace", "");
	for (i = 0; i < READ_EVENTS / 1000; i++)
		command("call");
	tracefs("tracing_on", "0");
	command("mark");
	drain("trace");
	command("since read.text_per_event %d", READ_EVENTS);
	command("mark");
	drain("per_cpu/cpu0/trace_pipe_raw");
	command("since read.raw_per_event %d", READ_EVENTS);
	tracefs("tracing_on", "1");
}

static void measure_tracers(void)
{
	tracefs("trace_clock", "local");
	tracefs("set_ftrace_filter", TARGET);
	tracefs("current_tracer", "function");
	command("sample call.function_ring");
	measure_memory("mem.function_event", 1);
	measure_reading();
	tracefs("tracing_on", "0");
	command("sample call.function_tracing_off");
	tracefs("tracing_on", "1");
	command("attach");
	command("sample call.function_ring_ops1");
	command("detach");
	tracefs("current_tracer", "function_graph");
	command("sample call.graph_ring");
	measure_memory("mem.graph_call", 2);
	tracefs("tracing_on", "0");
	command("sample call.graph_tracing_off");
	tracefs("tracing_on", "1");
	tracefs("current_tracer", "nop");
	tracefs("set_ftrace_filter", "");
}

#define EVENT "events/nop5bench/bench_two/"

static void measure_event_filter(const char *filter, const char *row)
{
	tracefs(EVENT "filter", filter);
	command("event %s", row);
	tracefs(EVENT "filter", "0");
}

static void measure_events(void)
{
	command("event event.disabled");
	tracefs(EVENT "enable", "1");
	command("event event.enabled");
	measure_event_filter("number < 0", "event.filter_rejects");
	measure_event_filter("common_pid < -5", "event.filter_rejects_common");
	measure_event_filter("number >= 0 && value >= 0 && value != 5",
			     "event.filter_accepts");
	tracefs(EVENT "enable", "0");
	tracefs(EVENT "trigger", "traceon if number < 0");
	command("event event.trigger_rejects");
	tracefs(EVENT "trigger", ""); /* removes all */
}

/*
 * Writes one filter; the whole of open, write and close counts, since Linux
 * applies it at close. Per function among which is chosen.
 */
static void measure_filter(const char *pattern, const char *row)
{
	command("mark");
	tracefs("set_ftrace_filter", pattern);
	command("since %s %lu", row, nr_functions);
	tracefs("set_ftrace_filter", "");
}

static void measure_everything(const char *tracer, const char *enable,
			       const char *disable, bool by_wall)
{
	const char *since = by_wall ? "wall" : "since";
	const char *mark = by_wall ? "markwall" : "mark";

	/* The sites are measured, not the events that are written. */
	tracefs("tracing_on", "0");
	command(mark);
	tracefs("current_tracer", tracer);
	command("%s %s %lu", since, enable, nr_enabled);
	command(mark);
	tracefs("current_tracer", "nop");
	if (disable)
		command("%s %s %lu", since, disable, nr_enabled);
	tracefs("tracing_on", "1");
}

struct symbol {
	unsigned long address;
	char name[64];
	bool traced;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name,
		      ((const struct symbol *)b)->name);
}

/* The kernel's own text symbols, by name. */
static struct symbol *read_symbols(size_t *count)
{
	struct symbol *symbols = calloc(200000, sizeof(*symbols));
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], type, module[2];
	struct symbol symbol = { 0 };

	if (!file || !symbols)
		die("kallsyms");
	while (*count < 200000 && fgets(line, sizeof(line), file)) {
		int n = sscanf(line, "%lx %c %63s %1s", &symbol.address, &type,
			       symbol.name, module);

		if (n == 3 && (type == 't' || type == 'T'))
			symbols[(*count)++] = symbol;
	}
	fclose(file);
	qsort(symbols, *count, sizeof(*symbols), by_name);
	return symbols;
}

/*
 * Tells the module the addresses of sites: functions that can be traced and
 * whose name is the name of one function only.
 */
static void name_sites(void)
{
	FILE *file = fopen(TRACING "available_filter_functions", "r");
	struct symbol key, *found, *symbols, *end;
	char line[256], text[4096] = "sites";
	size_t count = 0;

	symbols = read_symbols(&count);
	end = symbols + count;
	if (!file)
		die("available_filter_functions");
	while (fgets(line, sizeof(line), file)) {
		if (strchr(line, '[') || sscanf(line, "%63s", key.name) != 1)
			continue;
		found = bsearch(&key, symbols, count, sizeof(key), by_name);
		if (!found || (found > symbols && !by_name(found, found - 1)) ||
		    (found + 1 < end && !by_name(found, found + 1)))
			continue;
		sprintf(text + strlen(text), " %lx", found->address);
		if (strlen(text) > 4000) {
			command("%s", text);
			strcpy(text, "sites");
		}
	}
	command("%s", text);
	fclose(file);
	free(symbols);
}

/* Executable memory per ops, as the kernel's own account of it grows. */
static void measure_trampolines(const char *kind, const char *row)
{
	unsigned long before = number_in("/proc/meminfo", "VmallocUsed:");
	unsigned long after;

	command("trampolines %s", kind);
	after = number_in("/proc/meminfo", "VmallocUsed:");
	printf("BENCH\t%s\t%lu\tB\n", row,
	       (after - before) * 1024 / OPS_WITH_TRAMPOLINE);
}

static void measure_site_record(void)
{
	unsigned long entries = 0, pages = 0;
	FILE *file = fopen(TRACING "dyn_ftrace_total_info", "r");

	if (!file || fscanf(file, "%lu pages:%lu", &entries, &pages) != 2)
		die("dyn_ftrace_total_info");
	fclose(file);
	printf("BENCH\tmem.site_record\t%.2f\tB\n", pages * 4096.0 / entries);
}

static void count_mode(void)
{
	command("calibrate");
	measure_cost();
	command("calls");
	measure_tracers();
	measure_events();
	command("keys");
	measure_filter("schedule", "patch.filter_exact");
	measure_filter("*lock*", "patch.filter_glob_middle");
	measure_everything("function", "patch.enable_all.per_site",
			   "patch.disable_all.per_site", false);
	measure_everything("function_graph", "patch.enable_all_graph.per_site",
			   NULL, false);
	name_sites();
	command("one");
	command("rounds");
	command("exchange");
	measure_site_record();
	command("irrelevant");
	measure_trampolines("plain", "mem.trampoline");
	measure_trampolines("regs", "mem.trampoline_regs");
}

/* Several times; run.py takes the least. */
static void measure_wall(const char *row)
{
	int i;

	for (i = 0; i < WALL_SAMPLES; i++)
		measure_everything("function", row, NULL, true);
}

static void smp_mode(void)
{
	char row[40];

	snprintf(row, sizeof(row), "smp.enable_all.%ld",
		 sysconf(_SC_NPROCESSORS_ONLN));
	measure_wall(row);
	command("attach");
	command("smp ops1");
	command("detach");
	tracefs("trace_clock", "local");
	tracefs("set_ftrace_filter", TARGET);
	tracefs("current_tracer", "function");
	command("smp function_ring");
	tracefs("current_tracer", "nop");
}

static void print_rows(void)
{
	static char buf[65536];
	ssize_t len = pread(module_fd, buf, sizeof(buf), 0);

	if (len < 0)
		die("read rows");
	fwrite(buf, 1, len, stdout);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "boot")) {
		printf("BENCH\tboot.to_first_act\t%llu\tinsn\n",
		       (unsigned long long)__rdtsc());
		return 0;
	}
	module_fd = open("/proc/nop5bench", O_RDWR);
	if (module_fd < 0)
		die("/proc/nop5bench");
	nr_functions = count_lines("available_filter_functions");
	tracefs("tracing_on", "0");
	tracefs("current_tracer", "function");
	nr_enabled = count_lines("enabled_functions");
	tracefs("current_tracer", "nop");
	tracefs("tracing_on", "1");
	printf("INFO\tfunctions\t%lu\nINFO\tsites\t%lu\n", nr_functions,
	       nr_enabled);
	if (!strcmp(mode, "count"))
		count_mode();
	else if (!strcmp(mode, "wall"))
		measure_wall("patch.enable_all.us_per_site");
	else if (!strcmp(mode, "smp"))
		smp_mode();
	print_rows();
	printf("DONE\n");
	return 0;
}
