// SPDX-License-Identifier: MIT
/*
 * Names of error numbers.
 *
 * Owns nothing but a constant table.  Pure, callable from anywhere.
 */
#include "kernel/lib/errno.h"

const char *errno_name(int err)
{
	switch (err < 0 ? -(unsigned int)err : (unsigned int)err) {
#define ERRNO_NAME(name, value) \
	case value:             \
		return #name;
		ERRNO_LIST(ERRNO_NAME)
#undef ERRNO_NAME
	}
	return NULL;
}
