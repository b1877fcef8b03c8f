// SPDX-License-Identifier: MIT
/*
 * event_filter.c - the filter of one event: text and program in one object.
 *
 * Owns the objects until their free is called. See event_filter.h.
 */
#include "trace/event/event_filter.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"

struct text_filter {
	struct event_filter head;
	struct filter_program *program; /* NULL: the text was refused */
	/* Of a program of one range: keep what is inside, or outside. */
	u32 offset;
	bool inside;
	u64 first, span;
	char text[];
};

static bool match(const struct event_filter *filter, const void *record,
		  u32 len)
{
	return filter_match(
		container_of(filter, struct text_filter, head)->program, record,
		len);
}

static bool match_ranges(const struct event_filter *filter, const void *record,
			 u32 len)
{
	return filter_match_ranges(
		container_of(filter, struct text_filter, head)->program,
		record);
}

/*
 * A program of one range: the predicate is in the object, and the kind of load
 * is in the function.
 */
#define MATCH_ONE(name, type)                                             \
	static __own_line bool name(const struct event_filter *head,      \
				    const void *record, u32 len)          \
	{                                                                 \
		const struct text_filter *filter =                        \
			container_of(head, struct text_filter, head);     \
		type x;                                                   \
                                                                          \
		__builtin_memcpy(&x, (const u8 *)record + filter->offset, \
				 sizeof(x));                              \
		return ((u64)(s64)x - filter->first > filter->span) ^     \
		       filter->inside;                                    \
	}
MATCH_ONE(match_u8, u8)
MATCH_ONE(match_s8, s8)
MATCH_ONE(match_u16, u16)
MATCH_ONE(match_s16, s16)
MATCH_ONE(match_u32, u32)
MATCH_ONE(match_s32, s32)
MATCH_ONE(match_64, u64)

/* Choose the shortest way to run the program. */
static void set_match(struct text_filter *filter)
{
	static bool (*const one[])(const struct event_filter *head,
				   const void *record, u32 len) = {
		[FILTER_U8] = match_u8,	  [FILTER_S8] = match_s8,
		[FILTER_U16] = match_u16, [FILTER_S16] = match_s16,
		[FILTER_U32] = match_u32, [FILTER_S32] = match_s32,
		[FILTER_64] = match_64,
	};
	const struct filter_pred *pred = filter->program->pred;

	filter->head.match = filter->program->ranges ? match_ranges : match;
	if (filter->program->nr != 1 || pred->op >= ARRAY_SIZE(one))
		return;
	filter->offset = pred->offset;
	filter->first = pred->first;
	filter->span = pred->span;
	filter->inside = pred->yes == FILTER_KEEP;
	filter->head.match = one[pred->op];
}

static bool keep_all(const struct event_filter *filter, const void *record,
		     u32 len)
{
	return true;
}

static void free_filter(struct event_filter *head)
{
	struct text_filter *filter =
		container_of(head, struct text_filter, head);

	filter_free(filter->program);
	kfree(filter);
}

static struct text_filter *allocate(size_t room)
{
	struct text_filter *filter = kzalloc(sizeof(*filter) + room);

	if (filter)
		filter->head.free = free_filter;
	return filter;
}

struct event_filter *event_filter_create(const struct trace_event *event,
					 const char *text,
					 struct filter_error *error)
{
	struct text_filter *filter;
	int err;

	*error = (struct filter_error){ .id = FILTER_ERROR_NONE };
	filter = allocate(strlen(text) + 1);
	if (!filter)
		return ERR_PTR(-ENOMEM);
	err = filter_compile(event, text, &filter->program, error);
	if (err) {
		free_filter(&filter->head);
		return ERR_PTR(err);
	}
	strscpy(filter->text, text, strlen(text) + 1);
	filter->head.reads_entry = filter->program->reads_entry;
	set_match(filter);
	return &filter->head;
}

struct event_filter *event_filter_refused(const char *text,
					  const struct filter_error *error)
{
	size_t len = strlen(text), room = 2 * len + 128;
	struct text_filter *filter = allocate(room);
	struct trace_seq s;

	if (!filter)
		return NULL;
	filter->head.match = keep_all;
	trace_seq_init(&s, filter->text, room);
	trace_seq_printf(&s, "%s\n", text);
	trace_seq_fill(&s, ' ', min(len, (size_t)error->at));
	trace_seq_printf(&s, "^\nparse_error: %s\n",
			 filter_error_text(error->id));
	return &filter->head;
}

const char *event_filter_text(const struct event_filter *filter)
{
	return container_of(filter, struct text_filter, head)->text;
}
