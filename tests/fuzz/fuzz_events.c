// SPDX-License-Identifier: MIT
/*
 * A script of writes to the files of events and to set_ftrace_filter, between
 * which the events happen and the functions are called: triggers, histograms,
 * function commands, filters, pids. A line is the letter of a file, a blank (or
 * '>': opened with truncation; or which allocation fails) and the text.
 *
 * Whatever comes: the error is one that the files may return, a write that
 * fails changes nothing, what is listed can be removed and made again as it is
 * listed, and in the end nothing is left, no memory either.
 *
 * fuzz-runs: 2000
 * host-sources: trace/control/tracefs.c trace/control/tracefs_tree.c
 * host-sources: trace/control/error_log.c trace/control/nodes.c
 * host-sources: trace/control/hash_edit.c trace/control/filter_nodes.c
 * host-sources: trace/control/command_nodes.c trace/control/event_nodes.c
 * host-sources: trace/control/event_enable_nodes.c
 * host-sources: trace/control/event_filter_nodes.c
 * host-sources: trace/control/event_pid_nodes.c
 * host-sources: trace/control/trigger_nodes.c trace/control/hist_nodes.c
 * host-sources: trace/event/trace_event.c trace/event/trace_event_file.c
 * host-sources: trace/event/event_pids.c trace/event/event_filter.c
 * host-sources: trace/event/filter_parse.c trace/event/filter_term.c
 * host-sources: trace/event/filter_match.c trace/event/filter_cpulist.c
 * host-sources: trace/event/event_trigger.c trace/event/event_hist.c
 * host-sources: trace/event/hist_map.c trace/event/hist_parse.c
 * host-sources: trace/event/hist_view.c trace/event/func_command.c
 * host-sources: trace/event/func_command_hit.c
 * host-sources: trace/event/func_command_show.c trace/event/event_write.c
 * host-sources: trace/trace.c trace/trace_array.c
 * host-sources: trace/trace_options.c trace/ring/trace_clock.c
 * host-sources: trace/tracers/tracer_options.c
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/fuzz/control_fakes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/read_all.h"
#include "tests/host/sites.h"
#include "trace/control/error_log.h"
#include "trace/control/nodes.h"
#include "trace/core/ftrace.h"
#include "trace/event/event_write.h"
#include "trace/trace_dumper.h"
#include "trace/trace_snapshot.h"

/* ---- what stands behind the files ---------------------------------------- */

static struct ftrace_ops stack_ops;
static struct ring_buffer_per_cpu ring;

struct ftrace_ops *stack_tracer_ops(void)
{
	return &stack_ops;
}

void *ring_buffer_lock_reserve(struct ring_buffer *buffer, size_t len,
			       u64 *time)
{
	static char record[512];

	BUG_ON(len > sizeof(record));
	preempt_disable();
	return record;
}

void ring_buffer_unlock_commit(struct ring_buffer *buffer)
{
	preempt_enable();
}

unsigned int stack_trace_save(unsigned long *buf, unsigned int max,
			      unsigned int skip)
{
	unsigned int i;

	for (i = 0; i < 3 && i < max; i++)
		buf[i] = host_site(i);
	return i;
}

unsigned long kallsyms_lookup_name(const char *name)
{
	return strcmp(name, "schedule") ? 0 : host_site(0);
}

SUCCESS(tracing_snapshot, struct trace_array *tr)
SUCCESS(tracing_alloc_snapshot, struct trace_array *tr)
SUCCESS(trace_snapshot_alloc_locked, struct trace_array *tr)
NOTHING(trace_snapshot_free_locked, struct trace_array *tr)
NOTHING(ring_buffer_commit_rest, struct ring_buffer_per_cpu *rb)
NOTHING(trace_stack, struct trace_array *tr, unsigned long from)
NOTHING(trace_stack_behind, struct trace_array *tr, unsigned long from,
	unsigned long to)

static int dumpers;

static int dumper_get(void)
{
	dumpers++;
	return 0;
}

static void dumper_put(void)
{
	BUG_ON(--dumpers < 0);
}

static void dumper_dump(unsigned int cpu)
{
	BUG_ON(!dumpers);
}

static const struct trace_dumper dumper = { .get = dumper_get,
					    .put = dumper_put,
					    .dump = dumper_dump };
TABLE_ENTRY(trace_dumpers, 50, dumper);

/* ---- two events ---------------------------------------------------------- */

struct rec {
	struct trace_entry ent;
	u32 u4;
	s32 pid;
	u64 u8_;
	char name[8];
	u32 loc;
	char text[12];
};

static const struct trace_field fields[] = {
	TRACE_FIELD(rec, unsigned int, u4),
	TRACE_FIELD(rec, int, pid),
	TRACE_FIELD(rec, unsigned long, u8_),
	TRACE_FIELD_ARRAY(rec, char, name, 8),
	TRACE_FIELD_STRING_AT(rec, loc),
	TRACE_FIELDS_END,
};

static struct trace_event_file *attached[2];

static int reg(struct trace_event_file *file)
{
	unsigned int i = !strcmp(file->event->name, "rec");

	BUG_ON(attached[i]);
	if (should_fail_alloc())
		return -ENOMEM;
	attached[i] = file;
	return 0;
}

static void unreg(struct trace_event_file *file)
{
	unsigned int i = !strcmp(file->event->name, "rec");

	BUG_ON(attached[i] != file);
	attached[i] = NULL;
}

#define EVENT(system_, name_)                                         \
	{                                                             \
		.system = system_, .name = name_, .fields = fields,   \
		.size = offsetof(struct rec, text), .print_fmt = "x", \
		.reg = reg, .unreg = unreg                            \
	}

/* The second is about another task, too. */
static struct trace_event events[] = {
	EVENT("unit", "rec"),
	EVENT("sched", "sched_waking"),
};

/* What the probe of any event does: event_write.h. */
static void probe(struct trace_event_file *file, struct rec *rec)
{
	struct event_trigger *trigger;
	char scratch[sizeof(*rec)];
	void *entry;

	if (event_only_triggered(READ_ONCE(file->flags))) {
		trigger = event_triggers_want(file, rec, sizeof(*rec));
		if (trigger)
			event_triggered(file, trigger, rec, sizeof(*rec));
		return;
	}
	entry = event_begin(file, sizeof(*rec), scratch);
	if (!entry)
		return;
	memcpy((char *)entry + sizeof(rec->ent), &rec->u4,
	       sizeof(*rec) - sizeof(rec->ent));
	event_commit(file, entry, sizeof(*rec), scratch);
}

static u64 fired; /* per event */

static void fire(void)
{
	struct rec rec = {
		.u4 = fired & 3,
		.pid = (int)fired - 1,
		.u8_ = host_site(1) + fired,
		.name = "abcdefg",
		.loc = 5 << 16 | offsetof(struct rec, text),
		.text = "text",
	};
	unsigned int i;

	fired++;
	memset(rec.name, 'a' + fired % 3, 1 + fired % 8);
	preempt_disable();
	for (i = 0; i < ARRAY_SIZE(attached); i++)
		if (attached[i])
			probe(attached[i], &rec);
	preempt_enable();
	for (i = 0; i < 4; i++)
		host_call(i);
	BUG_ON(preempt_count());
}

/* ---- files --------------------------------------------------------------- */

#define UNIT  "events/unit/rec/"
#define SCHED "events/sched/sched_waking/"
#define WHOLE (1 << 16)

/* What a write that fails has done. */
enum failing { NO_CHANGE, WORDS_BEFORE, ANY_CHANGE };

static const struct file {
	char letter;
	const char *path;
	enum failing failing;
	bool is_shown;
} files[] = {
	{ 't', UNIT "trigger", NO_CHANGE, true },
	{ 'T', SCHED "trigger", NO_CHANGE, true },
	{ 'f', UNIT "filter", ANY_CHANGE }, /* as on Linux */
	{ 'F', "events/unit/filter", ANY_CHANGE },
	{ 'e', UNIT "enable" },
	{ 'E', "events/sched/enable" },
	{ 'a', "events/enable" },
	{ 's', "set_event", WORDS_BEFORE },
	{ 'p', "set_event_pid", NO_CHANGE, true },
	{ 'n', "set_event_notrace_pid", NO_CHANGE, true },
	{ 'c', "set_ftrace_filter", WORDS_BEFORE, true },
};

/* @nth: that allocation of write and close fails; 0: none. */
static int write_whole(const char *path, unsigned int flags, const char *text,
		       unsigned int nth)
{
	struct tracefs_file *file;
	size_t len = strlen(text);
	ssize_t n;
	int err;

	BUG_ON(tracefs_open(path, TRACEFS_WRITE | flags, &file));
	if (nth)
		fail_nth(nth);
	n = tracefs_write(file, text, len);
	BUG_ON(n > (ssize_t)len || (n < 0 && file->error_at > len + 2));
	err = tracefs_close(file); /* carries the last word out */
	fail_end();
	return n < 0 ? n : err;
}

/* What the files show, and the users of each event. */
static void read_state(char *buf, size_t room)
{
	const struct trace_event_file *file;
	unsigned int i;
	size_t len = 0;
	u32 flags;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		event_session_begin();
		file = trace_event_file_find(trace_top(), &events[i]);
		event_session_end();
		flags = file->flags;
		if (!(flags & EVENT_FILE_ENABLED))
			flags &= ~EVENT_FILE_SOFT_DISABLED; /* EF4 */
		len += snprintf(buf + len, room - len, "%x %u\n", flags,
				file->soft_users);
	}
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].is_shown)
			len += read_all(files[i].path, buf + len, room - len);
}

static u64 number_behind(const char **at, const char *word)
{
	u64 n = 0;

	*at = strstr(*at, word);
	BUG_ON(!*at);
	for (*at += strlen(word); isdigit(**at); ++*at)
		n = n * 10 + (**at - '0');
	return n;
}

/*
 * Hits and drops of a histogram are events that happened (EH1). In one with a
 * name all triggers of both events may count each time (EH3).
 */
static void check_hist(const char *path)
{
	static char text[WHOLE * 16];
	const char *at = text;
	u64 sum, max = fired;

	read_all(path, text, sizeof(text));
	if (strstr(text, "# trigger info: hist:name="))
		max *= 2 * EVENT_TRIGGERS_MAX;
	while ((at = strstr(at, "    Hits: "))) {
		sum = number_behind(&at, "    Hits: ");
		sum += number_behind(&at, "    Dropped: ");
		BUG_ON(sum > max);
	}
}

/* ---- a script ------------------------------------------------------------ */

static bool allowed(int err)
{
	return !err || err == -EINVAL || err == -EEXIST || err == -ENOENT ||
	       err == -ENOSPC || err == -ERANGE || err == -ENODEV ||
	       err == -ENOMEM;
}

static bool is_one_word(const char *text)
{
	while (*text && !isspace(*text))
		text++;
	return !*text;
}

/* 1 to 9, a to z: 1 to 35. */
static unsigned int which_fails(char c)
{
	return isdigit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 0;
}

/* LETTER, ' ' or '>' or what fails, TEXT. */
static void run_line(const char *line)
{
	static char before[WHOLE], after[WHOLE];
	const struct file *file = files;
	unsigned int flags = line[0] && line[1] == '>' ? TRACEFS_TRUNC : 0;
	bool same;
	int err;

	while (file < files + ARRAY_SIZE(files) && file->letter != *line)
		file++;
	if (file == files + ARRAY_SIZE(files) || !line[1])
		return;
	same = !flags && file->failing != ANY_CHANGE &&
	       (file->failing == NO_CHANGE || is_one_word(line + 2));
	read_state(before, sizeof(before));
	err = write_whole(file->path, flags, line + 2, which_fails(line[1]));
	BUG_ON(!allowed(err));
	read_state(after, sizeof(after));
	BUG_ON(err && same && strcmp(before, after));
}

/* ---- what is listed can be written --------------------------------------- */

/* A listed line becomes the command that makes it. */
static void as_command(char *out, size_t room, char *line)
{
	char *tail = strstr(line, " [paused]"), *blank = strchr(line, ' ');
	bool paused = tail && !tail[9], hist = str_has_prefix(line, "hist:");
	size_t n = blank ? (size_t)(blank - line) : strlen(line);
	char command[1024], *count;

	BUG_ON(n >= sizeof(command));
	memcpy(command, line, n);
	command[n] = '\0';
	count = strrchr(command, ':');
	if (!hist && !strcmp(count, ":unlimited"))
		*count = '\0';
	else if (!hist && !strcmp(count, ":count=-1"))
		count[1] = '\0';
	else if (!hist)
		memmove(count + 1, count + 7, strlen(count + 7) + 1);
	snprintf(out, room, "%s%s%s", command, hist && paused ? ":pause" : "",
		 blank ?: "");
	if (hist)
		out[strlen(out) - 9] = '\0';
}

static bool is_command(const char *line)
{
	return *line != '#' && strchr(line, ':');
}

/*
 * Give each line of a list back, from the last to the first, because the newest
 * is listed first: @remove, or make them again.
 */
static void give_back(const char *path, const char *list, bool remove)
{
	static char copy[WHOLE], word[8192], command[8192];
	char *line = copy;

	strscpy(copy, list, sizeof(copy));
	while (line) {
		line = strrchr(copy, '\n');
		if (line)
			*line++ = '\0';
		if (!is_command(line ?: copy))
			continue;
		as_command(word, sizeof(word), line ?: copy);
		snprintf(command, sizeof(command), "%s%s", remove ? "!" : "",
			 word);
		BUG_ON(write_whole(path, 0, command, 0));
	}
}

/* Take all of a list away, make it again, and take it away. */
static void round_trip(const char *path, bool exact)
{
	static char list[WHOLE], now[WHOLE];

	read_all(path, list, sizeof(list));
	give_back(path, list, true);
	read_all(path, now, sizeof(now));
	BUG_ON(exact && !str_has_prefix(now, "# Available triggers:\n"));
	BUG_ON(!exact && strchr(now, ':'));
	give_back(path, list, false);
	read_all(path, now, sizeof(now));
	BUG_ON(exact && strcmp(list, now));
	give_back(path, now, true);
}

/* ---- the target ---------------------------------------------------------- */

static char nothing[WHOLE]; /* the state without any object */

static void begin(void)
{
	static const char *const names[] = { "schedule", "do_exit",
					     "alloc_page", "alloc_pages" };
	struct trace_array *tr = trace_top();
	unsigned int i;

	host_sites_init(names, ARRAY_SIZE(names));
	trace_events_init();
	tr->buffer.cpu[0] = &ring;
	tr->clock = trace_clock_get(0);
	tr->cpumask = cpu_online_mask;
	trace_options_init(tr);
	for (i = 0; i < ARRAY_SIZE(events); i++)
		BUG_ON(trace_event_add(&events[i]));
	host_alloc_max = 1 << 18;
	read_state(nothing, sizeof(nothing));
}

/* Nothing is left: no object, no memory. */
static void end(size_t live)
{
	static char now[WHOLE];

	write_whole("events/enable", 0, "0", 0);
	round_trip(UNIT "trigger", true);
	round_trip(SCHED "trigger", true);
	round_trip("set_ftrace_filter", false);
	write_whole("set_ftrace_filter", TRACEFS_TRUNC, "", 0);
	write_whole("set_event_pid", TRACEFS_TRUNC, "", 0);
	write_whole("set_event_notrace_pid", TRACEFS_TRUNC, "", 0);
	write_whole(UNIT "filter", 0, "0", 0);
	write_whole("events/unit/filter", 0, "0", 0);
	error_log_clear(trace_top());
	read_state(now, sizeof(now));
	BUG_ON(strcmp(now, nothing));
	BUG_ON(attached[0] || attached[1] || dumpers || host_live != live);
	BUG_ON(ftrace_check());
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool ready;
	char *text, *rest, *line;
	size_t live;

	if (!ready)
		begin();
	ready = true;
	if (memchr(data, 0, size))
		return 0;
	live = host_live;
	fired = 0;
	trace_top()->on = true;
	rest = text = fuzz_string(data, size);
	while ((line = strsep(&rest, "\n"))) {
		run_line(line);
		fire();
		check_hist(UNIT "hist");
	}
	host_free(text);
	end(live);
	return 0;
}
