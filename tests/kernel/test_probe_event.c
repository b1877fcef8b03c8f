// SPDX-License-Identifier: MIT
/*
 * kprobe_events, dynamic_events and kprobe_profile: what is written, what is
 * shown, what is refused and with which words.
 */
#include "kernel/lib/printf.h"
#include "tests/kernel/probe_lines.h"
#include "tests/kernel/tp_events.h"

#define SHOWN_MAX 4096

static bool exists(const char *path)
{
	struct tracefs_file *file;

	if (tracefs_open(path, TRACEFS_READ, &file))
		return false;
	(void)tracefs_close(file);
	return true;
}

/* ---- definitions --------------------------------------------------------- */

KTEST(probe_event, a_definition_is_shown_as_it_can_be_written)
{
	static const char shown[] =
		"p:kprobes/p_probe_victim_0 probe_victim\n"
		"p:pe/a probe_victim x=%di arg2=$stack0:x8\n"
		"r7:pe/b probe_victim arg1=$retval\n"
		"p:kprobes/p_probe_victim_5 probe_victim+5\n"
		"r:kprobes/r_probe_victim_0 probe_victim\n";
	static const char also[] =
		"f:fprobes/probe_victim__entry probe_victim a=$arg1\n"
		"f:fprobes/probe_victim__exit probe_victim%return\n"
		"t:tracepoints/testing_two testing_two n=$arg1\n";
	static char both[SHOWN_MAX];

	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("kprobe_events", "p probe_victim"), 14);
	EXPECT_EQ(probe_add("kprobe_events",
			    "  p:pe/a   probe_victim\tx=%di $stack0:x8 # !\n"
			    "\n# nothing but words\n"
			    "r7:pe.b probe_victim $retval"),
		  94);
	EXPECT_EQ(probe_add("dynamic_events", "p probe_victim+0x5\n"), 19);
	EXPECT_EQ(probe_add("kprobe_events", "p probe_victim%return"), 21);
	EXPECT_EQ(probe_add("dynamic_events", "f probe_victim a=$arg1"), 22);
	EXPECT_EQ(probe_add("dynamic_events", "f probe_victim%return"), 21);
	EXPECT_EQ(probe_add("dynamic_events", "t testing_two n=$arg1"), 21);
	EXPECT(tt_says("kprobe_events", shown));
	snprintf(both, sizeof(both), "%s%s", shown, also);
	EXPECT(tt_says("dynamic_events", both));
	EXPECT(exists("events/pe/a/format"));
	EXPECT(exists("events/kprobes/p_probe_victim_5/trigger"));
	EXPECT(exists("events/tracepoints/testing_two/filter"));
	EXPECT_EQ(probe_clear("kprobe_events"), 0);
	EXPECT(tt_says("kprobe_events", ""));
	EXPECT(tt_says("dynamic_events", also));
	EXPECT(!exists("events/pe/a/format"));
	EXPECT_EQ(probe_clear("dynamic_events"), 0);
	EXPECT(tt_says("dynamic_events", ""));
	/* What was shown is what makes it again. */
	EXPECT_EQ(probe_add("dynamic_events", both), (ssize_t)strlen(both));
	EXPECT(tt_says("dynamic_events", both));
	probes_end();
}

KTEST(probe_event, an_address_is_a_place)
{
	char line[128], shown[128];

	ASSERT(probes_begin("nop"));
	snprintf(line, sizeof(line), "p:pe/at %#lx",
		 (unsigned long)probe_victim);
	EXPECT(probe_add("kprobe_events", line) > 0);
	snprintf(shown, sizeof(shown), "%s\n", line);
	EXPECT(tt_says("kprobe_events", shown));
	tt_write("events/pe/at/enable", "1");
	probe_victim_calls(1);
	tt_write("events/pe/at/enable", "0");
	EXPECT(probe_recorded("at", "at: (probe_victim+0x0/0x*)"));
	snprintf(line, sizeof(line), "p %#lx", (unsigned long)probe_victim);
	EXPECT(probe_add("kprobe_events", line) > 0);
	snprintf(shown, sizeof(shown), "events/kprobes/p_%#lx/id",
		 (unsigned long)probe_victim);
	EXPECT(exists(shown));
	probes_end();
}

/* ---- errors -------------------------------------------------------------- */

/* Is the command refused, and does error_log end in these two lines? */
static void refused(const char *file, const char *command, ssize_t err,
		    const char *subsystem, const char *text, const char *normal,
		    unsigned int caret)
{
	static char expected[1024];

	EXPECT_EQ(probe_add(file, command), err);
	snprintf(expected, sizeof(expected),
		 "] %s: error: %s\n  Command: %s\n%*s^\n", subsystem, text,
		 normal, (int)(strlen("  Command: ") + caret), "");
	if (!EXPECT(bells_logged(expected)))
		ktest_note("expected: %s", expected);
	EXPECT_EQ(probe_event_count(), 0); /* PE3 */
}

KTEST(probe_event, an_error_has_linux_words_and_a_caret_PE3)
{
	ASSERT(probes_begin("nop"));
	refused("kprobe_events", "p:foo/bar   no_such\tx=%di # why\n", -EINVAL,
		"trace_kprobe", "Invalid probed address or symbol",
		"p:foo/bar no_such x=%di", 10);
	refused("kprobe_events", "p probe_victim x=%ex", -EINVAL,
		"trace_kprobe", "Invalid register name", "p probe_victim x=%ex",
		17);
	refused("kprobe_events", "p probe_victim+3", -EILSEQ, "trace_kprobe",
		"Probe point is not an instruction boundary",
		"p probe_victim+3", 2);
	refused("kprobe_events", "p poke_int3_handler", -EINVAL, "trace_kprobe",
		"Failed to register probe event", "p poke_int3_handler", 2);
	refused("kprobe_events", "r poke_int3_handler", -EINVAL, "trace_kprobe",
		"Failed to register probe event", "r poke_int3_handler", 2);
	refused("dynamic_events", "f probe_victim ^%di", -EINVAL,
		"trace_fprobe", "Invalid fetch argument", "f probe_victim ^%di",
		15);
	refused("dynamic_events", "t no_such_tracepoint", -ENOENT,
		"trace_fprobe", "Tracepoint is not found",
		"t no_such_tracepoint", 2);
	refused("dynamic_events", "t testing_two %di", -EINVAL, "trace_fprobe",
		"Invalid $-variable specified", "t testing_two %di", 14);
	refused("kprobe_events", "p:sched/sched_switch probe_victim", -EEXIST,
		"trace_kprobe",
		"Given group/event name is already used by another event",
		"p:sched/sched_switch probe_victim", 0);
	probes_end();
}

KTEST(probe_event, what_is_no_definition_is_an_error)
{
	static const char *const bad[] = {
		"x probe_victim",
		"f probe_victim",
		"t testing_two",
		"p",
		"-",
		"-x",
		"-:",
		"!:p",
	};
	unsigned int i;

	ASSERT(probes_begin("nop"));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (!EXPECT_EQ(probe_add("kprobe_events", bad[i]), -EINVAL))
			ktest_note("%s", bad[i]);
	EXPECT_EQ(probe_add("dynamic_events", "x probe_victim"), -EINVAL);
	EXPECT_EQ(probe_add("dynamic_events", "!p probe_victim"), -EINVAL);
	EXPECT_EQ(probe_add("kprobe_events", "-:none"), -ENOENT);
	EXPECT_EQ(probe_add("kprobe_events", "-:none/"), -ENOENT);
	EXPECT_EQ(probe_add("dynamic_events", "!p:none probe_victim"), -ENOENT);
	EXPECT_EQ(probe_event_count(), 0);
	probes_end();
}

KTEST(probe_event, the_first_bad_line_ends_a_write)
{
	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("kprobe_events", "p:pe/a probe_victim\n"
					     "p:pe/b no_such\n"
					     "p:pe/c probe_victim\n"),
		  -EINVAL);
	EXPECT(tt_says("kprobe_events", "p:pe/a probe_victim\n"));
	EXPECT(bells_logged("  Command: p:pe/b no_such\n"
			    "                  ^\n"));
	probes_end();
}

static char long_line[PROBE_LINE + 64];

KTEST(probe_event, a_line_has_a_longest_and_a_most)
{
	size_t len;
	unsigned int i;

	ASSERT(probes_begin("nop"));
	/* As many characters as there may be, most of them a comment. */
	len = (size_t)snprintf(long_line, sizeof(long_line),
			       "p:pe/a probe_victim #");
	memset(long_line + len, 'x', PROBE_LINE - len);
	long_line[PROBE_LINE] = '\0';
	EXPECT_EQ(probe_add("kprobe_events", long_line), PROBE_LINE);
	long_line[PROBE_LINE] = 'x';
	long_line[PROBE_LINE + 1] = '\0';
	EXPECT_EQ(probe_add("kprobe_events", long_line), -EINVAL);
	EXPECT_EQ(probe_clear("kprobe_events"), 0);
	len = (size_t)snprintf(long_line, sizeof(long_line),
			       "p:pe/a probe_victim");
	for (i = 1; i <= PROBE_ARGS; i++)
		len += (size_t)snprintf(long_line + len,
					sizeof(long_line) - len, " \\%u", i);
	EXPECT_EQ(probe_add("kprobe_events", long_line), (ssize_t)len);
	tt_write("events/pe/a/enable", "1");
	probe_victim_calls(1);
	tt_write("events/pe/a/enable", "0");
	EXPECT(probe_recorded("a", "a: (*) arg1=0x1 arg2=0x2 * arg128=0x80"));
	EXPECT_EQ(probe_clear("kprobe_events"), 0);
	snprintf(long_line + len, sizeof(long_line) - len, " \\129");
	EXPECT_EQ(probe_add("kprobe_events", long_line), -E2BIG);
	probes_end();
}

/* ---- removal ------------------------------------------------------------- */

KTEST(probe_event, events_go_by_name_by_group_and_by_definition)
{
	static const char all[] = "p:pe/a probe_victim x=%di\n"
				  "p:pe/b probe_victim\n"
				  "p:pf/a probe_victim\n"
				  "r:pf/c probe_victim\n";

	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("kprobe_events", all), (ssize_t)strlen(all));
	EXPECT_EQ(probe_add("kprobe_events", "-:a"), 3); /* in both groups */
	EXPECT(tt_says("kprobe_events", "p:pe/b probe_victim\n"
					"r:pf/c probe_victim\n"));
	EXPECT_EQ(probe_add("kprobe_events", "p:pe/a probe_victim x=%di"), 25);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/"), 5);
	EXPECT(tt_says("kprobe_events", "r:pf/c probe_victim\n"));
	EXPECT(!exists("events/pe/enable"));
	EXPECT_EQ(probe_add("kprobe_events", "-:pf/c probe_victim+5"), -ENOENT);
	EXPECT_EQ(probe_add("dynamic_events", "!r:pf/c probe_victim"), 20);
	EXPECT_EQ(probe_add("kprobe_events", "p:pe/a probe_victim x=%di"), 25);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/a probe_victim x=%si"),
		  -ENOENT);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/a probe_victim x=%di"), 25);
	EXPECT_EQ(probe_event_count(), 0);
	probes_end();
}

KTEST(probe_event, an_event_in_use_stays_PE5)
{
	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("kprobe_events", "p:pe/a probe_victim\n"
					     "p:pe/b probe_victim\n"),
		  40);
	tt_write("events/pe/b/enable", "1");
	EXPECT_EQ(probe_clear("kprobe_events"), -EBUSY);
	EXPECT_EQ(probe_clear("dynamic_events"), -EBUSY);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/b"), -EBUSY);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/"), -EBUSY);
	EXPECT(tt_says("kprobe_events", "p:pe/a probe_victim\n"
					"p:pe/b probe_victim\n"));
	tt_write("events/pe/b/enable", "0");
	/* A trigger uses it, too. */
	tt_write("events/pe/a/trigger", "traceon\n");
	EXPECT_EQ(probe_clear("kprobe_events"), -EBUSY);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/a"), -EBUSY);
	tt_write("events/pe/a/trigger", "!traceon\n");
	EXPECT_EQ(probe_clear("kprobe_events"), 0);
	EXPECT_EQ(probe_event_count(), 0);
	probes_end();
}

/* A record that nobody can read any more must not be there. */
KTEST(probe_event, a_removal_empties_the_traces_that_had_records)
{
	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("kprobe_events", "p:pe/a probe_victim\n"
					     "p:pe/b probe_victim\n"),
		  40);
	tt_write("events/pe/a/enable", "1");
	probe_victim_calls(3);
	tt_write("events/pe/a/enable", "0");
	EXPECT_EQ(probe_records(" a: (probe_victim+0x0/"), 3);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/b"), 6); /* none of it */
	EXPECT_EQ(probe_records(" a: (probe_victim+0x0/"), 3);
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/a"), 6);
	EXPECT_EQ(bells_recorded(), 0);
	probes_end();
}

/* ---- several probes of an event ------------------------------------------ */

static traced_function u64 second_victim(u64 a)
{
	return a * 2;
}

KTEST(probe_event, several_probes_make_one_event)
{
	static char format[2][SHOWN_MAX];

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", "p:pe/two probe_victim x=%di") > 0);
	EXPECT(probe_add("kprobe_events", "p:pe/two second_victim x=%di") > 0);
	EXPECT(tt_says("kprobe_events", "p:pe/two probe_victim x=%di\n"
					"p:pe/two second_victim x=%di\n"));
	tt_read("events/pe/two/format", format[0], SHOWN_MAX);
	tt_write("events/pe/two/enable", "1");
	probe_victim_calls(2);
	EXPECT_EQ(second_victim(21), 42);
	EXPECT_EQ(probe_records("two: (probe_victim+0x0/"), 2);
	EXPECT_EQ(probe_records("two: (second_victim+0x0/"), 1);
	EXPECT_EQ(probe_records(") x=0x15\n"), 1);
	/* The first goes, and with it nothing that the others need. */
	EXPECT_EQ(probe_add("kprobe_events", "-:pe/two probe_victim"), 21);
	probe_victim_calls(2);
	EXPECT_EQ(second_victim(4), 8);
	EXPECT_EQ(probe_records("two: (second_victim+0x0/"), 2);
	EXPECT_EQ(probe_records("two: (probe_victim+0x0/"), 2);
	tt_read("events/pe/two/format", format[1], SHOWN_MAX);
	EXPECT(!strcmp(format[0], format[1]));
	tt_write("events/pe/two/filter", "x == 9");
	trace_reset(trace_top(), TRACE_CPU_ALL);
	EXPECT_EQ(second_victim(8) + second_victim(9), 34);
	EXPECT(probe_recorded("two", "two: (second_victim+0x0/0x*) x=0x9"));
	/* One that comes while the event is enabled is armed (PE4). */
	EXPECT(probe_add("kprobe_events", "p:pe/two probe_victim x=%cx") > 0);
	tt_write("events/pe/two/filter", "0");
	probe_victim_calls(1);
	EXPECT(probe_recorded("two", "two: (probe_victim+0x0/0x*) x=0x4"));
	tt_write("events/pe/two/enable", "0");
	probes_end();
}

KTEST(probe_event, lines_are_in_the_order_of_their_definition)
{
	static const char lines[] = "p:pe/a probe_victim x=%di\n"
				    "f:pe/f probe_victim\n"
				    "p:pe/b probe_victim\n"
				    "p:pe/a second_victim x=%di\n";
	static const char without[] = "f:pe/f probe_victim\n"
				      "p:pe/b probe_victim\n"
				      "p:pe/a second_victim x=%di\n";

	ASSERT(probes_begin("nop"));
	EXPECT_EQ(probe_add("dynamic_events", lines), (ssize_t)strlen(lines));
	EXPECT(tt_says("dynamic_events", lines));
	EXPECT(probe_add("dynamic_events", "-:pe/a probe_victim") > 0);
	EXPECT(tt_says("dynamic_events", without));
	EXPECT(tt_says("kprobe_events", strchr(without, '\n') + 1));
	EXPECT(tt_says("kprobe_profile",
		       "  b                                            "
		       "              0               0\n"
		       "  a                                            "
		       "              0               0\n"));
	probes_end();
}

KTEST(probe_event, a_probe_that_does_not_fit_its_event_is_refused)
{
	static const struct {
		const char *line, *text;
		unsigned int caret;
	} bad[] = {
		{ "r:pe/x probe_victim abcd=\\1",
		  "Probe type is different from existing probe", 0 },
		{ "p:pe/x probe_victim bcd=\\1",
		  "Argument type or name is different from existing probe",
		  20 },
		{ "p:pe/x probe_victim abcd=\\1:u8",
		  "Argument type or name is different from existing probe",
		  20 },
		{ "p:pe/x probe_victim abcd=\\\"foo\"",
		  "Argument type or name is different from existing probe",
		  20 },
		{ "p:pe/x probe_victim abcd=\\1",
		  "There is already the exact same probe event", 0 },
	};
	char log[512];
	unsigned int i;

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", "p:pe/x probe_victim abcd=\\1") > 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(probe_add("kprobe_events", bad[i].line), -EEXIST);
		snprintf(log, sizeof(log),
			 "] trace_kprobe: error: %s\n  Command: %s\n%*s^\n",
			 bad[i].text, bad[i].line, (int)bad[i].caret + 11, "");
		EXPECT(bells_logged(log));
	}
	EXPECT_EQ(probe_event_count(), 1);
	probes_end();
}
