/* SPDX-License-Identifier: MIT */
/*
 * probe_parse.h - the language of probe events: a line of kprobe_events or
 * dynamic_events becomes a struct probe_def. Grammar, limits, texts of errors
 * and their places are Linux's (kprobetrace, fprobetrace).
 *
 *	p[:[GROUP/][EVENT]] SYMBOL[+OFFSET]|ADDRESS [ARGS]
 *	r[MAXACTIVE][:[GROUP/][EVENT]] SYMBOL|ADDRESS [ARGS]
 *	p[:[GROUP/][EVENT]] SYMBOL%return [ARGS]
 *	f[MAXACTIVE][:[GROUP/][EVENT]] SYMBOL[%return] [ARGS]
 *	t[:[GROUP/][EVENT]] TRACEPOINT [ARGS]
 *
 * Arguments by name: NAME[->FIELD], where NAME is a parameter of the function
 * (kernel/base/params.h) or $retval; $arg* is all of them.
 *
 * One form is ours: f:FUNCTION PARAMETER [ARGS] means f:FUNCTION FUNCTION
 * PARAMETER [ARGS], where Linux refuses a function PARAMETER that is not there.
 *
 * Pure: it asks for symbols, parameters and tracepoints only, and allocates.
 *
 * PE1 A definition is built whole or not at all: on an error nothing is left.
 * PE2 Each argument has a place of its own in the record, below
 *     PROBE_RECORD_MAX, and its steps are at most PROBE_STEPS.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

#define PROBE_NAME	 64  /* bytes of a group's or event's name, with NUL */
#define PROBE_ARGS	 128 /* arguments of one probe */
#define PROBE_ARG_NAME	 33  /* bytes of an argument's name, with NUL */
#define PROBE_ARG_TEXT	 64  /* of its expression, with NUL */
#define PROBE_ARRAY	 64  /* elements */
#define PROBE_STEPS	 15  /* of one fetch */
#define PROBE_RECORD_MAX 3072U /* bytes of a record without its texts */
#define PROBE_LINE	 4094U /* bytes of a definition */
#define PROBE_MAXACTIVE	 4096U
#define PROBE_WORDS	 (PROBE_ARGS + 2)
#define PROBE_STACK_MAX	 2048 /* N of $stackN and $argN */

enum probe_kind {
	PROBE_ENTRY,  /* p */
	PROBE_RETURN, /* r, p SYMBOL%return */
	PROBE_FENTRY, /* f */
	PROBE_FEXIT,  /* f SYMBOL%return */
	PROBE_POINT,  /* t */
};

/* Identifiers and texts of the errors: Linux's, which tests compare. */
#define PROBE_ERROR_LIST(X)                                                  \
	X(NONE, "")                                                          \
	X(BAD_MAXACT_TYPE, "Maxactive is only for function exit")            \
	X(BAD_MAXACT, "Invalid maxactive number")                            \
	X(MAXACT_TOO_BIG, "Maxactive is too big")                            \
	X(BAD_PROBE_ADDR, "Invalid probed address or symbol")                \
	X(NON_UNIQ_SYMBOL, "The symbol is not unique")                       \
	X(BAD_RETPROBE, "Retprobe address must be an function entry")        \
	X(BAD_ADDR_SUFFIX, "Invalid probed address suffix")                  \
	X(NO_GROUP_NAME, "Group name is not specified")                      \
	X(GROUP_TOO_LONG, "Group name is too long")                          \
	X(BAD_GROUP_NAME,                                                    \
	  "Group name must follow the same rules as C identifiers")          \
	X(NO_EVENT_NAME, "Event name is not specified")                      \
	X(EVENT_TOO_LONG, "Event name is too long")                          \
	X(BAD_EVENT_NAME,                                                    \
	  "Event name must follow the same rules as C identifiers")          \
	X(EVENT_EXIST, "Given group/event name is already used by another "  \
		       "event")                                              \
	X(RETVAL_ON_PROBE, "$retval is not available on probe")              \
	X(NO_RETVAL, "This function returns 'void' type")                    \
	X(BAD_STACK_NUM, "Invalid stack number")                             \
	X(BAD_ARG_NUM, "Invalid argument number")                            \
	X(BAD_VAR, "Invalid $-variable specified")                           \
	X(BAD_REG_NAME, "Invalid register name")                             \
	X(BAD_MEM_ADDR, "Invalid memory address")                            \
	X(BAD_IMM, "Invalid immediate value")                                \
	X(IMMSTR_NO_CLOSE, "String is not closed with '\"'")                 \
	X(FILE_ON_KPROBE, "File offset is not available with kprobe")        \
	X(TOO_MANY_OPS, "Dereference is too much nested")                    \
	X(DEREF_NEED_BRACE, "Dereference needs a brace")                     \
	X(BAD_DEREF_OFFS, "Invalid dereference offset")                      \
	X(DEREF_OPEN_BRACE, "Dereference brace is not closed")               \
	X(COMM_CANT_DEREF, "$comm can not be dereferenced")                  \
	X(BAD_FETCH_ARG, "Invalid fetch argument")                           \
	X(ARRAY_NO_CLOSE, "Array is not closed")                             \
	X(BAD_ARRAY_SUFFIX, "Array has wrong suffix")                        \
	X(BAD_ARRAY_NUM, "Invalid array size")                               \
	X(ARRAY_TOO_BIG, "Array number is too big")                          \
	X(BAD_TYPE, "Unknown type is specified")                             \
	X(BAD_STRING, "String accepts only memory argument")                 \
	X(BAD_SYMSTRING, "Symbol String doesn't accept data/userdata")       \
	X(BAD_BITFIELD, "Invalid bitfield")                                  \
	X(NEED_STRING_TYPE,                                                  \
	  "$comm and immediate-string only accepts string type")             \
	X(ARG_NAME_TOO_LONG, "Argument name is too long")                    \
	X(NO_ARG_NAME, "Argument name is not specified")                     \
	X(BAD_ARG_NAME,                                                      \
	  "Argument name must follow the same rules as C identifiers")       \
	X(USED_ARG_NAME, "This argument name is already used")               \
	X(ARG_TOO_LONG, "Argument expression is too long")                   \
	X(NO_ARG_BODY, "No argument expression")                             \
	X(EVENT_TOO_BIG, "Event too big (too many fields?)")                 \
	X(TOO_MANY_ARGS, "Too many arguments are specified")                 \
	X(BAD_INSN_BNDRY, "Probe point is not an instruction boundary")      \
	X(FAIL_REG_PROBE, "Failed to register probe event")                  \
	X(DIFF_PROBE_TYPE, "Probe type is different from existing probe")    \
	X(DIFF_ARG_TYPE,                                                     \
	  "Argument type or name is different from existing probe")          \
	X(SAME_PROBE, "There is already the exact same probe event")         \
	X(NO_TRACEPOINT, "Tracepoint is not found")                          \
	X(BAD_TP_NAME, "Invalid character in tracepoint name")               \
	X(NOSUP_BTFARG, "BTF is not available or not supported")             \
	X(NO_BTFARG, "This variable is not found at this probe point")       \
	X(NO_BTF_ENTRY, "No BTF entry for this probe point")                 \
	X(BAD_VAR_ARGS,                                                      \
	  "$arg* must be an independent parameter without name etc.")        \
	X(NOFENTRY_ARGS, "$arg* can be used only on function entry or exit") \
	X(DOUBLE_ARGS, "$arg* can be used only once in the parameters")      \
	X(ARGS_2LONG, "$arg* failed because the argument list is too long")  \
	X(ARGIDX_2BIG, "$argN index is too big")                             \
	X(NO_PTR_STRCT, "This is not a pointer to union/structure.")         \
	X(NOSUP_DAT_ARG,                                                     \
	  "Non pointer structure/union argument is not supported.")          \
	X(BAD_HYPHEN, "Failed to parse single hyphen. Forgot '>'?")          \
	X(NO_BTF_FIELD, "This field is not found.")                          \
	X(BAD_TYPE4STR, "This type does not fit for string.")

enum probe_error_id {
#define PROBE_ERROR_ID(id, text) PROBE_ERROR_##id,
	PROBE_ERROR_LIST(PROBE_ERROR_ID)
#undef PROBE_ERROR_ID
};

const char *probe_error_text(enum probe_error_id id);

/* A line, cut into words; text has them joined by single blanks. */
struct probe_line {
	unsigned int n;
	u16 at[PROBE_WORDS + 1]; /* where each begins, and one behind the end */
	char *word[PROBE_WORDS];
	char text[PROBE_LINE + 1];
	char cut[PROBE_LINE + 1]; /* the words, each with a NUL */
	/* The first error: */
	enum probe_error_id error;
	unsigned int error_at; /* offset in text */
};

/* What happens to a value, step by step; the first one makes it. */
enum probe_op {
	PROBE_OP_REG,	/* the word at this offset of pt_regs */
	PROBE_OP_STACK, /* this word of the stack */
	PROBE_OP_IMM,	/* this number */
	PROBE_OP_COMM,	/* the task's name */
	PROBE_OP_TEXT,	/* the text of the expression */
	PROBE_OP_DEREF, /* memory at the value plus this offset */
	PROBE_OP_USER,	/* the same of user memory, of which there is none */
};

struct probe_step {
	enum probe_op op;
	s64 value;
};

/* How a value is stored and printed. */
enum probe_store {
	PROBE_STORE_NUMBER, /* its low bytes */
	PROBE_STORE_STRING, /* a text in memory */
	PROBE_STORE_SYMSTR, /* the name of the symbol at the value */
};

struct probe_type {
	const char *name;
	const char *field; /* in the format file */
	const char *fmt;   /* of print fmt */
	u8 size;
	bool is_signed;
	enum probe_store store;
	bool user; /* from user memory */
};

/* The two most frequent forms, of a number that is no bit field or array. */
enum probe_how {
	PROBE_HOW_STEPS,    /* any other */
	PROBE_HOW_REGISTER, /* a register */
	PROBE_HOW_MEMORY,   /* memory at a register, and so on */
};

struct probe_arg {
	enum probe_how how;
	u32 offset; /* in the record */
	u32 size;   /* of one element */
	const struct probe_type *type;
	u8 count;	/* elements of an array; 0: none */
	u8 left, right; /* shifts of a bit field */
	u8 n_steps;
	u8 text_at; /* of an immediate string: offset in text */
	u8 text_len;
	struct probe_step step[PROBE_STEPS];
	char name[PROBE_ARG_NAME];
	char text[PROBE_ARG_TEXT]; /* the expression, with its type */
};

/* Values that it stores: of an array, its elements. */
static inline unsigned int probe_elements(const struct probe_arg *arg)
{
	return arg->count ? arg->count : 1;
}

struct probe_def {
	enum probe_kind kind;
	bool on_function; /* at the start of a function: $argN */
	u32 maxactive;	  /* 0: not given */
	char group[PROBE_NAME], event[PROBE_NAME];
	char *symbol;	       /* NULL: ->address was given */
	unsigned long address; /* of the probe, with the offset */
	unsigned long offset;
	/* Whose parameters have names, or 0; the first ones are hidden. */
	unsigned long function;
	unsigned int hidden;
	bool expanded; /* $arg* was there */
	u32 size;      /* of a record without its strings */
	unsigned int n_args;
	struct probe_arg *arg;
};

/*
 * probe_line_cut() - cut a line into words; what follows a '#' is a comment
 * Return: 0; -EINVAL more than PROBE_LINE characters; -E2BIG more than
 * PROBE_WORDS words, with the error set.
 */
int probe_line_cut(struct probe_line *line, const char *text, size_t len);

/* Set the error: at an offset of a word. Keeps an earlier one. */
void probe_line_error(struct probe_line *line, enum probe_error_id id,
		      unsigned int word, unsigned int offset);

/*
 * probe_parse() - make a definition of a line
 * @kinds: the letters that it may begin with: "pr", or "prft"
 * Return: it, for probe_def_free(); ERR_PTR of -ECANCELED another first letter;
 * -ENOMEM; or, with line->error set, -EINVAL, -E2BIG a limit is passed,
 * -ENOENT no such data symbol, -EOPNOTSUPP names of arguments without a table.
 */
struct probe_def *probe_parse(struct probe_line *line, const char *kinds);
void probe_def_free(struct probe_def *def);

/* As the file shows them: "SYMBOL+OFFSET" or "0xADDRESS"; and a line of it. */
void probe_def_place(const struct probe_def *def, char *buf, size_t size);

/*
 * Cut "GROUP/EVENT", "GROUP.EVENT" or "EVENT" at @text of word 0, in place.
 * *group is NULL if there is none, *event "" for a group alone. Return: 0 or
 * -EINVAL with the error set.
 */
int probe_parse_name(struct probe_line *line, char *text, unsigned int offset,
		     char **group, char **event);

/* The least offset of arguments in a record of this kind. */
static inline u32 probe_args_offset(enum probe_kind kind)
{
	return kind == PROBE_RETURN || kind == PROBE_FEXIT ? 24 : 16;
}

/* ---- for each other ------------------------------------------------------ */

/*
 * The type of this name; NULL: the default. A bit field bW@O/SIZE is stored as
 * an unsigned number of SIZE bits. Return: NULL: there is no such type.
 */
const struct probe_type *probe_type_of(const char *name);

/* Set the shifts of bW@O/SIZE. Return: 0 or -EINVAL. */
int probe_type_bits(struct probe_arg *arg, const char *type);

/* How a complete argument is fetched. */
enum probe_how probe_how_of(const struct probe_arg *arg);

/* Set the type and shifts that a parameter or field has by itself. */
struct param;
void probe_type_of_param(struct probe_arg *arg, const struct param *param);

/*
 * Parse word @word: one argument, or $arg* that stands for several. Return: as
 * probe_parse(); -ENOENT no such parameter.
 */
int probe_parse_word(struct probe_line *line, struct probe_def *def,
		     unsigned int word);

/*
 * Parse @text as argument @def->n_args, and count it. It is word @word, or
 * stands for it. Return: as probe_parse_word().
 */
int probe_parse_arg(struct probe_line *line, struct probe_def *def,
		    unsigned int word, const char *text);

/*
 * The function that a tracepoint calls: its parameters, but for the first one,
 * are the tracepoint's. Return: 0: no such tracepoint. probe_event_hit.c.
 */
unsigned long probe_point_function(const char *tracepoint);

/*
 * f:FUNCTION PARAMETER: @event is the name in word 0. If word 1 is the name of
 * no symbol but of a parameter of that function, put the name in front of it as
 * one more word; ->text stays as it was typed. Return: 0; -E2BIG, with the
 * error set, there are PROBE_WORDS words.
 */
int probe_insert_place(struct probe_line *line, char *event);
