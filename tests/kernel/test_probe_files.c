// SPDX-License-Identifier: MIT
/*
 * The files of an event that is made of probes: format, filter, trigger, hist
 * and enable, in each trace; and when its probes are armed.
 */
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/probe_lines.h"

#define SHOWN_MAX 4096

KTEST(probe_files, format_has_each_field_at_its_place)
{
	static const char fields[] =
		"\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;"
		"\tsigned:0;\n"
		"\tfield:u8 a;\toffset:16;\tsize:1;\tsigned:0;\n"
		"\tfield:s32 b;\toffset:17;\tsize:4;\tsigned:1;\n"
		"\tfield:u16 c[3];\toffset:21;\tsize:6;\tsigned:0;\n"
		"\tfield:__data_loc char[] d;\toffset:27;\tsize:4;"
		"\tsigned:1;\n"
		"\tfield:u64 e;\toffset:31;\tsize:8;\tsigned:0;\n"
		"\n"
		"print fmt: \"(%lx) a='%c' b=%d c={0x%x,0x%x,0x%x} "
		"d=\\\"%s\\\" e=%pS\", REC->__probe_ip, REC->a, REC->b, "
		"REC->c[0], REC->c[1], REC->c[2], __get_str(d), REC->e\n";
	static const char ret[] =
		"\tfield:unsigned long __probe_func;\toffset:8;\tsize:8;"
		"\tsigned:0;\n"
		"\tfield:unsigned long __probe_ret_ip;\toffset:16;\tsize:8;"
		"\tsigned:0;\n"
		"\tfield:s64 arg1;\toffset:24;\tsize:8;\tsigned:1;\n"
		"\n"
		"print fmt: \"(%lx <- %lx) arg1=%Ld\", REC->__probe_func, "
		"REC->__probe_ret_ip, REC->arg1\n";
	static char format[SHOWN_MAX];

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events",
			 "p:pe/x probe_victim a=%di:char b=%si:s32 "
			 "c=+0(%dx):x16[3] d=$comm e=%si:symbol") > 0);
	EXPECT(probe_add("kprobe_events", "r:pe/y probe_victim $retval:s64") >
	       0);
	tt_read("events/pe/x/format", format, sizeof(format));
	EXPECT(!strncmp(format, "name: x\nID: ", 12));
	if (!EXPECT(strstr(format, fields)))
		ktest_note("%s", format);
	tt_read("events/pe/y/format", format, sizeof(format));
	if (!EXPECT(strstr(format, ret)))
		ktest_note("%s", format);
	probes_end();
}

KTEST(probe_files, filters_and_triggers_read_the_arguments)
{
	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events",
			 "p:pe/x probe_victim a=%di:u8 s=$comm c=%cx:s32") > 0);
	tt_write("events/pe/x/filter", "a >= 3 && c == 4 && s ~ \"*\"");
	tt_write("events/pe/x/enable", "1");
	probe_victim_calls(5);
	EXPECT_EQ(probe_records(" x: (probe_victim+0x0/"), 2);
	EXPECT_EQ(probe_records(") a=3 s=\""), 1);
	tt_write("events/pe/x/filter", "s == \"nobody\"");
	trace_reset(trace_top(), TRACE_CPU_ALL);
	probe_victim_calls(5);
	EXPECT_EQ(probe_records(" x: "), 0);
	tt_write("events/pe/x/filter", "0");
	tt_write("events/pe/x/trigger", "traceoff:1 if a == 2\n");
	probe_victim_calls(5); /* a is 4, 3, 2, 1, 0 */
	EXPECT(tt_says("tracing_on", "0\n"));
	EXPECT_EQ(probe_records(" x: "), 3);
	tt_write("events/pe/x/enable", "0");
	tt_write("events/pe/x/trigger", "!traceoff\n");
	tt_write("tracing_on", "1");
	EXPECT_EQ(probe_add("kprobe_events", "-:x"), 3);
	probes_end();
}

KTEST(probe_files, a_histogram_counts_by_the_arguments)
{
	static char hist[SHOWN_MAX];

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events",
			 "p:pe/x probe_victim a=%di b=$comm c=%di:s8") > 0);
	tt_write("events/pe/x/trigger", "hist:keys=a,b:vals=c:sort=a\n");
	probe_victim_calls(3); /* a is 2, 1, 0 */
	probe_victim_calls(2);
	tt_read("events/pe/x/hist", hist, sizeof(hist));
	EXPECT(glob_match(
		"*\n{ a:          0, b: probe_files * } hitcount:          2"
		"  c:          0\n"
		"{ a:          1, b: probe_files * } hitcount:          2"
		"  c:          2\n"
		"{ a:          2, b: probe_files * } hitcount:          1"
		"  c:          2\n"
		"\nTotals:\n    Hits: 5\n    Entries: 3\n*",
		hist));
	tt_write("events/pe/x/trigger", "!hist:keys=a,b:vals=c:sort=a\n");
	probes_end();
}

KTEST(probe_files, probes_are_armed_while_the_event_is_enabled_PE4)
{
	char list[160];

	ASSERT(probes_begin("nop"));
	EXPECT(probe_add("kprobe_events", "p:pe/x probe_victim") > 0);
	snprintf(list, sizeof(list),
		 "%016lx  k  probe_victim+0x0    [DISABLED][FTRACE]\n",
		 (unsigned long)probe_victim);
	EXPECT(tt_says("kprobes/list", list));
	probe_victim_calls(2);
	tt_write("events/pe/x/enable", "1");
	snprintf(list, sizeof(list),
		 "%016lx  k  probe_victim+0x0    [FTRACE]\n",
		 (unsigned long)probe_victim);
	EXPECT(tt_says("kprobes/list", list));
	probe_victim_calls(3);
	tt_write("events/pe/x/enable", "0");
	probe_victim_calls(4);
	EXPECT(tt_says("kprobe_profile",
		       "  x                                            "
		       "              3               0\n"));
	EXPECT_EQ(probe_records(" x: "), 3);
	EXPECT_EQ(probe_add("kprobe_events", "-:x"), 3);
	EXPECT(tt_says("kprobes/list", ""));
	EXPECT(tt_says("kprobe_profile", ""));
	probes_end();
}

/* ---- instances ----------------------------------------------------------- */

KTEST(probe_files, each_trace_has_its_own_switch_and_filter)
{
	ASSERT(probes_begin("nop"));
	ASSERT_EQ(tracefs_mkdir("instances/probed"), 0);
	EXPECT(probe_add("kprobe_events", "p:pe/x probe_victim a=%di:u8") > 0);
	tt_write("instances/probed/events/pe/x/filter", "a == 1");
	tt_write("instances/probed/events/pe/x/enable", "1");
	probe_victim_calls(3);
	EXPECT_EQ(probe_records(" x: "), 0);
	tt_write("events/pe/x/enable", "1");
	probe_victim_calls(3);
	EXPECT_EQ(probe_records(" x: "), 3);
	EXPECT_EQ(bells_recorded_in(trace_array_find("probed")), 2);
	EXPECT_EQ(probe_clear("kprobe_events"), -EBUSY);
	tt_write("events/pe/x/enable", "0");
	EXPECT_EQ(probe_clear("kprobe_events"), -EBUSY);
	EXPECT_EQ(tracefs_rmdir("instances/probed"), 0);
	EXPECT_EQ(probe_clear("kprobe_events"), 0);
	probes_end();
}

/* Scripts of Linux look for these to know what they may use. */
KTEST(probe_files, the_readme_says_what_there_is_in_linux_words)
{
	static const char *const words[] = {
		"Create/append/remove/show",
		"p[:[<group>/][<event>]] <place> [<args>]",
		"r[maxactive][:[<group>/][<event>]] <place> [<args>]",
		"f[:[<group>/][<event>]] <func-name>[%return] [<args>]",
		"t[:[<group>/][<event>]] <tracepoint> [<args>]",
		"place: [<module>:]<symbol>",
		"place (kretprobe): [<module>:]<symbol>[+<offset>]%return",
		"$arg<N>",
		"<argname>",
		"imm-value",
		"imm-string",
		"x8/16/32/64",
		" <type>\\[<array-size>\\]",
		"kernel return probes support: $retval, $arg<N>, $comm\n",
	};
	char *readme = kmalloc(PAGE_SIZE * 4);
	unsigned int i;

	ASSERT(readme);
	tt_read("README", readme, PAGE_SIZE * 4);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!EXPECT(strstr(readme, words[i])))
			ktest_note("not there: %s", words[i]);
	kfree(readme);
}

/* Places have always offsets; sym-addr adds addresses, as on Linux. */
KTEST_FLAGS(probe_files, places_follow_the_option_sym_addr, KTEST_LEAKS, 0)
{
	char here[96], back[96], line[192];

	ASSERT(probes_begin("nop"));
	ASSERT(probe_add("kprobe_events", "p:here probe_victim") > 0);
	ASSERT(probe_add("kprobe_events", "r:back probe_victim") > 0);
	snprintf(here, sizeof(here), "here: (probe_victim+0x0/* <%016lx>)",
		 (unsigned long)probe_victim);
	snprintf(back, sizeof(back),
		 "back: (*+0x* <ffff*> <- probe_victim <%016lx>)",
		 (unsigned long)probe_victim);
	tt_write("events/kprobes/enable", "1");
	probe_victim_calls(1);
	tt_write("events/kprobes/here/enable", "0");
	tt_write("options/sym-addr", "1");
	EXPECT(probe_record("here", line, sizeof(line)));
	EXPECT(glob_match(here, line));
	probe_victim_calls(1);
	EXPECT(probe_record("back", line, sizeof(line)));
	EXPECT(glob_match(back, line));
	tt_write("options/sym-addr", "0");
	probes_end();
}

/* What lies in no symbol is a number, of the same form for both types. */
KTEST_FLAGS(probe_files, a_value_without_a_symbol_is_a_number, KTEST_LEAKS, 0)
{
	ASSERT(probes_begin("nop"));
	ASSERT(probe_add("kprobe_events",
			 "p:s probe_victim %ip:symbol a=%di:symbol "
			 "b=%di:symstr c=\\0:symbol") > 0);
	tt_write("events/kprobes/s/enable", "1");
	EXPECT_EQ(probe_victim(7, NULL, NULL, 4, 5, 6, 7, 8), 8);
	tt_write("events/kprobes/s/enable", "0");
	EXPECT(probe_recorded("s", "s: (*) arg1=probe_victim+0x1/0x* a=0x7 "
				   "b=\"0x7\" c=0x0"));
	probes_end();
}
