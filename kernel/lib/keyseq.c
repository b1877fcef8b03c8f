// SPDX-License-Identifier: MIT
/*
 * keyseq.c - find the end of a terminal's escape sequence (see keyseq.h).
 */
#include "kernel/lib/keyseq.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/string.h"

#define KEY_ESC 0x1b
#define KEY_BEL 0x07

enum {
	OUTSIDE,
	AFTER_ESC,
	ESC_INTERMEDIATE, /* after ESC ( for example: a final byte follows */
	CSI_FIRST,	  /* directly after ESC [ */
	CSI_REST,
	ONE_MORE, /* any next byte is the last */
	STRING,	  /* to ESC \ or BEL */
};

static bool intermediate(u8 byte)
{
	return byte >= ' ' && byte <= '/';
}

static enum key_part after_esc(struct key_seq *seq, u8 byte)
{
	seq->param = 0;
	seq->plain = true;
	if (byte == '[')
		seq->state = CSI_FIRST;
	else if (byte == 'O')
		seq->state = CSI_FIRST; /* ESC O 5 A: with Ctrl held */
	else if (byte == 'N')
		seq->state = ONE_MORE;
	else if (strchr("PX]^_", byte))
		seq->state = STRING;
	else
		seq->state = intermediate(byte) ? ESC_INTERMEDIATE : OUTSIDE;
	return KEY_INSIDE;
}

static enum key_part control_sequence(struct key_seq *seq, u8 byte)
{
	bool first = seq->state == CSI_FIRST;

	seq->state = CSI_REST;
	if (byte == '[' && first) {
		seq->state = ONE_MORE;
		return KEY_INSIDE;
	}
	if (isdigit(byte) && seq->plain && seq->param < 100) {
		seq->param = seq->param * 10 + (byte - '0');
		return KEY_INSIDE;
	}
	if (byte >= ' ' && byte < '@') {
		seq->plain = false;
		return KEY_INSIDE;
	}
	seq->state = OUTSIDE;
	return KEY_FINAL;
}

enum key_part key_seq_feed(struct key_seq *seq, u8 byte)
{
	if (byte == KEY_ESC) {
		seq->state = AFTER_ESC;
		return KEY_INSIDE;
	}
	if (byte < ' ') {
		bool ends = seq->state == STRING && byte == KEY_BEL;

		seq->state = OUTSIDE;
		return ends ? KEY_INSIDE : KEY_NONE;
	}
	switch (seq->state) {
	case OUTSIDE:
		return KEY_NONE;
	case AFTER_ESC:
		return after_esc(seq, byte);
	case CSI_FIRST:
	case CSI_REST:
		return control_sequence(seq, byte);
	case ESC_INTERMEDIATE:
		if (!intermediate(byte))
			seq->state = OUTSIDE;
		return KEY_INSIDE;
	case ONE_MORE:
		seq->state = OUTSIDE;
		return KEY_INSIDE;
	default: /* STRING */
		return KEY_INSIDE;
	}
}

bool key_seq_inside(const struct key_seq *seq)
{
	return seq->state != OUTSIDE;
}
