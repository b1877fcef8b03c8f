/* SPDX-License-Identifier: MIT */
/*
 * Error numbers (Linux's names and values), their names for %pe, and errors
 * carried in pointers.
 *
 * Pure.  One list makes the constants and the table of names, so a number
 * without a name cannot exist.
 */
#pragma once

#include "kernel/lib/types.h"

#define ERRNO_LIST(X)       \
	X(EPERM, 1)         \
	X(ENOENT, 2)        \
	X(ESRCH, 3)         \
	X(EINTR, 4)         \
	X(EIO, 5)           \
	X(ENXIO, 6)         \
	X(E2BIG, 7)         \
	X(EBADF, 9)         \
	X(ECHILD, 10)       \
	X(EAGAIN, 11)       \
	X(ENOMEM, 12)       \
	X(EACCES, 13)       \
	X(EFAULT, 14)       \
	X(EBUSY, 16)        \
	X(EEXIST, 17)       \
	X(EXDEV, 18)        \
	X(ENODEV, 19)       \
	X(ENOTDIR, 20)      \
	X(EISDIR, 21)       \
	X(EINVAL, 22)       \
	X(ENFILE, 23)       \
	X(EMFILE, 24)       \
	X(ENOTTY, 25)       \
	X(EFBIG, 27)        \
	X(ENOSPC, 28)       \
	X(ESPIPE, 29)       \
	X(EROFS, 30)        \
	X(EPIPE, 32)        \
	X(EDOM, 33)         \
	X(ERANGE, 34)       \
	X(EDEADLK, 35)      \
	X(ENAMETOOLONG, 36) \
	X(ENOSYS, 38)       \
	X(ENOTEMPTY, 39)    \
	X(EILSEQ, 84)       \
	X(ENODATA, 61)      \
	X(ETIME, 62)        \
	X(EPROTO, 71)       \
	X(EBADMSG, 74)      \
	X(EOVERFLOW, 75)    \
	X(EOPNOTSUPP, 95)   \
	X(ENOBUFS, 105)     \
	X(ETIMEDOUT, 110)   \
	X(EALREADY, 114)    \
	X(EINPROGRESS, 115) \
	X(ECANCELED, 125)

/* An enum, not macros, so that a debugger prints the names. */
enum errno_value {
#define ERRNO_CONSTANT(name, value) name = value,
	ERRNO_LIST(ERRNO_CONSTANT)
#undef ERRNO_CONSTANT
};

/*
 * Numbers up to this one fit in a pointer: the last page of addresses is never
 * mapped.
 */
#define MAX_ERRNO 4095

/*
 * errno_name() - "ENOMEM" for 12 or -12, NULL for a number without a name.
 * Context: any.
 */
const char *errno_name(int err);

/*
 * @err: a negative errno. A function returns either these or NULL for an error,
 * never both (its comment says which).
 */
static __always_inline void *ERR_PTR(long err)
{
	return (void *)err;
}

/* NULL is no error. */
static __always_inline bool IS_ERR(const void *ptr)
{
	return unlikely((unsigned long)ptr >= (unsigned long)-MAX_ERRNO);
}

static __always_inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return unlikely(!ptr) || IS_ERR(ptr);
}

/* The negative errno; only after IS_ERR(). */
static __always_inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}
