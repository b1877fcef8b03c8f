/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists with a head, links embedded in the elements.
 * Pure; everything is inlined, so notrace code may use it.  No locking here.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * A head that is alone, or a link in an element. Both point to themselves when
 * they are empty.
 */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

/*
 * For heads that are not static. A link needs it only if list_empty() asks it
 * before it is first added.
 */
static __always_inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

/*
 * Of a head: no element. Of an element that list_del_init() removed: it is on
 * no list.
 */
static __always_inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

/* Is @entry the last element of the list @head? */
static __always_inline bool list_is_last(const struct list_head *entry,
					 const struct list_head *head)
{
	return entry->next == head;
}

/* Between two neighbours, which the caller knows to be neighbours. */
static __always_inline void list_insert(struct list_head *entry,
					struct list_head *prev,
					struct list_head *next)
{
	entry->next = next;
	entry->prev = prev;
	next->prev = entry;
	prev->next = entry;
}

/* At the front: the order of a stack. */
static __always_inline void list_add(struct list_head *entry,
				     struct list_head *head)
{
	list_insert(entry, head, head->next);
}

/* At the back: the order of a queue. */
static __always_inline void list_add_tail(struct list_head *entry,
					  struct list_head *head)
{
	list_insert(entry, head->prev, head);
}

/* The entry becomes empty: list_empty(entry) is true while it is on no list. */
static __always_inline void list_del_init(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	INIT_LIST_HEAD(entry);
}

/* The entry gets links that fault if they are used again. */
static __always_inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = (struct list_head *)0x100;
	entry->prev = (struct list_head *)0x122;
}

/* From its list, which may be @head itself, to the front of @head. */
static __always_inline void list_move(struct list_head *entry,
				      struct list_head *head)
{
	list_del_init(entry);
	list_add(entry, head);
}

/* The same, to the back. */
static __always_inline void list_move_tail(struct list_head *entry,
					   struct list_head *head)
{
	list_del_init(entry);
	list_add_tail(entry, head);
}

/* Moves all of @from to the front of @to; @from is empty afterwards. */
static __always_inline void list_splice_init(struct list_head *from,
					     struct list_head *to)
{
	struct list_head *first = from->next, *last = from->prev;

	if (list_empty(from))
		return;
	first->prev = to;
	last->next = to->next;
	to->next->prev = last;
	to->next = first;
	INIT_LIST_HEAD(from);
}

/*
 * From a link to the element that embeds it. The list must have the element
 * that is asked for, but for _or_null: the head is no element, and its address
 * is not checked.
 */
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/* The body may not remove @pos, but it may leave the loop. */
#define list_for_each(pos, head) \
	for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

#define list_for_each_entry(pos, head, member)                           \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); (pos) = list_next_entry(pos, member))

/* From the last to the first. */
#define list_for_each_entry_reverse(pos, head, member)                  \
	for ((pos) = list_last_entry(head, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); (pos) = list_prev_entry(pos, member))

/* The loop body may delete @pos. */
#define list_for_each_entry_safe(pos, n, head, member)                   \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member), \
	    (n) = list_next_entry(pos, member);                          \
	     &(pos)->member != (head);                                   \
	     (pos) = (n), (n) = list_next_entry(n, member))
