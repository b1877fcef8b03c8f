/* SPDX-License-Identifier: MIT */
/*
 * shell.h - the shell on the serial line: what its files share.
 *
 * A line is a list of pipelines, as in sh (shell_syntax.h). The first stage of
 * a pipeline produces text, the others are fed it piece by piece, the last
 * hands it to the console or to a file of the control tree. Nothing is
 * buffered whole, so `cat trace_pipe | grep x` runs for as long as you watch.
 * Where a command, an option or a file is not there, nothing of its pipeline
 * runs.
 *
 * I1  Whatever is typed ends in a prompt: every loop ends at ^C, a
 *     stream without an end at any key.
 * I2  A stage that wants no more answers -EPIPE, and everything before it
 *     stops; that is not an error.
 *
 * Context: task (the shell's own thread).
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/shell/lineedit.h"
#include "trace/shell/shell_syntax.h"

#define SHELL_ARGS (LINE_ROOM / 2) /* as many words as a line may have */
#define SHELL_TEXT 512 /* longest line a filter looks at in one piece */

struct stage;

struct command {
	const char *name;
	const char *usage;
	const char *help;
	/* Read options into the stage. May be NULL. */
	int (*options)(struct stage *stage);
	/* Produce text by stage_put(). Return: 0 or negative errno. */
	int (*run)(struct stage *stage);
	/*
	 * A filter, which runs by filter_run(): take one line (with its
	 * newline, if it had one). NULL: text passes as it is.
	 */
	int (*line)(struct stage *stage, const char *text, size_t len);
	/* The input has ended. May be NULL. */
	int (*end)(struct stage *stage);
};

struct stage {
	const struct command *command;
	int argc, optind; /* optind: the first word that is no option */
	char *argv[SHELL_ARGS + 1];
	struct stage *next;	   /* NULL: the sink takes the text */
	const char *source;	   /* behind '<' */
	const char *target;	   /* behind '>' and '>>' */
	struct tracefs_file *in;   /* the source while the stage runs */
	struct tracefs_file *file; /* the target */
	bool append;
	int refused;	 /* what the target said to a write */
	const char *why; /* the same in error_log's words, or NULL */
	int status;	 /* 0: && goes on behind it; else || does */

	char text[SHELL_TEXT]; /* a filter's line so far */
	size_t len;

	/* Filters: their options and counts, and why a file was left out. */
	const char *pattern;
	bool invert, count_only, quiet;
	unsigned long limit, lines, words, bytes;
	int bad;
};

extern const struct command shell_commands[]; /* ends with a NULL name */

/* The command called @name, or NULL. */
const struct command *shell_command(const char *name);

/* Hand text on. Return: 0, -EPIPE nobody wants more, or a write error. */
int stage_put(struct stage *stage, const char *text, size_t len);
int stage_printf(struct stage *stage, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A filter's input: some text, which is cut into lines for it, or its end.
 * Return: as its line and end.
 */
int stage_take(struct stage *stage, const char *text, size_t len);
int stage_end(struct stage *stage);

/*
 * Tell the user what went wrong: "name: subject: sentence"; @err 0: the last
 * one is left out.
 */
void shell_error(const char *name, const char *subject, int err);

/* True once ^C was typed: every command ends then. I1 */
bool shell_interrupted(void);

/* Was any key pressed? It is taken. Ends commands that would never end. */
bool shell_key_pressed(void);

/* Wait a moment for a stream to go on. Return: 0, -EPIPE a key was pressed. */
int shell_pause(void);

/*
 * Run @line; one that is not understood is shown with a caret, and nothing of
 * it runs. Return: the status of the last command that ran: 0, or a negative
 * errno, -ENOENT also for a grep that found nothing; -EINVAL it is not
 * understood, -E2BIG it has LINE_ROOM characters or more.
 */
int shell_run_line(const char *line);

/*
 * The path in the tree for what the user typed in a line: without a leading
 * tracefs mount point, ".", ".." and empty components; with a slash at its end
 * if it can only be a directory. Valid until the next call.
 */
const char *shell_path(const char *typed);

/* Was `exit` typed? */
bool shell_leaving(void);

/* Commands that live in shell_look.c. */
int ps_run(struct stage *stage);
int disas_run(struct stage *stage);
int check_run(struct stage *stage);
