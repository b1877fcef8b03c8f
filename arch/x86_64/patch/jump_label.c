// SPDX-License-Identifier: MIT
/*
 * jump_label.c - static keys: the counts of their users, and the sites that are
 * patched when a key goes on or off.
 *
 * Owns the table of sites, sorted by address, and the list of its places sorted
 * by key. A change marks the places of its keys in a bitmap; the bitmap read
 * upwards is the batch, sorted by address, whatever the number of keys:
 *
 *	by_key   key A: 7 2   key B: 5	  a place for each site, key by key
 *	marked   0 0 1 0 0 1 0 1	  bit 2, 5 and 7: both keys change
 *	batch    sites 2, 5, 7		  in the order of their addresses
 *
 * Invariants J1 to J3: kernel/jump_label.h. A key that goes on has the count -1
 * until its sites are patched (J2): a fast increment needs a count above 0, so
 * it waits for the mutex. A key that goes off has the count 0 before its sites
 * are patched.
 *
 * Context: task, may sleep. Locks: jump_label_mutex, then text_mutex.
 */
#include "kernel/jump_label.h"

#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/mutex.h"
#include <asm/atomic.h>
#include <asm/layout.h>

#define S32_MAX 0x7fffffff

extern struct jump_entry __start___jump_table[], __stop___jump_table[];

static DEFINE_MUTEX(jump_label_mutex);

/* [I] after jump_label_init(); code and target then count from _text */
static struct jump_entry *const table = __start___jump_table;
static u32 *by_key;

static struct text_poke *batch;	   /* [jump_label_mutex] room for all sites */
static unsigned long *marked;	   /* [jump_label_mutex] */
static struct static_key *changed; /* [jump_label_mutex] */

size_t jump_label_count(void)
{
	return __stop___jump_table - __start___jump_table;
}

static struct static_key *entry_key(const struct jump_entry *entry)
{
	return (struct static_key *)(entry->key & ~1UL);
}

static unsigned long entry_code(const struct jump_entry *entry)
{
	return (unsigned long)_text + entry->code;
}

/* The jump of a site. Both ends lie in the text, so it is in reach. */
static __always_inline u64 entry_jump(const struct jump_entry *entry)
{
	u32 distance = (u32)(entry->target - entry->code - INSN_MAX);

	return INSN_WORD(INSN_MAX, INSN_OP_JMP32 | (u64)distance << 8);
}

/* Does a site jump when its key is @on? */
static __always_inline bool entry_jumps(const struct jump_entry *entry, bool on)
{
	return on != (entry->key & 1);
}

/* ---- the table ----------------------------------------------------------- */

static int compare_code(const void *a, const void *b)
{
	const struct jump_entry *left = a, *right = b;

	return left->code < right->code ? -1 : left->code > right->code;
}

/* By key, then by address. */
static int compare_key(const void *a, const void *b)
{
	u32 left = *(const u32 *)a, right = *(const u32 *)b;
	struct static_key *key = entry_key(&table[left]);
	struct static_key *other = entry_key(&table[right]);

	if (key != other)
		return key < other ? -1 : 1;
	return left < right ? -1 : left > right;
}

static void count_from_text(struct jump_entry *entry)
{
	const long text = (long)_text;

	entry->code += (s32)((long)&entry->code - text);
	entry->target += (s32)((long)&entry->target - text);
}

static int alloc_room(size_t n)
{
	by_key = kcalloc(n, sizeof(*by_key));
	batch = kcalloc(n, sizeof(*batch));
	marked = kcalloc(BITS_TO_LONGS(n), sizeof(*marked));
	return by_key && batch && marked ? 0 : -ENOMEM;
}

int jump_label_init(void)
{
	size_t n = jump_label_count(), i;
	struct static_key *key;
	int err = n ? alloc_room(n) : 0;

	if (err)
		return err;
	for (i = 0; i < n; i++) {
		count_from_text(&table[i]);
		by_key[i] = i;
	}
	sort(table, n, sizeof(*table), compare_code);
	sort(by_key, n, sizeof(*by_key), compare_key);
	for (i = 0; i < n; i++) {
		key = entry_key(&table[by_key[i]]);
		if (!key->nr++)
			key->first = i;
	}
	jump_label_check();
	return 0;
}

void jump_label_check(void)
{
	const struct jump_entry *entry;
	u64 word, found;

	mutex_lock(&jump_label_mutex);
	for (entry = table; entry < __stop___jump_table; entry++) {
		word = entry_jumps(entry, entry_key(entry)->on) ?
			       entry_jump(entry) :
			       INSN_NOP5;
		found = insn_load((void *)entry_code(entry), INSN_MAX);
		if (found != word)
			panic("J3: site %pS holds %llx, expected %llx",
			      (void *)entry_code(entry), found, word);
	}
	mutex_unlock(&jump_label_mutex);
}

/* The first site at or above this address. */
static const struct jump_entry *entry_from(unsigned long addr)
{
	const struct jump_entry *low = table, *high = __stop___jump_table, *at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (entry_code(at) < addr)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

bool jump_label_text_reserved(unsigned long start, unsigned long end)
{
	const struct jump_entry *entry = entry_from(start - INSN_MAX + 1);

	return entry < __stop___jump_table && entry_code(entry) < end;
}

/* ---- one batch ----------------------------------------------------------- */

/* Mark the sites of a key whose value is another than they say. */
static void mark_sites(struct static_key *key)
{
	bool on = READ_ONCE(key->enabled) != 0;
	u32 i;

	if (key->on == on)
		return;
	key->on = on;
	for (i = key->first; i < key->first + key->nr; i++)
		__set_bit(by_key[i], marked);
}

/* Make the marked sites the batch, and clear the marks. Return: the number. */
static size_t collect(void)
{
	size_t longs = BITS_TO_LONGS(jump_label_count()), i, nr;
	struct text_poke *poke = batch;
	const struct jump_entry *entry;
	unsigned long word;

	for (i = 0; i < longs; i++) {
		for (word = marked[i]; word; word &= word - 1) {
			nr = i * BITS_PER_LONG + __builtin_ctzl(word);
			entry = &table[nr];
			poke->ip = entry_code(entry);
			poke->old = poke->new = entry_jump(entry);
			if (entry_jumps(entry, entry_key(entry)->on))
				poke->old = INSN_NOP5;
			else
				poke->new = INSN_NOP5;
			poke++;
		}
		marked[i] = 0;
	}
	return poke - batch;
}

static void patch(void)
{
	struct text_poke_bug bug = { 0 };
	size_t n = collect();
	int err;

	if (!n)
		return;
	err = text_poke_prepare(batch, n, &bug);
	if (err)
		panic("J3: %d: site %pS holds %llx, expected %llx", err,
		      (void *)bug.ip, bug.found, bug.expected);
	text_poke_apply(); /* J1 */
}

void static_key_batch_begin(void)
{
	mutex_lock(&jump_label_mutex);
	BUG_ON(!by_key && jump_label_count()); /* not before boot has read it */
}

void static_key_batch_end(void)
{
	struct static_key *key;

	for (key = changed; key; key = key->next)
		mark_sites(key);
	patch();
	while ((key = changed)) {
		changed = key->next;
		key->queued = false;
		/* J2: after the patch; pairs with add_to_users(). */
		if (key->enabled < 0)
			smp_store_release(&key->enabled, key->pending);
	}
	mutex_unlock(&jump_label_mutex);
}

static void queue(struct static_key *key)
{
	if (key->queued)
		return;
	key->queued = true;
	key->next = changed;
	changed = key;
}

/* ---- counts -------------------------------------------------------------- */

/*
 * Add @n to a count that is at least @least. Return: false: it is lower, or the
 * sum would not fit.
 */
static bool add_to_users(struct static_key *key, s32 n, s32 least)
{
	s32 users = READ_ONCE(key->enabled), sum;

	do {
		if (users < least || __builtin_add_overflow(users, n, &sum))
			return false;
	} while (!try_cmpxchg(&key->enabled, &users, sum));
	return true;
}

bool static_key_queue_inc(struct static_key *key)
{
	assert_held(&jump_label_mutex);
	if (add_to_users(key, 1, 1))
		return true;
	if (key->enabled > 0 || (key->enabled < 0 && key->pending == S32_MAX))
		return false;
	if (key->enabled < 0) {
		key->pending++;
		return true;
	}
	key->pending = 1;
	WRITE_ONCE(key->enabled, -1);
	queue(key);
	return true;
}

void static_key_queue_dec(struct static_key *key)
{
	assert_held(&jump_label_mutex);
	if (key->enabled < 0) { /* its first user came in this session */
		if (!--key->pending)
			WRITE_ONCE(key->enabled, 0);
	} else if (!WARN_ON(!add_to_users(key, -1, 1)) && !key->enabled) {
		queue(key);
	}
}

bool static_key_slow_inc(struct static_key *key)
{
	bool done = add_to_users(key, 1, 1);

	if (done)
		return true;
	static_key_batch_begin();
	done = static_key_queue_inc(key);
	static_key_batch_end();
	return done;
}

void static_key_slow_dec(struct static_key *key)
{
	if (add_to_users(key, -1, 2))
		return;
	static_key_batch_begin();
	static_key_queue_dec(key);
	static_key_batch_end();
}

void static_key_enable(struct static_key *key)
{
	static_key_batch_begin();
	if (!key->enabled)
		static_key_queue_inc(key);
	else
		WARN_ON(key->enabled != 1);
	static_key_batch_end();
}

void static_key_disable(struct static_key *key)
{
	static_key_batch_begin();
	if (key->enabled == 1)
		static_key_queue_dec(key);
	else
		WARN_ON(key->enabled);
	static_key_batch_end();
}
