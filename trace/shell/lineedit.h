/* SPDX-License-Identifier: MIT */
/*
 * lineedit.h - one line of text, edited over a serial line.
 *
 * Owns the line being typed, the history and what is drawn of them. Pure: it
 * knows neither the UART nor the commands, so it runs and is fuzzed on the
 * host.
 *
 * I1  pos <= len < LINE_ROOM, and line[len] is the terminating NUL.
 * I2  The terminal shows prompt and line, cursor at pos, between two calls.
 * I3  Only printable ASCII, backspace, CR, LF and BEL are ever written: no
 *     escape sequences, so a log of the session stays readable.
 *
 * Text that a terminal pastes in brackets is taken as typed text: a newline
 * in it runs the line, as Enter does. But a Tab in it is a blank, and keys
 * that would edit the line are left out. ^C ends the brackets, too.
 *
 * Context: task; one caller at a time.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/shell/keyseq.h"

#define LINE_ROOM    256
#define LINE_HISTORY 32

#define LINE_PARTS_WORDS " |<>;&" /* when one is completed */

enum line_event {
	LINE_MORE,   /* keep typing */
	LINE_DONE,   /* Enter: the line is in ->line */
	LINE_CANCEL, /* ^C: the line was dropped */
};

struct line_editor;

/*
 * The n-th word that may stand at the cursor; the word begins at
 * line[start]. NULL ends the list. The string is used before the next call.
 */
typedef const char *(*line_candidate_t)(void *ctx, const char *line,
					unsigned int start, unsigned int n);

struct line_editor {
	const char *prompt;
	void (*out)(void *ctx, const char *text, size_t len);
	line_candidate_t candidate; /* NULL: Tab rings the bell */
	void *ctx;

	char line[LINE_ROOM];
	unsigned int len, pos;
	struct key_seq seq;
	bool pasting;  /* between ESC [ 200 ~ and ESC [ 201 ~ */
	bool tabbed;   /* the last key was a Tab that was ambiguous */
	bool after_cr; /* the last byte was CR: a LF belongs to it */

	char history[LINE_HISTORY][LINE_ROOM];
	unsigned int hist_count; /* lines ever remembered */
	unsigned int hist_pos;	 /* 0 = the line being typed, 1 = the last */
	char draft[LINE_ROOM];	 /* what was typed before Up was pressed */
};

/* Begin a fresh line: draw the prompt. */
void line_begin(struct line_editor *e);

/* What was pasted was thrown away, and perhaps its end with it. */
void line_drop_paste(struct line_editor *e);

/* Take one byte from the terminal. Return: what it led to. */
enum line_event line_feed(struct line_editor *e, u8 byte);
