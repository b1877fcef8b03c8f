// SPDX-License-Identifier: MIT
/*
 * Random definitions of probe events, written to the files that take them:
 * whatever is refused, and whichever allocation fails, leaves everything as it
 * was (PE3); what is accepted is one more line and a whole event; and each
 * probe that is enabled writes one record of a call, whatever it reads.
 *
 * The lines follow the grammar, with names that exist, or are taken, or do
 * not; then a few characters of some of them change.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"

#define LISTED_MAX 32 /* lines of dynamic_events, then all are removed */
#define LINE_ROOM  400

static u64 seed;
static char list[LISTED_MAX * 1024], next[sizeof(list)], again[sizeof(list)];
static char line[LINE_ROOM];

static u32 rnd(u32 n)
{
	return (u32)(farm_random(&seed) >> 20) % n;
}

/* ---- lines --------------------------------------------------------------- */

static bool tidy; /* the line has only what may be accepted */

/* The first @good ones are such. */
static const char *one_of(const char *const *texts, u32 good, u32 n)
{
	return texts[rnd(tidy ? good : n)];
}

#define ONE_OF(texts, good) one_of(texts, good, ARRAY_SIZE(texts))

static void add(const char *text)
{
	size_t at = strlen(line);

	strscpy(line + at, text, sizeof(line) - at);
}

static void add_name(void)
{
	static const char *const groups[] = { "",     "rnd/",	"rnd.",
					      "r-d/", "sched/", "1rnd/" };
	static const char *const names[] = { "a", "sched_switch", "", "9" };
	char letters[] = "aa";

	if (!rnd(8))
		return;
	letters[0] += (char)rnd(4);
	letters[1] += (char)rnd(26);
	add(":");
	add(ONE_OF(groups, 4));
	add(tidy ? letters : ONE_OF(names, 1));
}

static void add_fetch(unsigned int depth)
{
	static const char *const values[] = {
		"%di",	 "%sp",	       "$stack", "$stack3",  "$arg1",	"\\7",
		"%zz",	 "$retval",    "$arg9",	 "@jiffies", "@0x1000", "$comm",
		"$arg*", "\\\"text\"", "a",	 "b",	     "@none",
	};
	static const char *const derefs[] = { "+0(", "-8(", "+u8(", "+0x7ffff(",
					      "+(" };

	if (depth < 16 && !rnd(3)) {
		add(ONE_OF(derefs, 4));
		add_fetch(depth + 1);
		add(tidy || rnd(20) ? ")" : "");
		return;
	}
	add(ONE_OF(values, 6));
}

static void add_argument(u32 n)
{
	static const char *const names[] = { "x=", "", "__probe_ip=", "1=" };
	static const char *const types[] = {
		"",	   "",	       ":u8",	  ":s16",      ":x32",
		":u64",	   ":symbol",  ":char",	  ":b3@2/16",  ":u16[3]",
		":string", ":ustring", ":symstr", ":char[64]", ":x64[64]",
		":u8[65]", ":u128",
	};
	char name[] = "a0=";

	name[1] = (char)('0' + n);
	add(" ");
	add(tidy ? name : ONE_OF(names, 1));
	add_fetch(0);
	add(ONE_OF(types, 9));
}

/* Return: may it be written to kprobe_events, too? */
static bool make_line(void)
{
	static const char *const kinds[] = { "p", "p", "p", "r", "r9", "f",
					     "t", "-", "-", "!", "e" };
	static const char *const places[] = {
		"probe_victim", "schedule",	     "kfree",
		"kmalloc",	"probe_victim+5",    "probe_victim+3",
		"nothing",	"poke_int3_handler", "0xffffffff80100000",
	};
	static const char *const points[] = { "testing_two", "sched_switch",
					      "nothing" };
	const char *kind;
	u32 n = rnd(5);

	tidy = rnd(2);
	kind = ONE_OF(kinds, 8);
	strscpy(line, kind, sizeof(line));
	add_name();
	add(" ");
	if (*kind == 't')
		add(ONE_OF(points, 2));
	else
		add(ONE_OF(places, 4));
	if (*kind == '-' && rnd(2))
		*strchr(line, ' ') = '\0'; /* whole events */
	else
		while (n--)
			add_argument(n);
	return *kind != 'f' && *kind != 't';
}

/* A few characters are others, or are gone. */
static void spoil_line(void)
{
	static const char other[] = " :/%$@+-()[]=#\\\"0a~\t\x80";
	u32 n = 1 + rnd(3), at;

	while (n-- && *line) {
		at = rnd((u32)strlen(line));
		if (rnd(2))
			line[at] = other[rnd(sizeof(other) - 1)];
		else
			memmove(line + at, line + at + 1, strlen(line + at));
	}
}

/* ---- what holds ---------------------------------------------------------- */

static unsigned int lines_of(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* Are the lines of @part all in @whole, in this order? */
static bool is_part(const char *part, const char *whole)
{
	size_t len;

	while (*part) {
		len = (size_t)(strchr(part, '\n') + 1 - part);
		while (*whole && strncmp(part, whole, len))
			whole = strchr(whole, '\n') + 1;
		if (!*whole)
			return false;
		part += len;
		whole += len;
	}
	return true;
}

static bool there(const char *name, const char *file)
{
	struct tracefs_file *open;
	char path[192];

	snprintf(path, sizeof(path), "events/%s/%s", name, file);
	if (tracefs_open(path, TRACEFS_READ, &open))
		return false;
	tracefs_close(open);
	return true;
}

static bool listed_is(const char *text)
{
	tt_read("dynamic_events", again, sizeof(again));
	return !strcmp(again, text);
}

/* Is the event of this line of dynamic_events whole, and its line enough? */
static bool event_is_whole(const char *shown)
{
	static const char *const files[] = { "enable", "filter",  "format",
					     "id",     "trigger", "hist" };
	const char *name = strchr(shown, ':') + 1;
	char copy[sizeof(line) * 2], path[2 * PROBE_NAME];
	unsigned int i;

	strscpy(path, name,
		min(sizeof(path), (size_t)(strchr(name, ' ') - name) + 1));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!EXPECT(there(path, files[i])))
			return false;
	strscpy(copy, shown, sizeof(copy));
	*strchr(copy, '\n') = '\0';
	return EXPECT_EQ(probe_add("dynamic_events", copy), -EEXIST) &&
	       EXPECT(listed_is(next));
}

/* Has the write of the line, from list to next, done what it may? */
static bool is_sound(ssize_t ret)
{
	const char *word = line;
	size_t before = strlen(list);

	while (isspace(*word))
		word++;
	if (ret < 0 || *word == '#' || !*word)
		return EXPECT(!strcmp(list, next));
	if (!EXPECT_EQ(ret, (ssize_t)strlen(line)))
		return false;
	if (*word == '-' || *word == '!')
		return EXPECT(is_part(next, list)) &&
		       EXPECT(lines_of(next) < lines_of(list));
	return EXPECT(!strncmp(next, list, before)) &&
	       EXPECT_EQ(lines_of(next + before), 1) &&
	       event_is_whole(next + before);
}

/* Now and then an allocation of the write fails. */
static ssize_t write_line(bool both)
{
	const char *file = both && rnd(2) ? "kprobe_events" : "dynamic_events";
	ssize_t ret;

	if (rnd(4))
		return probe_add(file, line);
	fail_nth(1 + rnd(16));
	ret = probe_add(file, line);
	(void)fail_end();
	return ret;
}

/* All go; their list makes them again; all go. */
static void start_again(void)
{
	unsigned int events = probe_event_count();

	tt_write("dynamic_events", "\n");
	EXPECT_EQ(probe_event_count(), 0);
	EXPECT(tt_says("kprobes/list", ""));
	EXPECT_EQ(probe_add("dynamic_events", list), (ssize_t)strlen(list));
	EXPECT(listed_is(list));
	EXPECT_EQ(probe_event_count(), events);
	tt_write("dynamic_events", "\n");
	list[0] = '\0';
}

/* Return: how many of the @n lines were accepted. */
static unsigned int write_lines(unsigned int n)
{
	unsigned int accepted = 0, of = n;
	bool both;
	ssize_t ret;

	list[0] = '\0';
	while (n--) {
		both = make_line();
		if (!tidy && rnd(2))
			spoil_line();
		ret = write_line(both);
		tt_read("dynamic_events", next, sizeof(next));
		if (!is_sound(ret)) {
			ktest_note("%s: %ld", line, ret);
			break;
		}
		accepted += ret > 0;
		strscpy(list, next, sizeof(list));
		if (lines_of(list) >= LISTED_MAX)
			start_again();
	}
	ktest_note("%u of %u lines were accepted", accepted, of);
	return accepted;
}

/* ---- records ------------------------------------------------------------- */

/* The line is one of a probe that a call reaches. */
static bool is_reached(void)
{
	static const char *const places[] = { " probe_victim ",
					      " probe_victim+5 ",
					      " probe_victim%return ",
					      " testing_two " };
	char copy[LINE_ROOM + 1];
	unsigned int i;

	snprintf(copy, sizeof(copy), "%s ", line);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (strchr("prft", *line) && strstr(copy, places[i]))
			return true;
	return false;
}

/* Write 1 or 0 to the enable of each event listed. Return: lines enabled. */
static unsigned int switch_all(const char *to)
{
	char path[2 * PROBE_NAME + 16];
	const char *at, *name;
	unsigned int on = 0;

	for (at = list; *at; at = strchr(at, '\n') + 1) {
		name = strchr(at, ':') + 1;
		snprintf(path, sizeof(path), "events/%.*s/enable",
			 (int)(strchr(name, ' ') - name), name);
		if (bells_put(path, to) > 0)
			on++;
		else /* no place of the graph is left */
			EXPECT(tt_says(path, "0\n"));
	}
	return on;
}

/* Make up to @n events of random lines, all of them reached. */
static void define(unsigned int n)
{
	unsigned int tries = 1000;

	while (n && tries--) {
		make_line();
		if (is_reached() && probe_add("dynamic_events", line) > 0)
			n--;
	}
	EXPECT_EQ(n, 0);
	tt_read("dynamic_events", list, sizeof(list));
}

static void called_is_recorded(void)
{
	static const char *const texts[] = { "one", "two" };
	unsigned int on = switch_all("1");

	trace_reset(trace_top(), TRACE_CPU_ALL);
	probe_victim((u64)texts, texts[0], texts, ~0UL, 0x1000, 6, 7, 8);
	tp_call_two(7, (unsigned long)texts);
	switch_all("0");
	/* Not by its text: a char may be a NUL. */
	if (!EXPECT_EQ(tt_stats().entries, on))
		ktest_note("%s", list);
}

KTEST_FLAGS(probe_random, each_probe_records_each_call_PE6, KTEST_LEAKS, 120)
{
	unsigned int turn;

	seed = 20;
	for (turn = 0; turn < 40; turn++) {
		if (probes_begin("nop")) {
			define(8);
			called_is_recorded();
		}
		probes_end();
	}
}

/* ---- lines --------------------------------------------------------------- */

KTEST_FLAGS(probe_random, lines_leave_nothing_half_made_PE3, 0, 120)
{
	seed = 19;
	if (probes_begin("nop"))
		EXPECT(write_lines(3000) > 600);
	probes_end();
}

KTEST_FLAGS(probe_random_long, lines_leave_nothing_half_made_PE3, KTEST_ASKED,
	    600)
{
	seed = ktime_ns() | 1;
	ktest_note("seed %#llx", seed);
	if (probes_begin("nop"))
		EXPECT(write_lines(100000) > 20000);
	probes_end();
}
