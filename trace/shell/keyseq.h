/* SPDX-License-Identifier: MIT */
/*
 * keyseq.h - where an escape sequence of a terminal ends.
 *
 * One key may send many bytes: ESC and what follows it. Whoever reads keys
 * must take all of them, known or not, or the rest is taken for typed text.
 * The forms are those of ECMA-48 (5th edition, sections 5.3 to 5.6):
 *
 *     ESC [ 0-9:;<=>? ... intermediates  final    control sequence: a key
 *     ESC O x, ESC N x                            single shift: a key
 *     ESC P/X/]/^/_ ... ESC \ (or BEL)            control string: a reply
 *     ESC intermediates final                     the rest, Alt with a key
 *
 * and `ESC [ [ x`, the function keys of Linux's console. A control character
 * inside a sequence ends it and counts as itself.
 *
 * Context: any; pure.
 */
#pragma once

#include "kernel/lib/types.h"

struct key_seq {
	u8 state;
	bool plain;	    /* nothing but digits and ; so far */
	unsigned int param; /* the first number in it, at most 999 */
};

enum key_part {
	KEY_NONE,   /* the byte is no part of a sequence */
	KEY_INSIDE, /* it is, and the sequence is not known, or not yet */
	KEY_FINAL,  /* it ends a control sequence; ->param goes with it */
};

#define KEY_PASTE_BEGIN 200 /* ESC [ 200 ~ before text that is pasted */
#define KEY_PASTE_END	201 /* ESC [ 201 ~ behind it */

/* Take one byte. */
enum key_part key_seq_feed(struct key_seq *seq, u8 byte);

/* Is it in the middle of a sequence? */
bool key_seq_inside(const struct key_seq *seq);
