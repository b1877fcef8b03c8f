// SPDX-License-Identifier: MIT
/*
 * glob_match() on any two strings: the input up to its first NUL, and the rest.
 */
#include "kernel/lib/glob.h"
#include "kernel/lib/string.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *pat = fuzz_string(data, size);
	size_t n = strlen(pat);
	char *str =
		fuzz_string(data + min(n + 1, size), size - min(n + 1, size));

	glob_match(pat, str);
	host_free(pat);
	host_free(str);
	return 0;
}
