// SPDX-License-Identifier: MIT
/*
 * filter_match.c - run a filter's program on one record.
 *
 * Owns nothing. Invariants FL1 and FL2: filter.h.
 *
 * Context: probe, NMI included, preemption off; no lock, no memory, nothing
 * traceable.
 */
#include "kernel/lib/glob.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/event/filter.h"
#include <asm/percpu.h>

/* Some records are packed, so a field may have any address. */
#define LOAD(type, at)                                         \
	({                                                     \
		type value_;                                   \
                                                               \
		__builtin_memcpy(&value_, at, sizeof(value_)); \
		value_;                                        \
	})

static_assert(NR_CPUS <= 64, "a mask of CPUs is a u64");

/* ---- characters and masks ------------------------------------------------ */

/*
 * Return: the bytes that a data_loc at @at names, and their number in *@n; NULL
 * if they are not in the record (FL2).
 */
static const void *data_loc(const u8 *at, const u8 *record, u32 len, u32 *n)
{
	u32 loc = LOAD(u32, at), offset = loc & 0xffff;

	*n = loc >> 16;
	return offset <= len && *n <= len - offset ? record + offset : NULL;
}

static bool match_chars(const struct filter_pred *pred, const u8 *record,
			u32 len)
{
	const u8 *at = record + pred->offset;
	const char *text = (const char *)at;
	u32 n = pred->size;

	if (pred->load == FILTER_COMM)
		text = current->comm;
	else if (pred->load == FILTER_REST)
		n = len - pred->offset;
	else if (pred->load == FILTER_DATA_LOC)
		text = data_loc(at, record, len, &n);
	if (!text)
		return false;
	if (pred->test == FILTER_EQUAL)
		return !strncmp(text, pred->pattern, n);
	return glob_match_n(pred->pattern, text, n);
}

static bool match_mask(const struct filter_pred *pred, const u8 *record,
		       u32 len)
{
	u64 mask = 0;
	u32 n;
	const void *at = data_loc(record + pred->offset, record, len, &n);

	if (!at)
		return false;
	memcpy(&mask, at, min(n, (u32)sizeof(mask)));
	return pred->test == FILTER_SAME ? mask == pred->bits :
					   (mask & pred->bits) != 0;
}

/* ---- numbers ------------------------------------------------------------- */

static __always_inline bool match_number(const struct filter_pred *pred,
					 const u8 *at)
{
	u64 x;

	switch (pred->load) {
	case FILTER_U8:
		x = *at;
		break;
	case FILTER_S8:
		x = (s64)(s8)*at;
		break;
	case FILTER_U16:
		x = LOAD(u16, at);
		break;
	case FILTER_S16:
		x = (s64)LOAD(s16, at);
		break;
	case FILTER_U32:
		x = LOAD(u32, at);
		break;
	case FILTER_S32:
		x = (s64)LOAD(s32, at);
		break;
	case FILTER_64:
		x = LOAD(u64, at);
		break;
	default:
		x = smp_processor_id();
	}
	if (likely(pred->test == FILTER_RANGE))
		return x - pred->first <= pred->span;
	if (pred->test == FILTER_BITS)
		return (x & pred->bits) != 0;
	return x < 64 && pred->bits >> x & 1; /* FILTER_IN */
}

/* ---- programs ------------------------------------------------------------ */

/* No calls, so no registers to save. */
bool filter_match_numbers(const struct filter_program *program,
			  const void *record)
{
	const struct filter_pred *pred;
	const u8 *bytes = record;
	u32 next = 0;

	do { /* FL1: next grows */
		pred = &program->pred[next];
		next = match_number(pred, bytes + pred->offset) ? pred->yes :
								  pred->no;
	} while (next < FILTER_DROP);
	return next == FILTER_KEEP;
}

static bool match(const struct filter_pred *pred, const u8 *record, u32 len)
{
	if (pred->load <= FILTER_CPU)
		return match_number(pred, record + pred->offset);
	if (pred->load == FILTER_CPUMASK)
		return match_mask(pred, record, len);
	return match_chars(pred, record, len);
}

bool filter_match(const struct filter_program *program, const void *record,
		  u32 len)
{
	const struct filter_pred *pred;
	u32 next = 0;

	if (program->numbers)
		return filter_match_numbers(program, record);
	do { /* FL1: next grows */
		pred = &program->pred[next];
		next = match(pred, record, len) ? pred->yes : pred->no;
	} while (next < FILTER_DROP);
	return next == FILTER_KEEP;
}
