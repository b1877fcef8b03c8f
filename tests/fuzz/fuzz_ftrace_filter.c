// SPDX-License-Identifier: MIT
/*
 * The filter grammar against an oracle that knows no kinds of patterns: each
 * word is a glob or a number. Accepted or refused alike, and the same
 * functions chosen; a refused text changes nothing.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/panic.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/kstrto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/sites.h"
#include "trace/core/ftrace_internal.h"

static const char *const names[] = {
	"a",	    "aa",     "ab",	  "alloc_page", "alloc_pages",
	"b",	    "ba",     "do_exit",  "free_page",	"page_alloc",
	"schedule", "try[0]", "x.isra.0", "z*",
};
#define NAMES (int)ARRAY_SIZE(names)

/* One word; -1 when it is to be refused. */
static int word_mask(const char *word)
{
	unsigned long long index;
	int i, mask = 0;

	if (isdigit(*word)) {
		if (kstrtoull(word, 0, &index) || !index || index > NAMES)
			return -1;
		return 1 << (index - 1);
	}
	for (i = 0; i < NAMES; i++)
		if (glob_match(word, names[i]))
			mask |= 1 << i;
	return mask ? mask : -1;
}

static int oracle(char *text)
{
	int result = 0, mask;
	char *word;
	bool not ;

	for (word = text; *text; text++)
		if (isspace(*text))
			*text = ' ';
	text = word;
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		not = *word == '!';
		if (strlen(word + not ) >= 128 || !word[not ])
			return -1;
		mask = word_mask(word + not );
		if (mask < 0)
			return -1;
		result = not ? result & ~mask : result | mask;
	}
	return result;
}

static int hash_mask(const struct ftrace_hash *hash)
{
	int mask = 0;
	size_t i;

	for (i = 0; i < hash->count; i++) {
		BUG_ON(i && hash->rec[i] <= hash->rec[i - 1]);
		mask |= 1 << hash->rec[i];
	}
	return mask;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct ftrace_hash *before;
	struct ftrace_hash *hash;
	char *text;
	int err, expect;

	if (!before) {
		host_sites_init(names, NAMES);
		before = ftrace_hash_begin(NULL);
	}
	if (memchr(data, 0, size))
		return 0;
	text = fuzz_string(data, size);
	hash = before;
	err = ftrace_hash_edit(&hash, (const char *)data, size);
	expect = oracle(text);
	BUG_ON(err && err != -EINVAL);
	BUG_ON((err != 0) != (expect < 0));
	if (err)
		BUG_ON(hash != before);
	else
		BUG_ON(hash_mask(hash) != expect);
	if (hash != before)
		before = ftrace_hash_begin(NULL);
	if (!err)
		ftrace_hash_free(hash);
	host_free(text);
	return 0;
}
