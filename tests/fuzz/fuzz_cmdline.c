// SPDX-License-Identifier: MIT
/*
 * The command line: any text, and a key that is in it or not.
 * And what is wrong with it as a sentence, in room for all or for little.
 * host-sources: kernel/base/cmdline.c kernel/base/cmdline_words.c
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"

static const struct cmdline_word entries[] = {
	{ .name = "mode", .kind = CMDLINE_IS_TEXT },
	{ .name = "chains",
	  .kind = CMDLINE_IS_CHOICE,
	  .choice = cmdline_on_off },
	{ .name = "seed", .kind = CMDLINE_IS_NUMBER, .max = ~0ULL },
	{ .name = "help", .kind = CMDLINE_IS_BARE },
	{ .name = "BOOT_IMAGE", .kind = CMDLINE_IS_IGNORED },
};

static const struct cmdline_word *const words[] = {
	&entries[0], &entries[1], &entries[2], &entries[3], &entries[4],
};

static void check_words(const char *text)
{
	struct cmdline_fault fault;
	char *small = host_malloc(9);
	char large[160];

	if (!cmdline_check(words, ARRAY_SIZE(words), text, &fault)) {
		cmdline_explain(&fault, small, 9);
		BUG_ON(strnlen(small, 9) == 9);
		cmdline_explain(&fault, large, sizeof(large));
		BUG_ON(strncmp(small, large, 8));
	}
	host_free(small);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = fuzz_string(data, size);
	char *value = host_malloc(7);

	if (cmdline_find(text, "mode", value, 7))
		BUG_ON(strnlen(value, 7) == 7);
	cmdline_find(text, "mode", NULL, 0);
	cmdline_init(text);
	cmdline_u64("seed", 1);
	cmdline_is("chains", "off");
	cmdline_init("");
	check_words(text);
	host_free(text);
	host_free(value);
	return 0;
}
