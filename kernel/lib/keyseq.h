/* SPDX-License-Identifier: MIT */
/*
 * keyseq.h - find the end of a terminal's escape sequence.
 *
 * One key may send many bytes that begin with ESC. A reader of keys must read
 * all of them, known or not; if not, it takes the rest for typed text. The
 * forms are those of ECMA-48 (5th edition, sections 5.3 to 5.6):
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
	bool plain;	    /* only digits so far */
	unsigned int param; /* the first number in it, at most 999 */
};

enum key_part {
	KEY_NONE,   /* the byte is not part of a sequence */
	KEY_INSIDE, /* it is part of one that is unknown or incomplete */
	KEY_FINAL,  /* it ends a control sequence with ->param */
};

#define KEY_PASTE_BEGIN 200 /* ESC [ 200 ~ before pasted text */
#define KEY_PASTE_END	201 /* ESC [ 201 ~ after it */

/* Take one byte. */
enum key_part key_seq_feed(struct key_seq *seq, u8 byte);

/* Return: whether the last byte left a sequence incomplete. */
bool key_seq_inside(const struct key_seq *seq);
