/* SPDX-License-Identifier: MIT */
/*
 * jump_label.h - the site of a static branch: a NOP, or a jump over it.
 *
 * A branch on a static key reads no memory. Its site is one instruction of five
 * bytes in the stream of instructions, and an entry of the table __jump_table
 * says where it is, where its jump leads, and which key it belongs to. When the
 * key changes, the patch engine exchanges NOP and jump:
 *
 *	site:  0f 1f 44 00 00   nop			key off, unlikely branch
 *	site:  e9 xx xx xx xx   jmp  to the branch	key on
 *
 * This header is the site alone, for code of every layer. What changes a key is
 * in kernel/jump_label.h.
 */
#pragma once

#include "kernel/lib/types.h"

/* Legend: [J] jump_label_mutex; [A] atomic; [I] set by jump_label_init(). */
struct static_key {
	s32 enabled; /* [A] users; 0: off; -1: the first is being enabled */
	s32 pending; /* [J] users to be, while enabled is -1 */
	u32 first;   /* [I] its sites: places in the list by key */
	u32 nr;	     /* [I] their number */
	bool on;     /* [J] what its sites say */
	bool queued; /* [J] in the list of keys that a batch changes */
	struct static_key *next; /* [J] in that list */
};

/* Two types, so that a site is right for the key's initial value. */
struct static_key_false {
	struct static_key key;
};

struct static_key_true {
	struct static_key key;
};

#define STATIC_KEY_FALSE_INIT \
	{                     \
		.key = { 0 }  \
	}
#define STATIC_KEY_TRUE_INIT                         \
	{                                            \
		.key = { .enabled = 1, .on = true }, \
	}

/*
 * A key has its type by its initial value, and keeps it; the value may change
 * any number of times.
 */
#define DEFINE_STATIC_KEY_FALSE(name) \
	struct static_key_false name = STATIC_KEY_FALSE_INIT
#define DEFINE_STATIC_KEY_TRUE(name) \
	struct static_key_true name = STATIC_KEY_TRUE_INIT
#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define DECLARE_STATIC_KEY_TRUE(name)  extern struct static_key_true name

/*
 * An entry of __jump_table, as the compiler leaves it: code and target are
 * relative to their own places. Bit 0 of key says that the site jumps while the
 * key is off. tests/lint/image.py and tools/noreturn.py read it in this form.
 */
struct jump_entry {
	s32 code;
	s32 target;
	u64 key;
};

static_assert(sizeof(struct jump_entry) == 16, "as the assembly below");
static_assert(__alignof__(struct static_key) > 1, "bit 0 of its address");

/* One entry for the site at label 1. `+ %c1` sets bit 0 of the key. */
#define JUMP_ENTRY                            \
	".pushsection __jump_table, \"aw\"\n" \
	".balign 8\n"                         \
	".long 1b - ., %l[jumps] - .\n"       \
	".quad %c0 + %c1\n"                   \
	".popsection\n"

/* Both return whether the site jumps; @inverted: bit 0 of the entry's key. */
static __always_inline bool static_site_nop(struct static_key *key,
					    bool inverted)
{
	__asm__ goto("1: .byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_ENTRY
		     :
		     : "i"(key), "i"(inverted)
		     :
		     : jumps);
	return false;
jumps:
	return true;
}

static __always_inline bool static_site_jump(struct static_key *key,
					     bool inverted)
{
	__asm__ goto("1: .byte 0xe9\n"
		     ".long %l[jumps] - 2f\n"
		     "2:\n" JUMP_ENTRY
		     :
		     : "i"(key), "i"(inverted)
		     :
		     : jumps);
	return false;
jumps:
	return true;
}

#define STATIC_KEY_IS_TRUE(x) \
	__builtin_types_compatible_p(typeof(*(x)), struct static_key_true)
#define STATIC_KEY_IS_FALSE(x) \
	__builtin_types_compatible_p(typeof(*(x)), struct static_key_false)

/*
 * static_branch_unlikely() - is the key on? The branch lies out of line.
 * static_branch_likely() - the same; the branch lies in line.
 * @x: the address of a static_key_false or static_key_true, a constant
 * Context: any.
 */
#define static_branch_unlikely(x)                                              \
	({                                                                     \
		static_assert(STATIC_KEY_IS_TRUE(x) || STATIC_KEY_IS_FALSE(x), \
			      "a key of one of the two types");                \
		unlikely(STATIC_KEY_IS_TRUE(x) ?                               \
				 static_site_jump(&(x)->key, false) :          \
				 static_site_nop(&(x)->key, false));           \
	})
#define static_branch_likely(x)                                                \
	({                                                                     \
		static_assert(STATIC_KEY_IS_TRUE(x) || STATIC_KEY_IS_FALSE(x), \
			      "a key of one of the two types");                \
		likely(STATIC_KEY_IS_TRUE(x) ?                                 \
			       !static_site_nop(&(x)->key, true) :             \
			       !static_site_jump(&(x)->key, true));            \
	})
