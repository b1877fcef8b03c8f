// SPDX-License-Identifier: MIT
/*
 * The language of histograms: texts and places of errors, and what a text
 * means.
 *
 * host-sources: trace/event/hist_parse.c trace/event/trace_event.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/unit/filter_record.h"
#include "tests/unit/unit.h"
#include "trace/event/hist_parse.h"

static struct hist_spec spec;

static bool accepted(const char *text)
{
	struct hist_error error;

	return CHECK_EQ(hist_parse(&event, text, &spec, &error), 0) ||
	       (CHECK_STR(text, hist_error_text(error.id)), false);
}

/* A '^' stands in front of the place of the error. */
static void refused(const char *marked, const char *why, int err)
{
	const char *mark = strchr(marked, '^');
	struct hist_error error;
	char text[512];

	snprintf(text, sizeof(text), "%.*s%s", (int)(mark - marked), marked,
		 mark + 1);
	CHECK_EQ(hist_parse(&event, text, &spec, &error), err);
	CHECK_STR(hist_error_text(error.id), why);
	if (!CHECK_EQ(error.at, mark - marked))
		CHECK_STR(marked, "");
}

#define REFUSED(marked, why) refused(marked, why, -EINVAL)

/* The first five are of Linux's own test; all texts are Linux's. HG1 */
UNIT(hist_parse, errors_and_their_places_HG1)
{
	REFUSED("keys=common_pid:vals=u4:sort=common_pid,^junk",
		"Sort field must be a key or a val");
	REFUSED("keys=common_pid:vals=u4:^sort=", "Empty assignment");
	REFUSED("keys=common_pid:vals=u4:^sort=common_pid,",
		"Empty sort field");
	REFUSED("keys=common_pid:vals=u4:sort=common_pid.^junk",
		"Invalid sort modifier");
	REFUSED("keys=common_pid:vals=u4,u2:^sort=common_pid,u4,u2",
		"Too many sort fields (Max = 2)");
	REFUSED("^keys=", "Empty assignment");
	REFUSED("keys=u4:^vals=", "Empty assignment");
	REFUSED("keys=^junk", "Couldn't find field");
	REFUSED("keys=u4,^", "Couldn't find field");
	REFUSED("keys=u4:vals=^junk", "Couldn't find field");
	REFUSED("keys=u4:vals=u2,^junk.hex", "Couldn't find field");
	REFUSED("keys=^common_", "Couldn't find field");
	REFUSED("keys=$^x", "Couldn't find variable");
	REFUSED("keys=u4.^junk", "Invalid field modifier");
	REFUSED("keys=u4.^", "Invalid field modifier");
	REFUSED("keys=u4.^execname", "Invalid field modifier");
	REFUSED("keys=u4.^usecs", "Invalid field modifier");
	REFUSED("keys=name.^hex", "Invalid field modifier");
	REFUSED("keys=stacktrace.^sym", "Invalid field modifier");
	REFUSED("keys=u4.^buckets", "Invalid field modifier");
	REFUSED("keys=u4.^buckets=0", "Invalid field modifier");
	REFUSED("keys=u4.^buckets=x", "Invalid field modifier");
	REFUSED("keys=u2:vals=u4.^log2", "Invalid field modifier");
	refused("^keys=u4:nohitcount",
		"Non-hitcount value is required for 'nohitcount'", -ENOENT);
}

#define TEN "0123456789"

UNIT(hist_parse, what_is_not_here_and_limits)
{
	REFUSED("^", "no such word of a histogram");
	REFUSED("keys=u4:^junk", "no such word of a histogram");
	REFUSED("keys=u4:^", "no such word of a histogram");
	REFUSED("keys=u4:^onmatch(a.b)", "no such word of a histogram");
	REFUSED("^vals=u4", "keys= is needed");
	REFUSED("keys=u4:^name=", "Empty assignment");
	REFUSED("keys=u4:name=^" TEN TEN TEN TEN TEN TEN "0123",
		"a name has at most 63 characters");
	REFUSED("keys=u4:^x=u2", "histograms have no variables here");
	REFUSED("keys=u1,u2,u4,^s4", "a histogram has at most 3 keys");
	REFUSED("keys=u1:vals=u2,u4,^s4", "a histogram has at most 2 values");
	REFUSED("keys=loc,^loc", "the keys have more than 384 bytes");
	REFUSED("keys=^ints", "this field is no number");
	REFUSED("keys=u1:vals=^name", "this field is no number");
	REFUSED("keys=u1:vals=^stacktrace", "this field is no number");
	REFUSED("keys=u1:size=^64", "the size is no number from 65 to 131072");
	REFUSED("keys=u1:size=^131073",
		"the size is no number from 65 to 131072");
	REFUSED("keys=u1:size=^1k", "the size is no number from 65 to 131072");
	REFUSED("keys=u1:size=^-1", "the size is no number from 65 to 131072");
	REFUSED("keys=u1:clock=^" TEN TEN TEN TEN TEN TEN "0123",
		"Couldn't set trace_clock");
}

UNIT(hist_parse, what_a_text_means)
{
	if (!accepted("keys=u4"))
		return;
	CHECK_EQ(spec.size, 2048);
	CHECK_EQ(spec.nr_keys, 1);
	CHECK_EQ(spec.nr_vals, 0);
	CHECK_EQ(spec.nr_sorts, 1);
	CHECK_EQ(spec.sort[0].field, 0);
	CHECK_EQ(spec.key[0].load, HIST_U32);
	CHECK_EQ(spec.key[0].offset, offsetof(struct rec, u4));
	accepted("name=a.b:val=hitcount,s8_.hex,u1:key=s2,name,cpu:size=0x1001"
		 ":sort=common_cpu.descending,s8_.ascending:pause:clock=local");
	CHECK_EQ(spec.size, 8192);
	CHECK_EQ(spec.nr_keys, 3);
	CHECK_EQ(spec.key[0].load, HIST_S16);
	CHECK_EQ(spec.key[1].load, HIST_CHARS);
	CHECK_EQ(spec.key[1].word, 1);
	CHECK_EQ(spec.key[2].word, 2);
	CHECK_STR(spec.key[2].name, "common_cpu");
	CHECK_EQ(spec.nr_vals, 2);
	CHECK_EQ(spec.val[0].form, HIST_HEX);
	CHECK_EQ(spec.val[0].load, HIST_S64);
	CHECK(spec.pause && !spec.cont && !spec.clear);
	CHECK_STR(spec.clock.is, "local");
	CHECK_STR(spec.name.is, "a.b");
	CHECK_EQ(spec.name.at, 5);
}

/* On Linux the sort of common_cpu is by that name only. */
UNIT(hist_parse, sort_fields_and_modifiers)
{
	accepted("keys=common_cpu,loc:sort=loc.descending,hitcount");
	CHECK_EQ(spec.sort[0].field, 2);
	CHECK(spec.sort[0].descending && !spec.sort[1].descending);
	CHECK_EQ(spec.sort[1].field, 0);
	REFUSED("keys=cpu:sort=^CPU", "Sort field must be a key or a val");
	accepted("keys=common_pid.execname:vals=common_timestamp.usecs:NOHC");
	CHECK(spec.has_execname && spec.has_time && spec.nohitcount);
	accepted("keys=u8_.buckets=0x10,u4.log2,u2.sym-offset:cont");
	CHECK_EQ(spec.key[0].bucket, 16);
	CHECK_EQ(spec.key[0].form, HIST_BUCKETS);
	CHECK_EQ(spec.key[1].form, HIST_LOG2);
	CHECK_EQ(spec.key[2].form, HIST_SYM_OFFSET);
	CHECK(spec.cont);
	accepted("keys=stacktrace,u8_.bucket=3,u1.sym:size=65");
	CHECK_EQ(spec.key[1].word, 16);
	CHECK_EQ(spec.key_words, 18);
	CHECK_EQ(spec.size, 128);
	accepted("keys=common_stacktrace,loc:size=131072");
	CHECK_EQ(spec.key_words, 48);
}
