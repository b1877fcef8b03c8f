// SPDX-License-Identifier: MIT
/*
 * kprobe_room.c - memory of places: a thousand probes are registered in one
 * request, and each of them needs one.
 *
 * Owns the rooms, which are pages of places. A room without places is freed at
 * once.
 *
 * Context and locks: task; [K] kprobe_mutex.
 */
#include "kernel/base/page.h"
#include "kernel/lib/string.h"
#include "trace/probes/kprobe_internal.h"

#define POISON 0x6b /* of what has been given back */

struct room {
	struct list_head link;	   /* [K] in rooms, unless it is full */
	struct kprobe_place *free; /* [K] given back */
	unsigned int begun;	   /* [K] so many were taken once */
	unsigned int used;	   /* [K] */
	struct kprobe_place place[];
};

#define ROOM_PLACES \
	((PAGE_SIZE - sizeof(struct room)) / sizeof(struct kprobe_place))

static LIST_HEAD(rooms);

static struct room *room_with_space(void)
{
	struct room *room;

	if (!list_empty(&rooms))
		return list_first_entry(&rooms, struct room, link);
	room = alloc_page();
	if (!room)
		return NULL;
	room->free = NULL;
	room->begun = room->used = 0;
	list_add(&room->link, &rooms);
	return room;
}

/* Of one that has been given back: the next one. */
static struct kprobe_place **next_free(struct kprobe_place *place)
{
	return (struct kprobe_place **)place;
}

struct kprobe_place *kprobe_room_take(void)
{
	struct room *room = room_with_space();
	struct kprobe_place *place;

	if (!room)
		return NULL;
	place = room->free;
	if (place)
		room->free = *next_free(place);
	else
		place = &room->place[room->begun++];
	if (++room->used == ROOM_PLACES)
		list_del(&room->link);
	*place = (struct kprobe_place){ 0 };
	return place;
}

void kprobe_room_give(struct kprobe_place *place)
{
	struct room *room =
		(struct room *)((unsigned long)place & ~(PAGE_SIZE - 1));

	memset(place, POISON, sizeof(*place));
	*next_free(place) = room->free;
	room->free = place;
	if (room->used-- == ROOM_PLACES)
		list_add(&room->link, &rooms);
	if (room->used)
		return;
	list_del(&room->link);
	free_page(room);
}
