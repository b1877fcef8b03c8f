// SPDX-License-Identifier: MIT
/*
 * Any text as a line of kprobe_events or dynamic_events; the first byte chooses
 * which, and an allocation that fails. A refused line has an error with a
 * place in it and leaves no memory; an accepted one has its arguments side by
 * side in the record, and is the same definition when it is read again.
 *
 * host-sources: trace/probes/probe_parse.c trace/probes/probe_arg.c
 * host-sources: trace/probes/probe_type.c trace/probes/probe_name.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/probe_sound.h"
#include "tests/unit/probe_symbols.h"

static struct probe_line line;

static struct probe_def *parse(const char *text, size_t len, const char *kinds)
{
	int err = probe_line_cut(&line, text, len);

	if (err)
		return ERR_PTR(err);
	if (!line.n)
		return ERR_PTR(-ECANCELED); /* a comment */
	return probe_parse(&line, kinds);
}

static void check_refused(int err, bool failed)
{
	if (err == -ENOMEM) {
		BUG_ON(!failed);
		return;
	}
	BUG_ON(err != -EINVAL && err != -E2BIG && err != -ENOENT &&
	       err != -EOPNOTSUPP && err != -ECANCELED);
	BUG_ON(line.error && line.error_at > strlen(line.text) + 1);
	BUG_ON(line.error && !*probe_error_text(line.error));
}

/* As it is shown, it is accepted again, and the same. */
static void check_read_again(const struct probe_def *def)
{
	static char text[3 * PROBE_LINE];
	struct probe_def *again;

	probe_write_back(def, text, sizeof(text));
	if (strlen(text) > PROBE_LINE)
		return; /* the names that were not given make it longer */
	again = parse(text, strlen(text), "prft");
	BUG_ON(IS_ERR(again));
	BUG_ON(!probe_defs_equal(again, def));
	probe_def_free(again);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t live = host_live;
	struct probe_def *def;
	unsigned int nth;
	bool failed;
	char *text;

	if (!size || memchr(data, 0, size))
		return 0;
	text = fuzz_string(data + 1, size - 1);
	nth = *data >> 5; /* 0: none */
	fail_nth(nth);
	def = parse(text, size - 1, *data & 1 ? "pr" : "prft");
	failed = fail_end() && nth;
	if (IS_ERR(def)) {
		check_refused((int)PTR_ERR(def), failed);
	} else {
		BUG_ON(!probe_def_is_sound(def));
		check_read_again(def);
		probe_def_free(def);
	}
	host_free(text);
	BUG_ON(host_live != live);
	return 0;
}
