// SPDX-License-Identifier: MIT
/*
 * The language of event filters: texts and places of all errors, what is
 * accepted, limits, and memory that runs out.
 *
 * host-sources: trace/event/filter_parse.c trace/event/filter_term.c
 * host-sources: trace/event/filter_match.c trace/event/filter_cpulist.c
 * host-sources: trace/event/trace_event.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "tests/host/host.h"
#include "tests/unit/filter_record.h"
#include "tests/unit/unit.h"
#include "trace/event/filter.h"

/* ---- errors -------------------------------------------------------------- */

/*
 * A '^' stands in front of the place of the error, a '$' for the text's end, if
 * the place is behind it.
 */
static void refused(const char *marked, enum filter_error_id id)
{
	const char *mark = strchr(marked, '^');
	static char text[FILTER_TEXT_MAX + 2];
	struct filter_program *program = NULL;
	struct filter_error error;

	snprintf(text, sizeof(text), "%.*s%s", (int)(mark - marked), marked,
		 mark + 1);
	text[strcspn(text, "$")] = '\0';
	CHECK_EQ(filter_compile(&event, text, &program, &error), -EINVAL);
	CHECK(!program);
	CHECK_STR(filter_error_text(error.id), filter_error_text(id));
	if (!CHECK_EQ(error.at, mark - marked))
		CHECK_STR(marked, "");
}

#define REFUSED(marked, id) refused(marked, FILTER_ERROR_##id)

/* Linux's rule: a place is one behind the character that is wrong. FL3 */
UNIT(filter, errors_of_a_term)
{
	REFUSED("((u4 >= 10 && u4 < 15) || no ^== 17) && comm != x",
		FIELD_NOT_FOUND);
	REFUSED("no=^=17", FIELD_NOT_FOUND);
	REFUSED("common_no ^== 17", FIELD_NOT_FOUND);
	REFUSED("common_ ^== 17", FIELD_NOT_FOUND);
	REFUSED("u4 =^ 17", INVALID_OP);
	REFUSED("u1 == 1 && u4 ?^? 17", INVALID_OP);
	REFUSED("u4 $^", INVALID_OP);
	REFUSED("u8_.^functio == 1", INVALID_OP);
	REFUSED("u4.^ustring == 'a'", ILLEGAL_FIELD_OP);
	REFUSED("name.^ustring == 'a'", ILLEGAL_FIELD_OP);
	REFUSED("u8_.function$^", INVALID_OP);
	REFUSED("stacktrace == 1^", ILLEGAL_FIELD_OP);
}

UNIT(filter, errors_of_numbers)
{
	REFUSED("name == 1^7", EXPECT_STRING);
	REFUSED("loc == -^7", EXPECT_STRING);
	REFUSED("comm == 1^7", EXPECT_STRING);
	REFUSED("u4 ~ 1^7", ILLEGAL_FIELD_OP);
	REFUSED("ints == 1^7", ILLEGAL_FIELD_OP);
	REFUSED("cpus == 1^7", ILLEGAL_FIELD_OP);
	REFUSED("u4 == 1^7x", ILLEGAL_INTVAL);
	REFUSED("u4 == 0^8", ILLEGAL_INTVAL);
	REFUSED("u4 == -^1", ILLEGAL_INTVAL);
	REFUSED("s4 == -^", ILLEGAL_INTVAL);
	REFUSED("u8_ == 1^8446744073709551616", ILLEGAL_INTVAL);
	REFUSED("s8_ == 9^223372036854775808", ILLEGAL_INTVAL);
	REFUSED("u8_ == 000000000000000000000001$^", OPERAND_TOO_LONG);
	REFUSED("u4 == x^", INVALID_VALUE);
	REFUSED("comm != x^", INVALID_VALUE);
	REFUSED("u4 == (^1)", INVALID_VALUE);
}

UNIT(filter, errors_of_characters)
{
	static char text[400];

	REFUSED("name < '^a'", ILLEGAL_FIELD_OP);
	REFUSED("u4 == '^a'", EXPECT_DIGIT);
	REFUSED("cpus == '^a'", EXPECT_DIGIT);
	REFUSED("u4 == 1 && name == ^'a", MISSING_QUOTE);
	REFUSED("name == 'a' && tag == ^\"a'", MISSING_QUOTE);
	memset(text, 'a', sizeof(text));
	memcpy(text, "name == '", 9);
	memcpy(text + 9 + 256, "'^", 3);
	refused(text, FILTER_ERROR_OPERAND_TOO_LONG);
}

UNIT(filter, errors_of_cpus)
{
	REFUSED("name == C^PUS{1}", ILLEGAL_FIELD_OP);
	REFUSED("ints == C^PUS{1}", ILLEGAL_FIELD_OP);
	REFUSED("cpu < C^PUS{1}", ILLEGAL_FIELD_OP);
	REFUSED("cpus ~ C^PUS{1}", ILLEGAL_FIELD_OP);
	REFUSED("cpu == CPUS 1^", MISSING_BRACE_OPEN);
	REFUSED("cpu == CPUS(1^)", MISSING_BRACE_OPEN);
	REFUSED("cpu == CPUS{1$^", MISSING_BRACE_CLOSE);
	REFUSED("cpu == CPUS{}^", INVALID_CPULIST);
	REFUSED("cpu == CPUS{64}^", INVALID_CPULIST);
	REFUSED("cpu == CPUS{3-1}^", INVALID_CPULIST);
	REFUSED("cpu == CPUS{1 2 x}^", INVALID_CPULIST);
	REFUSED("cpu == CPUS{0-7:3/2}^", INVALID_CPULIST);
	REFUSED("cpu == CPUS{0-7:1/0}^", INVALID_CPULIST);
}

UNIT(filter, errors_of_functions)
{
	REFUSED("u4.function == f^irst", ILLEGAL_FIELD_OP);
	REFUSED("name.function == f^irst", ILLEGAL_FIELD_OP);
	REFUSED("u8_.function < f^irst", INVALID_OP);
	REFUSED("u8_.function & f^irst", INVALID_OP);
	REFUSED("u8_.function == third$^", NO_FUNCTION);
	REFUSED("u8_.function == 'first'$^", NO_FUNCTION);
	REFUSED("u8_.function == 0x3000$^", NO_FUNCTION);
	REFUSED("u8_.function == 0xfg$^", INVALID_VALUE);
	REFUSED("u8_.function == 0x00000000000000000000001$^",
		OPERAND_TOO_LONG);
}

/* Of the expression: the place itself. */
UNIT(filter, errors_of_an_expression)
{
	REFUSED("^", NO_FILTER);
	REFUSED("^  ", NO_FILTER);
	REFUSED("(u4 == 1 || ^(u4 == 2", TOO_MANY_OPEN);
	REFUSED("^(u4 == 1 || (u4 == 2)", TOO_MANY_OPEN);
	REFUSED("^((u4 == 1) && (u4 == 2)", TOO_MANY_OPEN);
	REFUSED("(u4 == 1) && ^(u4 == 2 || (u4 == 3)", TOO_MANY_OPEN);
	REFUSED("u4 == 1^)", TOO_MANY_CLOSE);
	REFUSED("(u4 == 1)^) && (u4 == 2", TOO_MANY_CLOSE);
	REFUSED("u4 == 1 ^& u4 == 2", TOO_MANY_PREDS);
	REFUSED("u4 == 1 ^| u4 == 2", TOO_MANY_PREDS);
	REFUSED("u4 == 1 ^u4 == 2", TOO_MANY_PREDS);
	REFUSED("u4 == 5^.5", TOO_MANY_PREDS);
	REFUSED("(u4 == 5) ^(u4 == 6)", TOO_MANY_PREDS);
	REFUSED("u4 == 1 &&^", INVALID_FILTER);
	REFUSED("u4 == 1 || !(u4 == 2) || ^", INVALID_FILTER);
	REFUSED("u4 == 1 && ^&& u4 == 2", INVALID_FILTER);
	REFUSED("^== 5", INVALID_FILTER);
	REFUSED("(^)", INVALID_FILTER);
	REFUSED("^!", INVALID_FILTER);
	REFUSED("u4 == 1 || ^!", INVALID_FILTER);
}

/* ---- texts that are accepted --------------------------------------------- */

static bool keeps(const char *text, const struct rec *rec)
{
	struct filter_program *program;
	struct filter_error error;
	bool keep;

	if (!CHECK_EQ(filter_compile(&event, text, &program, &error), 0)) {
		CHECK_STR(text, filter_error_text(error.id));
		return false;
	}
	keep = filter_match(program, rec, sizeof(*rec));
	filter_free(program);
	return keep;
}

UNIT(filter, values_are_cut_to_the_field)
{
	struct rec rec = { .u1 = 0, .s1 = -1, .s2 = -1, .u2 = 0xffff };

	CHECK(keeps("u1 == 256", &rec));
	CHECK(keeps("s1 == 255", &rec));
	CHECK(keeps("s2 < 0", &rec));
	CHECK(keeps("u2 > 0", &rec));
	CHECK(keeps("s1 & 0x80", &rec));
	CHECK(!keeps("s1 & 0x100", &rec));
	CHECK(keeps("s8_ == 010 || s8_ == 0x0", &rec));
}

UNIT(filter, quotes_hide_everything)
{
	struct rec rec = { .name = "a)&&'" };

	CHECK(keeps("name == \"a)&&'\"", &rec));
	CHECK(keeps("(name ~ \"*'\")&&(name!='(((')", &rec));
	CHECK(keeps("name ~ '!b*'", &rec));
	CHECK(keeps("name ~ '[!b]?&*'", &rec));
	CHECK(!keeps("name == ''", &rec));
}

/* FL2 */
UNIT(filter, no_byte_behind_the_record)
{
	static const struct trace_field rest[] = {
		TRACE_FIELD_REST(rec, char, text),
		TRACE_FIELD_STRING_AT(rec, loc),
		TRACE_FIELD_CPUMASK_AT(rec, cpus),
		TRACE_FIELDS_END,
	};
	const struct trace_event short_event = { .fields = rest };
	size_t len = offsetof(struct rec, text) + 3;
	struct rec *rec = host_malloc(len + 1);
	struct filter_program *program;
	struct filter_error error;

	memset(rec, 0, len);
	memcpy((char *)rec + len - 3, "abcd", 4); /* the d is not of it */
	CHECK(!filter_compile(&short_event, "text == 'abc' && text ~ '*c'",
			      &program, &error));
	CHECK(filter_match(program, rec, len));
	filter_free(program);
	CHECK(!filter_compile(&short_event, "loc ~ '*' || cpus == CPUS{0}",
			      &program, &error));
	rec->loc = 4 << 16 | (len - 3);
	rec->cpus = 8 << 16 | (len - 3);
	CHECK(!filter_match(program, rec, len));
	rec->loc = 3 << 16 | (len - 3);
	CHECK(filter_match(program, rec, len));
	filter_free(program);
	host_free(rec);
}

UNIT(filter, knows_whether_it_reads_the_entry)
{
	static const struct {
		const char *text;
		bool reads;
	} cases[] = {
		{ "u4 == 1 && cpu == 0 && comm == 'a'", false },
		{ "u4 == 1 || common_pid == 1", true },
		{ "common_preempt_count == 1", true },
		{ "common_cpu == 1", false },
	};
	struct filter_program *program;
	struct filter_error error;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK(!filter_compile(&event, cases[i].text, &program, &error));
		CHECK_EQ(program->reads_entry, cases[i].reads);
		filter_free(program);
	}
}

/* ---- limits -------------------------------------------------------------- */

UNIT(filter, as_many_terms_and_brackets_as_fit)
{
	static char text[FILTER_TEXT_MAX + 2];
	struct rec rec = { .u1 = 1 };
	struct trace_seq s;

	trace_seq_init(&s, text, sizeof(text));
	trace_seq_puts(&s, "u1<1");
	while (s.len + strlen("||u1==1") <= FILTER_TEXT_MAX)
		trace_seq_puts(&s, "||u1<1");
	CHECK(!keeps(text, &rec));
	memcpy(text + s.len - 4, "u1>0", 4);
	CHECK(keeps(text, &rec));
	trace_seq_reset(&s);
	trace_seq_fill(&s, '(', 2045);
	trace_seq_puts(&s, "u1==1");
	trace_seq_fill(&s, ')', 2045);
	CHECK_EQ(strlen(text), FILTER_TEXT_MAX);
	CHECK(keeps(text, &rec));
}

UNIT(filter, too_long_a_text)
{
	static char text[FILTER_TEXT_MAX + 2];
	struct filter_program *program;
	struct filter_error error;

	memset(text, ' ', FILTER_TEXT_MAX + 1);
	memcpy(text, "u1==1", 5);
	CHECK_EQ(filter_compile(&event, text, &program, &error), -EINVAL);
	CHECK_EQ(error.at, FILTER_TEXT_MAX);
}

UNIT(filter, memory_runs_out_at_every_step)
{
	struct filter_program *program = NULL;
	struct filter_error error;
	unsigned int n, failures = 0;
	int err;

	for (n = 1;; n++) {
		fail_nth(n);
		err = filter_compile(&event, "(u4 == 1 && !(name == 'a'))",
				     &program, &error);
		if (!fail_end())
			break;
		failures++;
		CHECK_EQ(err, -ENOMEM);
		CHECK_EQ(error.id, FILTER_ERROR_NONE);
		CHECK(!program);
	}
	CHECK_EQ(err, 0);
	CHECK_EQ(failures, 2);
	filter_free(program);
}
