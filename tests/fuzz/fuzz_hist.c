// SPDX-License-Identifier: MIT
/*
 * Any text as a histogram: a refused one has an error with a place in the text,
 * an accepted one reads only what lies in the record, and its keys lie behind
 * each other in their room.
 *
 * host-sources: trace/event/hist_parse.c trace/event/trace_event.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/filter_record.h"
#include "trace/event/hist_parse.h"

/* HG2 */
static void check_field(const struct hist_field *field)
{
	BUG_ON(!*field->name || strlen(field->name) >= HIST_NAME_MAX);
	BUG_ON(field->load <= HIST_S64 &&
	       field->offset + field->size > event.size);
	BUG_ON(field->load == HIST_CHARS &&
	       field->offset + field->size > event.size);
	BUG_ON(field->load == HIST_DATA_LOC && field->size != sizeof(u32));
	BUG_ON(field->form == HIST_BUCKETS && !field->bucket);
	BUG_ON(field->form && field->load > HIST_TIME);
}

static void check_spec(const struct hist_spec *spec)
{
	u32 i, word = 0;

	BUG_ON(spec->size < HIST_SIZE_MIN || spec->size > HIST_SIZE_MAX ||
	       spec->size & (spec->size - 1));
	BUG_ON(!spec->nr_keys || spec->nr_keys > HIST_KEYS_MAX);
	BUG_ON(spec->nr_vals > HIST_VALS_MAX);
	BUG_ON(!spec->nr_sorts || spec->nr_sorts > HIST_SORTS_MAX);
	for (i = 0; i < spec->nr_keys; i++) {
		check_field(&spec->key[i]);
		BUG_ON(spec->key[i].word != word || !spec->key[i].words);
		word += spec->key[i].words;
	}
	BUG_ON(word != spec->key_words || word * sizeof(u64) > HIST_KEY_MAX);
	for (i = 0; i < spec->nr_vals; i++) {
		check_field(&spec->val[i]);
		BUG_ON(spec->val[i].load > HIST_TIME);
	}
	for (i = 0; i < spec->nr_sorts; i++)
		BUG_ON(spec->sort[i].field > spec->nr_vals + spec->nr_keys);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct hist_error error;
	struct hist_spec spec;
	char *text;
	int err;

	if (memchr(data, 0, size))
		return 0;
	text = fuzz_string(data, size);
	err = hist_parse(&event, text, &spec, &error);
	if (err) {
		BUG_ON(err != -EINVAL && err != -ENOENT);
		BUG_ON(!error.id || error.at > size);
		BUG_ON(!*hist_error_text(error.id));
	} else {
		BUG_ON(error.id);
		check_spec(&spec);
	}
	host_free(text);
	return 0;
}
