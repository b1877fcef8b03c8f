/* SPDX-License-Identifier: MIT */
/*
 * jump_label.h - static keys: flags whose test costs one NOP, and whose change
 * patches every place that tests them.
 *
 *	DEFINE_STATIC_KEY_FALSE(feature);
 *	if (static_branch_unlikely(&feature)) ...	in any context
 *	static_branch_enable(&feature);			in a task
 *
 * A key is either a switch (enable, disable) or has users (inc, dec); the two
 * must not be mixed on one key. All sites of all keys that one call or one
 * static_key_batch_ session changes are one batch: three sync rounds, whatever
 * the numbers.
 *
 * J1  When a change has returned, no CPU passes a site in the old way.
 * J2  The first inc of a key returns after its sites are patched; any other inc
 *     that begins before that waits for it. So a user never runs with its key
 *     still off.
 * J3  The bytes of each site are those of its key's value, whenever
 *     jump_label_mutex is free.
 *
 * Context of all changes: task, may sleep, no spinlock held; not inside a batch
 * of the caller's own. They cannot fail: memory for the largest batch is
 * allocated at boot. Locks: jump_label_mutex, and text_mutex under it.
 */
#pragma once

#include <asm/barrier.h>
#include <asm/jump_label.h>

/*
 * jump_label_init() - read the table of sites
 * Before this no key may change. Context: boot. Return: 0; -ENOMEM.
 */
int jump_label_init(void);

/* The number of sites in the image. */
size_t jump_label_count(void);

/* The number of users; 1 while the first is being enabled. */
static inline int static_key_count(const struct static_key *key)
{
	s32 n = READ_ONCE(key->enabled);

	return n < 0 ? 1 : n;
}

static inline bool static_key_enabled(const struct static_key *key)
{
	return static_key_count(key) > 0;
}

/*
 * static_key_slow_inc() - add a user. Return: false: there are INT_MAX already,
 * and nothing has changed.
 * static_key_slow_dec() - remove a user. With none it warns and changes
 * nothing.
 * static_key_enable(), static_key_disable() - set to 1, to 0. They warn and
 * change nothing if the key has more than one user.
 */
bool static_key_slow_inc(struct static_key *key);
void static_key_slow_dec(struct static_key *key);
void static_key_enable(struct static_key *key);
void static_key_disable(struct static_key *key);

#define static_branch_inc(x)	 static_key_slow_inc(&(x)->key)
#define static_branch_dec(x)	 static_key_slow_dec(&(x)->key)
#define static_branch_enable(x)	 static_key_enable(&(x)->key)
#define static_branch_disable(x) static_key_disable(&(x)->key)

/*
 * A session that changes any number of keys in one batch. begin takes
 * jump_label_mutex; the two forms of queue change counts; end patches the sites
 * of all keys whose value is another than before, and releases the mutex.
 */
void static_key_batch_begin(void);
bool static_key_queue_inc(struct static_key *key);
void static_key_queue_dec(struct static_key *key);
void static_key_batch_end(void);

/*
 * jump_label_text_reserved() - does a site overlap [start, end)?
 * For others that change instructions. Context: any.
 */
bool jump_label_text_reserved(unsigned long start, unsigned long end);

/* Does each site hold the bytes of its key's value (J3)? Else panics. */
void jump_label_check(void);
