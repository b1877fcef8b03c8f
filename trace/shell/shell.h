/* SPDX-License-Identifier: MIT */
/*
 * shell.h - the shell on the serial line: shared by its files.
 *
 * A line is a list of pipelines, as in sh (shell_syntax.h). The first stage of
 * a pipeline produces text, and each stage passes text to the next one piece by
 * piece. The last stage writes it to the console or to a file of the control
 * tree. No stage buffers the whole text, so `cat trace_pipe | grep x` runs for
 * as long as you watch. If a command, an option or a file does not exist, no
 * stage of its pipeline runs.
 *
 * SH1  Every typed line ends in a prompt: ^C ends every loop, and any key ends
 *     an endless stream.
 * SH2  A stage that needs no more input returns -EPIPE, and every stage before
 *     it stops. That is not an error.
 *
 * Context: task (the shell's own thread).
 */
#pragma once

#include "kernel/lib/lineedit.h"
#include "kernel/lib/regex.h"
#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "trace/shell/shell_path.h"
#include "trace/shell/shell_syntax.h"

#define SHELL_ARGS (LINE_ROOM / 2) /* most words in a line */
#define SHELL_TEXT 512 /* longest line a filter takes in one piece */

struct stage;

struct command {
	const char *name;
	const char *usage;
	const char *help;
	/* Its operands are paths: patterns are expanded, Tab offers paths. */
	bool paths;
	/* It takes one file: what sh does with several is not known here. */
	bool one_file;
	/* It reads each of several files by itself, with its name in ->path. */
	bool each_file;
	/*
	 * Its options as getopt() of POSIX takes them: a ':' after a letter
	 * means that it has a value. NULL: it has none, and a word with '-' is
	 * an operand.
	 */
	const char *letters;
	/*
	 * The options have been read: check them. May be NULL.
	 * Return: 0, or a negative errno after an error message.
	 */
	int (*options)(struct stage *stage);
	/* Produce text by stage_put(). Return: 0 or negative errno. */
	int (*run)(struct stage *stage);
	/*
	 * For a filter, which runs by filter_run(): process one line (with its
	 * newline, if it has one). NULL: text passes unchanged.
	 */
	int (*line)(struct stage *stage, const char *text, size_t len);
	/* The input has ended. May be NULL. */
	int (*end)(struct stage *stage);
};

DECLARE_TABLE(struct command, shell_commands);

/* SHELL_COMMAND(pwd, .usage = "pwd", ...): in the list by its name. */
#define SHELL_COMMAND(name_, ...)                                       \
	static const struct command name_##_command = { .name = #name_, \
							__VA_ARGS__ };  \
	TABLE_ENTRY(shell_commands, 50, name_##_command)

/* A line that a filter keeps. */
struct kept_line {
	struct kept_line *next;
	size_t len;
	char text[];
};

struct stage {
	const struct command *command;
	int argc, optind; /* optind: index of the first operand */
	char *argv[SHELL_ARGS + 1];
	bool pattern_word[SHELL_ARGS + 1]; /* has * ? [ outside quotes */
	struct stage *next;		   /* NULL: the sink takes the text */
	const char *source;		   /* the word after '<' */
	const char *target;		   /* the word after '>' or '>>' */
	struct tracefs_file *in;	   /* the source while the stage runs */
	struct tracefs_file *file;	   /* the target */
	bool append;
	bool hide_errors; /* 2>/dev/null */
	int refused;	  /* error of a write to the target */
	const char *why;  /* its sentence of error_log, or NULL */
	int status;	  /* 0: && continues; otherwise || does */

	char text[SHELL_TEXT]; /* a filter's incomplete line */
	size_t len;

	const char *option[64]; /* see stage_option() */

	/* Filters: counts, and the errno of a file left out. */
	struct regex regex;
	const char *path; /* of one of several files */
	bool found;	  /* a match, in any file */
	bool left_out;	  /* lines since the last match */
	char delimiter;
	u64 columns; /* of cut: bit n is column n + 1 */
	unsigned long limit, lines, words, bytes;
	unsigned long nr, after, behind; /* behind: lines after a match */
	int bad;
	struct kept_line *first, *last; /* freed when the pipeline ends */
	unsigned long kept;
};

/* Return: the command with this name, or NULL. */
const struct command *shell_command(const char *name);

/*
 * Read the options of a stage, command->letters. A value may follow in the same
 * word; -5 is read as -n5 if n is known. stage->optind is the first operand
 * then. Return: 0; -EINVAL after an error message.
 */
int shell_read_options(struct stage *stage);

/* Return: the value of an option, "" if it takes none; NULL: it is not set. */
static inline const char *stage_option(const struct stage *stage, char letter)
{
	return stage->option[letter & 63];
}

/*
 * Read the number that is the value of an option; *@n stays if it is not set.
 * Return: 0; -EINVAL after an error message.
 */
int shell_number(struct stage *stage, char letter, unsigned long *n);

/* Free the lines that a filter keeps. */
void stage_forget(struct stage *stage);

/*
 * Pass text on. stage_printf() cuts it behind SHELL_TEXT - 1 characters.
 * Return: 0, -EPIPE no more is needed, or a write error.
 */
int stage_put(struct stage *stage, const char *text, size_t len);
int stage_printf(struct stage *stage, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Pass a filter a piece of its input, which is cut into lines for it, or the
 * end of its input.
 * Return: as its line and end.
 */
int stage_take(struct stage *stage, const char *text, size_t len);
int stage_end(struct stage *stage);

/*
 * Print an error as "name: subject: sentence"; without the sentence if @err is
 * 0. Nothing is printed while errors are hidden, as by 2>/dev/null.
 */
void shell_error(const char *name, const char *subject, int err);

void shell_hide_errors(bool hide);

/* True once ^C was typed; then every command ends. SH1 */
bool shell_interrupted(void);

/* Was any key pressed? Reads the key, which ends an endless command. */
bool shell_key_pressed(void);

/* Wait a moment for a stream. Return: 0, -EPIPE a key was pressed. */
int shell_pause(void);

/*
 * Run @line. A line with a syntax error is shown with a caret, and no part of
 * it runs. Return: the status of the last command that ran: 0, or a negative
 * errno (-ENOENT also for a grep that found nothing); -EINVAL a syntax error;
 * -E2BIG the line has more than LINE_MAX characters, which a message says.
 */
int shell_run_line(const char *line);

/* The shell ends after this command, as `exit` wants. Return: is it so? */
void shell_leave(void);
bool shell_leaving(void);
