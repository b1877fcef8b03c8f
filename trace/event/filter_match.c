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

static __always_inline u64 number(u8 load, const u8 *at)
{
	switch (load) {
	case FILTER_U8:
		return *at;
	case FILTER_S8:
		return (s64)(s8)*at;
	case FILTER_U16:
		return LOAD(u16, at);
	case FILTER_S16:
		return (s64)LOAD(s16, at);
	case FILTER_U32:
		return LOAD(u32, at);
	case FILTER_S32:
		return (s64)LOAD(s32, at);
	case FILTER_64:
		return LOAD(u64, at);
	default:
		return smp_processor_id();
	}
}

static noinline bool match_number(const struct filter_pred *pred, const u8 *at)
{
	u64 x = number(pred->load, at);

	switch (pred->test) {
	case FILTER_RANGE:
		return x - pred->first <= pred->span;
	case FILTER_BITS:
		return (x & pred->bits) != 0;
	default: /* FILTER_IN */
		return x < 64 && pred->bits >> x & 1;
	}
}

/* ---- programs ------------------------------------------------------------ */

static __always_inline bool in_range(const struct filter_pred *pred, u64 x)
{
	return x - pred->first <= pred->span;
}

static __always_inline const struct filter_pred *
pred_at(const struct filter_program *program, u32 place)
{
	return (const void *)((const u8 *)program->pred + place);
}

/* For each load a jump of its own: a predicate takes 11 instructions. */
bool filter_match_ranges(const struct filter_program *program,
			 const void *record)
{
	const struct filter_pred *pred;
	const u8 *at;
	u32 next = 0;
	u64 x;

	do { /* FL1: next grows */
		pred = pred_at(program, next);
		at = (const u8 *)record + pred->offset;
		switch (pred->op) {
#define CASE(op)                                                 \
	case op:                                                 \
		x = number(op, at);                              \
		next = in_range(pred, x) ? pred->yes : pred->no; \
		break
			CASE(FILTER_U8);
			CASE(FILTER_S8);
			CASE(FILTER_U16);
			CASE(FILTER_S16);
			CASE(FILTER_U32);
			CASE(FILTER_S32);
			CASE(FILTER_64);
			CASE(FILTER_CPU);
#undef CASE
		default:
			__builtin_unreachable(); /* program->ranges */
		}
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

	if (program->ranges)
		return filter_match_ranges(program, record);
	do { /* FL1: next grows */
		pred = pred_at(program, next);
		next = match(pred, record, len) ? pred->yes : pred->no;
	} while (next < FILTER_DROP);
	return next == FILTER_KEEP;
}
