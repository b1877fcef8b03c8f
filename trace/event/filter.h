/* SPDX-License-Identifier: MIT */
/*
 * filter.h - the language of event filters: text to program, program to yes or
 * no for one record.
 *
 *	expression := term { ("&&" | "||") term }	&& binds tighter
 *	term := "!" term | "(" expression ")" | FIELD[.function] OP VALUE
 *	OP := "~" "!=" "==" "<=" "<" ">=" ">" "&"
 *	VALUE := number | "string" | 'string' | CPUS{list} | symbol
 *
 * A program is a row of predicates. Each names the next one for both of its
 * results, so an expression is evaluated from left to right with short circuit,
 * without recursion and without a stack.
 *
 * FL1  Every step goes to a predicate further right, or ends. So a program ends
 *      after at most as many steps as it has predicates.
 * FL2  filter_match() reads no byte outside the record.
 * FL3  A text that is refused gives no program, and names one error and its
 *      place. Texts and places of errors are Linux's.
 *
 * The grammar, its errors and their places are those of Linux 6.12.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_event;

/* No longer text is accepted, as on Linux: a page with its NUL. */
#define FILTER_TEXT_MAX 4095

/* constant, the text in error_log */
#define FILTER_ERRORS(X)                                               \
	X(NONE, "")                                                    \
	X(INVALID_OP, "Invalid operator")                              \
	X(TOO_MANY_OPEN, "Too many '('")                               \
	X(TOO_MANY_CLOSE, "Too few '('")                               \
	X(MISSING_QUOTE, "Missing matching quote")                     \
	X(MISSING_BRACE_OPEN, "Missing '{'")                           \
	X(MISSING_BRACE_CLOSE, "Missing '}'")                          \
	X(OPERAND_TOO_LONG, "Operand too long")                        \
	X(EXPECT_STRING, "Expecting string field")                     \
	X(EXPECT_DIGIT, "Expecting numeric field")                     \
	X(ILLEGAL_FIELD_OP, "Illegal operation for field type")        \
	X(FIELD_NOT_FOUND, "Field not found")                          \
	X(ILLEGAL_INTVAL, "Illegal integer value")                     \
	X(BAD_SUBSYS_FILTER,                                           \
	  "Couldn't find or set field in one of a subsystem's events") \
	X(TOO_MANY_PREDS, "Too many terms in predicate expression")    \
	X(INVALID_FILTER, "Meaningless filter expression")             \
	X(INVALID_CPULIST, "Invalid cpulist")                          \
	X(INVALID_VALUE, "Invalid value (did you forget quotes)?")     \
	X(NO_FUNCTION, "Function not found")                           \
	X(NO_FILTER, "No filter found")

enum filter_error_id {
#define FILTER_ERROR_ID(id, text) FILTER_ERROR_##id,
	FILTER_ERRORS(FILTER_ERROR_ID)
#undef FILTER_ERROR_ID
};

struct filter_error {
	enum filter_error_id id; /* NONE: a failure without a place */
	u32 at;			 /* offset in the text; may be behind its end */
};

/* Return: the text of an error. Pure. */
const char *filter_error_text(enum filter_error_id id);

/* ---- programs ------------------------------------------------------------ */

/* How a predicate reads its value. Up to FILTER_CPU it is a number. */
enum filter_load {
	FILTER_U8,
	FILTER_S8,
	FILTER_U16,
	FILTER_S16,
	FILTER_U32,
	FILTER_S32,
	FILTER_64,
	FILTER_CPU,	 /* this CPU's number */
	FILTER_CHARS,	 /* characters up to a NUL or ->size */
	FILTER_REST,	 /* characters up to a NUL or the record's end */
	FILTER_DATA_LOC, /* a u32: length << 16 | offset of characters */
	FILTER_COMM,	 /* the name of the current task */
	FILTER_CPUMASK,	 /* a u32: length << 16 | offset of a mask */
};

/* How it tests the value. */
enum filter_test {
	FILTER_RANGE, /* a number x: x - first <= span, modulo 2^64 */
	FILTER_BITS,  /* a number or a mask: it has a bit of bits */
	FILTER_IN,    /* a number: it is a CPU in bits */
	FILTER_SAME,  /* a mask: it equals bits */
	FILTER_EQUAL, /* characters: equal pattern, in at most size bytes */
	FILTER_GLOB,  /* characters: the glob pattern matches all of them */
};

/* A predicate that is not a number in a range: see load and test. */
#define FILTER_OTHER (FILTER_CPU + 1)

/* Ends of a program, instead of the place of a predicate. */
#define FILTER_DROP 0xfffe
#define FILTER_KEEP 0xffff

struct filter_pred {
	u8 op;	   /* load of a number in a range; or FILTER_OTHER */
	u8 load;   /* enum filter_load */
	u8 test;   /* enum filter_test */
	u8 unused; /* the next ones are aligned */
	u16 yes,
		no; /* the next predicate, from the first in bytes; or an end */
	u16 offset; /* of the field in the record */
	u16 size;   /* bytes of the field; 0: not fixed */
	u32 unused2; /* the next ones are aligned */
	union {
		u64 first, bits;
	};
	union {
		u64 span;
		const char *pattern; /* in the program's own memory */
	};
};

static_assert(sizeof(struct filter_pred) == 32, "half a cache line");
static_assert(FILTER_TEXT_MAX / 3 * sizeof(struct filter_pred) < FILTER_DROP,
	      "a place is a u16: a term and its operator have 3 bytes or more");

struct filter_program {
	u16 nr;		  /* predicates */
	bool reads_entry; /* one of them reads a common_ field */
	bool ranges;	  /* each of them is a number in a range */
	struct filter_pred pred[];
};

/*
 * filter_compile() - make the program of a text
 * @event: its fields are meant
 * @text: ends in a NUL
 * @error: filled in if -EINVAL is returned
 * Return: 0 and *@program, which the caller frees with filter_free(); -EINVAL
 * the text is refused, see *@error; -ENOMEM. No other code is returned.
 * Context: task.
 */
int filter_compile(const struct trace_event *event, const char *text,
		   struct filter_program **program, struct filter_error *error);

void filter_free(struct filter_program *program);

/*
 * filter_match() - is this record to be kept?
 * @record: of the event that the program was compiled for
 * @len: its bytes, at least the event's size
 * Context: probe, NMI included, preemption off. Not traceable.
 */
bool filter_match(const struct filter_program *program, const void *record,
		  u32 len);

/* The same for a program of which ->ranges is set; faster. */
bool filter_match_ranges(const struct filter_program *program,
			 const void *record);

/* ---- inside: filter_parse.c calls filter_term.c -------------------------- */

struct filter_parser {
	const struct trace_event *event;
	const char *text;
	struct filter_program *program;
	char *pool; /* free memory for patterns, in the program */
	struct filter_error *error;
};

/*
 * filter_term() - parse the term at @start into *@pred, but for its yes and no
 * @opposite: set if the predicate tests the opposite of the term
 * Return: the offset behind the term; -EINVAL, and the parser's error is set.
 */
int filter_term(struct filter_parser *p, u32 start, struct filter_pred *pred,
		bool *opposite);

/*
 * filter_cpulist() - parse a list of CPUs: "0-3,7", "0-31:1/4", "all"
 * Return: 0 and *@mask; -EINVAL it is no such list, or has a CPU that cannot
 * exist. Pure.
 */
int filter_cpulist(const char *text, size_t len, u64 *mask);
