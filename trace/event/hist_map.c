// SPDX-License-Identifier: MIT
/*
 * hist_map.c - a table of sums by key. Invariants HM1 to HM4: hist_map.h.
 *
 * Owns the maps until they are freed. Pure but for memory.
 *
 * Context: creation and release: task; all else: any, NMI included.
 */
#include "trace/event/hist_map.h"

#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include <asm/atomic.h>

static_assert(HIST_SIZE_MIN % HIST_PIECE == 0, "pieces are whole");

/* ---- elements ------------------------------------------------------------ */

/* HM4. Return: the number of a free element; 0: there is none. */
static u32 pop(struct hist_map *map)
{
	u64 head = READ_ONCE(map->free), rest;

	do {
		if (!(u32)head)
			return 0;
		rest = READ_ONCE(map->next[(u32)head - 1]);
	} while (!try_cmpxchg(&map->free, &head,
			      ((head >> 32) + 1) << 32 | rest));
	return head;
}

static void push(struct hist_map *map, u32 number)
{
	u64 head = READ_ONCE(map->free);

	do
		WRITE_ONCE(map->next[number - 1], (u32)head);
	while (!try_cmpxchg(&map->free, &head,
			    ((head >> 32) + 1) << 32 | number));
}

/* ---- keys ---------------------------------------------------------------- */

static u32 hash_of(const struct hist_map *map, const u64 *key)
{
	u64 hash = 0;
	u32 i;

	for (i = 0; i < map->key_words; i++)
		hash = hist_map_mix(hash, key[i]);
	return hash;
}

static bool has_key(const struct hist_map *map, u64 slot, const u64 *key)
{
	const u64 *mine = hist_map_element(map, slot) + map->sums;
	u32 i;

	for (i = 0; i < map->key_words; i++)
		if (mine[i] != key[i])
			return false;
	return true;
}

/* HM2: an element whose sums are 0. Return: its number; 0: none is free. */
static u32 prepare(struct hist_map *map, const u64 *key)
{
	u32 number = pop(map);

	if (number)
		memcpy(hist_map_element(map, number) + map->sums, key,
		       (map->key_words + map->extra_words) * sizeof(*key));
	return number;
}

/*
 * The key is in no slot before @at, which was free: it takes the first one that
 * is (HM1), unless another context inserts the key first.
 */
static noinline u64 *insert(struct hist_map *map, const u64 *key, u32 hash,
			    u32 at)
{
	u32 number = prepare(map, key);
	u64 found;

	for (;; at++) {
		found = READ_ONCE(map->slot[at & map->mask]);
		if (!found && !number) {
			fetch_add(&map->dropped, 1);
			return NULL;
		}
		if (!found && try_cmpxchg(&map->slot[at & map->mask], &found,
					  (u64)hash << 32 | number))
			return hist_map_element(map, number);
		if (found >> 32 == hash && has_key(map, found, key))
			break;
	}
	if (number)
		push(map, number);
	return hist_map_element(map, found);
}

u64 *hist_map_get(struct hist_map *map, const u64 *key)
{
	u32 hash = hash_of(map, key), at = hash;
	u64 found;

	for (;; at++) {
		found = READ_ONCE(map->slot[at & map->mask]);
		if (unlikely(!found))
			return insert(map, key, hash, at);
		if (likely(found >> 32 == hash && has_key(map, found, key)))
			return hist_map_element(map, found);
	}
}

const u64 *hist_map_next(const struct hist_map *map, u32 *slot)
{
	u64 found = 0;

	while (!found && *slot < 2 * map->size)
		found = READ_ONCE(map->slot[(*slot)++]);
	return found ? hist_map_element(map, found) : NULL;
}

/* ---- creation ------------------------------------------------------------ */

void hist_map_free(struct hist_map *map)
{
	u32 i;

	if (!map)
		return;
	for (i = 0; i < map->size / HIST_PIECE; i++)
		kfree(map->piece[i]);
	kfree(map->next);
	kfree(map->slot);
	kfree(map);
}

static bool allocate(struct hist_map *map)
{
	u32 i;

	map->slot = kcalloc(2 * map->size, sizeof(*map->slot));
	map->next = kcalloc(map->size, sizeof(*map->next));
	if (!map->slot || !map->next)
		return false;
	for (i = 0; i < map->size / HIST_PIECE; i++) {
		map->piece[i] = kcalloc(HIST_PIECE, map->words * sizeof(u64));
		if (!map->piece[i])
			return false;
	}
	return true;
}

struct hist_map *hist_map_create(u32 size, u32 sums, u32 key_words,
				 u32 extra_words)
{
	struct hist_map *map = kzalloc(
		sizeof(*map) + size / HIST_PIECE * sizeof(map->piece[0]));
	u32 i;

	if (!map)
		return NULL;
	map->size = size;
	map->mask = 2 * size - 1;
	map->sums = sums;
	map->key_words = key_words;
	map->extra_words = extra_words;
	map->words = sums + key_words + extra_words;
	if (!allocate(map)) {
		hist_map_free(map);
		return NULL;
	}
	for (i = 0; i < size - 1; i++)
		map->next[i] = i + 2;
	map->free = 1;
	return map;
}
