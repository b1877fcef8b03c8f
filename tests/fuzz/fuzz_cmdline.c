// SPDX-License-Identifier: MIT
/*
 * The command line: any text, and a key that is in it or not.
 * host-sources: kernel/base/cmdline.c
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"

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
	host_free(text);
	host_free(value);
	return 0;
}
