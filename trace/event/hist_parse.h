/* SPDX-License-Identifier: MIT */
/*
 * hist_parse.h - the language of histograms: text to a description.
 *
 *	keys=FIELD[,FIELD[,FIELD]]		key= is the same
 *	[:vals=FIELD[,FIELD]]			values=, val= are the same
 *	[:sort=FIELD[.descending][,...]]
 *	[:size=N][:clock=NAME][:name=NAME][:nohitcount][:pause|:cont|:clear]
 *
 *	FIELD := field of the event | hitcount | common_NAME | common_cpu |
 *		 common_timestamp | common_stacktrace,  with a modifier:
 *	.hex .sym .sym-offset .log2 .buckets=N .execname .usecs
 *
 * HG1  A text that is refused names one error and its place. The texts of the
 *      errors are Linux's, except for features that do not exist here.
 * HG2  What a description makes the probe read lies in the record, or is
 *      checked against its length.
 *
 * The grammar is that of Linux 6.12, without variables, expressions and
 * actions. Pure.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/event/hist_map.h"

struct trace_event;

#define HIST_KEYS_MAX  3
#define HIST_VALS_MAX  2 /* beside hitcount */
#define HIST_SORTS_MAX 2
#define HIST_STACK_MAX 16  /* entries of a stack */
#define HIST_TEXT_MAX  256 /* bytes of a text of no fixed size, its NUL too */
#define HIST_KEY_MAX   384 /* bytes of all keys together */
#define HIST_NAME_MAX  64

/* constant, the text in error_log */
#define HIST_ERRORS(X)                                                      \
	X(NONE, "")                                                         \
	X(NO_KEYS, "keys= is needed")                                       \
	X(UNKNOWN, "no such word of a histogram")                           \
	X(LONG_NAME, "a name has at most 63 characters")                    \
	X(NO_VARIABLES, "histograms have no variables here")                \
	X(BAD_SIZE, "the size is no number from 65 to 131072")              \
	X(TOO_MANY_KEYS, "a histogram has at most 3 keys")                  \
	X(TOO_MANY_VALS, "a histogram has at most 2 values")                \
	X(KEY_TOO_LONG, "the keys have more than 384 bytes")                \
	X(NO_NUMBER, "this field is no number")                             \
	X(EMPTY_ASSIGNMENT, "Empty assignment")                             \
	X(BAD_FIELD_MODIFIER, "Invalid field modifier")                     \
	X(VAR_NOT_FOUND, "Couldn't find variable")                          \
	X(FIELD_NOT_FOUND, "Couldn't find field")                           \
	X(EMPTY_SORT_FIELD, "Empty sort field")                             \
	X(TOO_MANY_SORT_FIELDS, "Too many sort fields (Max = 2)")           \
	X(INVALID_SORT_FIELD, "Sort field must be a key or a val")          \
	X(INVALID_SORT_MODIFIER, "Invalid sort modifier")                   \
	X(NEED_NOHC_VAL, "Non-hitcount value is required for 'nohitcount'") \
	X(NAMED_MISMATCH, "Named hist trigger doesn't match existing "      \
			  "named trigger (includes variables)")             \
	X(TRIGGER_EEXIST, "Hist trigger already exists")                    \
	X(TRIGGER_ENOENT_CLEAR,                                             \
	  "Can't clear or continue a nonexistent hist trigger")             \
	X(SET_CLOCK_FAIL, "Couldn't set trace_clock")

enum hist_error_id {
#define HIST_ERROR_ID(id, text) HIST_ERROR_##id,
	HIST_ERRORS(HIST_ERROR_ID)
#undef HIST_ERROR_ID
};

struct hist_error {
	enum hist_error_id id;
	u32 at; /* offset in the text */
};

/* Return: the text of an error. */
const char *hist_error_text(enum hist_error_id id);

/* ---- descriptions -------------------------------------------------------- */

/* How a field is read. Up to HIST_TIME it is a number. */
enum hist_load {
	HIST_U8,
	HIST_S8,
	HIST_U16,
	HIST_S16,
	HIST_U32,
	HIST_S32,
	HIST_U64,
	HIST_S64,
	HIST_CPU,
	HIST_TIME,
	HIST_CHARS,    /* characters up to a NUL or ->size */
	HIST_REST,     /* characters up to a NUL or the record's end */
	HIST_DATA_LOC, /* a u32: length << 16 | offset of characters */
	HIST_STACK,
};

/* How it is changed, and shown. */
enum hist_form {
	HIST_PLAIN,
	HIST_HEX,
	HIST_SYM,
	HIST_SYM_OFFSET,
	HIST_EXECNAME,
	HIST_LOG2,
	HIST_BUCKETS,
	HIST_USECS,
};

struct hist_field {
	char name[HIST_NAME_MAX];
	u8 load, form;
	u16 offset, size; /* in the record, bytes */
	u16 word, words;  /* of a key: its place in the whole key */
	u64 bucket;	  /* of HIST_BUCKETS; > 0 */
};

/* What rows are sorted by. */
struct hist_sort {
	u8 field; /* 0: hitcount; values from 1 on; then keys */
	bool descending;
};

/* A word's value as it is written. */
struct hist_text {
	char is[HIST_NAME_MAX];
	u32 at; /* its offset in the text; 0: not given */
};

struct hist_spec {
	u32 size; /* elements, a power of two */
	u32 nr_keys, nr_vals, nr_sorts;
	u32 key_words; /* of all keys */
	struct hist_field key[HIST_KEYS_MAX];
	struct hist_field val[HIST_VALS_MAX];
	struct hist_sort sort[HIST_SORTS_MAX];
	bool nohitcount;
	bool has_time;	   /* a field is common_timestamp */
	bool has_execname; /* a key is shown with its task's name */
	bool pause, cont, clear;
	struct hist_text clock, name;
	u32 name_at; /* where "name=" begins */
};

/*
 * hist_parse() - make the description of a text
 * @event: its fields are meant
 * @text: what stands behind "hist:"; without a filter
 * Return: 0; -EINVAL or, if 'nohitcount' leaves no value, -ENOENT, and *@error
 * is filled in. No other code is returned.
 */
int hist_parse(const struct trace_event *event, const char *text,
	       struct hist_spec *spec, struct hist_error *error);

/* The field of a number in struct hist_sort; not 0. */
static inline const struct hist_field *hist_sorted(const struct hist_spec *spec,
						   u32 field)
{
	return field <= spec->nr_vals ? &spec->val[field - 1] :
					&spec->key[field - 1 - spec->nr_vals];
}
