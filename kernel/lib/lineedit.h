/* SPDX-License-Identifier: MIT */
/*
 * lineedit.h - edit one line of text over a serial line.
 *
 * Owns the line being typed, the history, and their output. Pure: it does not
 * depend on the UART or the commands, so the host can run and fuzz it.
 *
 * LE1  pos <= len < LINE_ROOM, and line[len] is the terminating NUL.
 * LE2  Between two calls the terminal shows prompt and line, cursor at pos.
 * LE3  The output has only printable ASCII, backspace, CR, LF and BEL, and
 *     LINE_CLEAR for ^L: no other escape sequence, so a log of the session
 *     stays readable.
 *
 * Text that a terminal pastes in brackets counts as typed text: a newline in it
 * runs the line, as Enter does. But a Tab in it is a blank, and cursor keys and
 * other characters below a blank are ignored in it. ^C ends the brackets, too.
 *
 * Context: task; one caller at a time.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/lib/keyseq.h"

/*
 * The caller runs lines of up to LINE_MAX characters. The editor takes one
 * more, which tells that the line is too long: what was typed behind it is
 * lost.
 */
#define LINE_MAX     1023U
#define LINE_ROOM    (LINE_MAX + 2)
#define LINE_HISTORY 32
#define LINE_SOUGHT  128 /* room for what ^R looks for */
#define LINE_WORD    255 /* most characters of a word that Tab completes */

#define LINE_CLEAR "\033[H\033[2J" /* cursor home, erase (ECMA-48 CUP, ED) */

enum line_event {
	LINE_MORE,   /* keep typing */
	LINE_DONE,   /* Enter: the line is in ->line */
	LINE_CANCEL, /* ^C: the line was dropped */
};

struct line_editor;

/*
 * Return: the n-th word that may replace the one at line[start], or NULL at the
 * end of the list. The string is valid until the next call.
 */
typedef const char *(*line_candidate_t)(void *ctx, const char *line,
					unsigned int start, unsigned int n);

struct line_editor {
	const char *prompt;
	void (*out)(void *ctx, const char *text, size_t len);
	line_candidate_t candidate; /* NULL: Tab rings the bell */
	const char *separators;	    /* for completion: these part words */
	void *ctx;

	char line[LINE_ROOM];
	unsigned int len, pos;
	struct key_seq seq;
	bool pasting;	     /* between ESC [ 200 ~ and ESC [ 201 ~ */
	bool tabbed;	     /* the last key was an ambiguous Tab */
	bool after_cr;	     /* the last byte was CR: ignore a LF */
	unsigned int listed; /* length of the name printed last in a list */

	char history[LINE_HISTORY][LINE_ROOM];
	unsigned int hist_count; /* lines ever remembered */
	unsigned int hist_pos;	 /* 0 = the line being typed, 1 = the last */
	char draft[LINE_ROOM]; /* the typed line before Up or ^R was pressed */

	bool searching; /* ^R: the prompt shows what is searched */
	char sought[LINE_SOUGHT];
	unsigned int found; /* history line shown, 0 = none yet */
};

/* Room for what line_prompt() writes. */
#define LINE_PROMPT_ROOM (LINE_SOUGHT + 32)

/* The prompt that is shown now, in @buf if it is not e->prompt. */
const char *line_prompt(const struct line_editor *e,
			char buf[LINE_PROMPT_ROOM]);

/* Start a new line: draw the prompt. */
void line_begin(struct line_editor *e);

/* End a paste: its input was dropped, perhaps with its closing bracket. */
void line_drop_paste(struct line_editor *e);

/* Process one byte from the terminal. Return: the event it caused. */
enum line_event line_feed(struct line_editor *e, u8 byte);
