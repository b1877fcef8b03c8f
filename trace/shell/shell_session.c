// SPDX-License-Identifier: MIT
/*
 * shell_session.c - what every command of the shell uses: the table of
 * commands, error messages, keys, and whether the shell ends.
 *
 * Owns this state of the shell at the terminal; the shell is one task. It calls
 * no other file of the shell but keyseq.c, so pipelines and commands may call
 * it. See shell.h.
 */
#include "kernel/console_input.h"
#include "kernel/console_write.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/keyseq.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"

#define KEY_ESC	 0x1b
#define PAUSE_NS 5000000UL /* wait for an empty stream */

DEFINE_TABLE(struct command, shell_commands);

const struct command *shell_command(const char *name)
{
	const struct command *const *at;

	for_each_entry(at, shell_commands)
	{
		if (!strcmp((*at)->name, name))
			return *at;
	}
	return NULL;
}

static bool leaving;
static bool errors_hidden;

void shell_leave(void)
{
	leaving = true;
}

bool shell_leaving(void)
{
	return leaving;
}

void shell_error(const char *name, const char *subject, int err)
{
	const char *parts[] = { name,
				": ",
				subject,
				subject && err ? ": " : NULL,
				err ? errno_sentence(err) : NULL,
				"\n" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts) && !errors_hidden; i++)
		if (parts[i])
			console_write(parts[i], strlen(parts[i]));
}

void shell_hide_errors(bool hide)
{
	errors_hidden = hide;
}

bool shell_interrupted(void)
{
	return console_break();
}

/* Is there another byte now, or after one pause? */
static bool more_of_key(void)
{
	if (!console_input_pending())
		sleep_ns(PAUSE_NS);
	return console_input_pending();
}

/*
 * Read the rest of a key that began with ESC. Return: false for the brackets of
 * a paste, true for any other key.
 */
static bool take_sequence(void)
{
	struct key_seq seq = { .state = 0 };
	enum key_part part = key_seq_feed(&seq, KEY_ESC);
	u8 byte = 0;

	while (part == KEY_INSIDE && key_seq_inside(&seq) && more_of_key()) {
		byte = console_getc();
		part = key_seq_feed(&seq, byte);
	}
	return part != KEY_FINAL || byte != '~' ||
	       (seq.param != KEY_PASTE_BEGIN && seq.param != KEY_PASTE_END);
}

bool shell_key_pressed(void)
{
	if (!console_input_pending())
		return false;
	return console_getc() != KEY_ESC || take_sequence();
}

int shell_pause(void)
{
	sleep_ns(PAUSE_NS);
	return shell_key_pressed() ? -EPIPE : 0;
}
