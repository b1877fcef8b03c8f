// SPDX-License-Identifier: MIT
/*
 * probe_fetch.c - what the arguments of a probe are at a hit.
 *
 * Owns nothing. PE6 stands in probe_fetch.h.
 *
 * Context: probe.
 */
#include "trace/probes/probe_fetch.h"

#include "arch/x86_64/mm/paging.h"
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include <asm/pt_regs.h>

/* ---- memory -------------------------------------------------------------- */

bool probe_read(void *to, unsigned long addr, size_t size)
{
	const void *at;
	size_t n;

	while (size) {
		n = min(paging_peek(addr, &at), size); /* PE6 */
		if (!n)
			return false;
		memcpy(to, at, n);
		to = (char *)to + n;
		addr += n;
		size -= n;
	}
	return true;
}

u32 probe_read_string(char *to, unsigned long addr, u32 size)
{
	const void *at;
	u32 done = 0;
	size_t n, len;

	while (done < size) {
		n = min(paging_peek(addr + done, &at), (size_t)(size - done));
		if (!n)
			return 0; /* PE6 */
		len = strnlen(at, n);
		memcpy(to + done, at, len);
		done += (u32)len;
		if (len < n) {
			to[done] = '\0';
			return done + 1;
		}
	}
	if (size)
		to[size - 1] = '\0';
	return size;
}

/* Up to 8 bytes at @addr, as a number. Return: false: they cannot be read. */
static __always_inline bool read_number(unsigned long addr, unsigned int size,
					u64 *value)
{
	const void *at;

	*value = 0;
	if (unlikely(paging_peek(addr, &at) < size))
		return probe_read(value, addr, size);
	if (likely(size == 8)) {
		*value = *(const u64 *)at;
		return true;
	}
	switch (size) {
	case 4:
		*value = *(const u32 *)at;
		break;
	case 2:
		*value = *(const u16 *)at;
		break;
	default:
		*value = *(const u8 *)at;
	}
	return true;
}

/* ---- steps --------------------------------------------------------------- */

static bool begin(const struct probe_step *step, const struct pt_regs *regs,
		  u64 *value)
{
	switch (step->op) {
	case PROBE_OP_STACK:
		return read_number(regs->sp + (u64)step->value * 8, 8, value);
	case PROBE_OP_IMM:
		*value = (u64)step->value;
		return true;
	default: /* PROBE_OP_COMM, PROBE_OP_TEXT: no number */
		*value = 0;
		return true;
	}
}

/* The first @n steps. Return: false: a memory of them cannot be read. */
static __always_inline bool walk(const struct probe_arg *arg, unsigned int n,
				 const struct pt_regs *regs, u64 *value)
{
	const struct probe_step *step = arg->step, *end = step + n;

	if (likely(step->op == PROBE_OP_REG))
		*value = *(const u64 *)((const char *)regs + step->value);
	else if (!begin(step, regs, value))
		return false;
	for (step++; step < end; step++)
		if (step->op != PROBE_OP_DEREF ||
		    !read_number(*value + (u64)step->value, 8, value))
			return false;
	return true;
}

static const struct probe_step *last(const struct probe_arg *arg)
{
	return &arg->step[arg->n_steps - 1];
}

static __always_inline void put(void *to, u64 value, unsigned int size)
{
	if (likely(size == 8)) {
		*(u64 *)to = value;
		return;
	}
	switch (size) {
	case 4:
		*(u32 *)to = (u32)value;
		break;
	case 2:
		*(u16 *)to = (u16)value;
		break;
	default:
		*(u8 *)to = (u8)value;
	}
}

/* The shifts take the bits out of a container of @size bytes. */
static u64 bits_of(const struct probe_arg *arg, u64 value)
{
	u64 mask = arg->size == 8 ? ~0ULL : BIT(arg->size * 8) - 1;

	return (value << arg->left & mask) >> arg->right;
}

/* Numbers in memory: one, or an array of them. */
static void store_memory(const struct probe_arg *arg,
			 const struct pt_regs *regs, char *to)
{
	u64 addr = 0, value;
	unsigned int i;
	bool ok = walk(arg, arg->n_steps - 1u, regs, &addr) &&
		  last(arg)->op == PROBE_OP_DEREF;

	addr += (u64)last(arg)->value;
	for (i = 0; i < probe_elements(arg); i++) {
		if (!ok ||
		    !read_number(addr + i * arg->size, arg->size, &value))
			value = 0; /* PE6 */
		put(to + i * arg->size,
		    arg->right ? bits_of(arg, value) : value, arg->size);
	}
}

static void store_number(const struct probe_arg *arg,
			 const struct pt_regs *regs, char *to)
{
	u64 value;

	if (last(arg)->op >= PROBE_OP_DEREF) {
		store_memory(arg, regs, to);
		return;
	}
	if (unlikely(!walk(arg, arg->n_steps, regs, &value)))
		value = 0; /* PE6 */
	put(to, arg->right ? bits_of(arg, value) : value, arg->size);
}

/* ---- texts --------------------------------------------------------------- */

static u32 put_text(char *to, const char *text, size_t len, u32 room)
{
	if (!room)
		return 0;
	len = min(len, (size_t)room - 1);
	memcpy(to, text, len);
	to[len] = '\0';
	return (u32)len + 1;
}

/* A text that is put together; printf() may be traced, so it is not used. */
struct text {
	char buf[160];
	u32 len;
};

static void add_text(struct text *text, const char *more)
{
	while (*more && text->len < sizeof(text->buf))
		text->buf[text->len++] = *more++;
}

static void add_hex(struct text *text, u64 n)
{
	char digits[19];
	unsigned int at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n);
	digits[--at] = 'x';
	digits[--at] = '0';
	add_text(text, digits + at);
}

/* The symbol at a value, as %pS prints it. */
static u32 put_symbol(char *to, u64 value, u32 room)
{
	struct text text = { .len = 0 };
	unsigned long offset, size;
	const char *name = kallsyms_lookup(value, &offset, &size);

	if (name) {
		add_text(&text, name);
		add_text(&text, "+");
		add_hex(&text, offset);
		add_text(&text, "/");
		add_hex(&text, size);
	} else {
		add_hex(&text, value);
	}
	return put_text(to, text.buf, text.len, room);
}

/* Element @i. Return: the bytes put, with the NUL; 0: it cannot be read. */
static u32 fetch_text(const struct probe_arg *arg, unsigned int i,
		      const struct pt_regs *regs, char *to, u32 room)
{
	const struct probe_step *step = last(arg);
	bool memory = step->op == PROBE_OP_DEREF;
	u64 value;

	if (step->op == PROBE_OP_COMM)
		return put_text(to, current->comm,
				strnlen(current->comm, TASK_COMM_LEN), room);
	if (step->op == PROBE_OP_TEXT)
		return put_text(to, arg->text + arg->text_at, arg->text_len,
				room);
	if (step->op == PROBE_OP_USER || arg->type->user)
		return 0; /* there is no user memory */
	if (!walk(arg, arg->n_steps - memory, regs, &value))
		return 0;
	value += memory ? (u64)step->value + i * 8 : 0;
	if (memory && (arg->count || arg->type->store == PROBE_STORE_SYMSTR) &&
	    !read_number(value, 8, &value))
		return 0;
	if (arg->type->store == PROBE_STORE_SYMSTR)
		return put_symbol(to, value, room);
	return probe_read_string(to, value, room);
}

/* Return: the end of the record behind the texts. */
static u32 store_texts(const struct probe_arg *arg, const struct pt_regs *regs,
		       char *record, u32 end, u32 room)
{
	u32 *loc = (u32 *)(record + arg->offset);
	unsigned int i;

	for (i = 0; i < probe_elements(arg); i++) {
		u32 n = fetch_text(arg, i, regs, record + end, room - end);

		loc[i] = n << 16 | end;
		end += n;
	}
	return end;
}

/* The memory at a register's value. Return: false: it cannot be read. */
static __always_inline bool follow(const struct probe_arg *arg, u64 *value)
{
	const struct probe_step *step = arg->step + 1;
	const struct probe_step *end = arg->step + arg->n_steps - 1;

	for (; step < end; step++)
		if (!read_number(*value + (u64)step->value, 8, value))
			return false;
	return read_number(*value + (u64)step->value, arg->size, value);
}

/* Any argument. Return: the end of the record. */
static noinline u32 store_any(const struct probe_arg *arg,
			      const struct pt_regs *regs, char *record, u32 end,
			      u32 room)
{
	if (arg->type->store != PROBE_STORE_NUMBER)
		return store_texts(arg, regs, record, end, room);
	store_number(arg, regs, record + arg->offset);
	return end;
}

u32 probe_fetch_all(const struct probe_def *def, const struct pt_regs *regs,
		    void *record, u32 room)
{
	const struct probe_arg *arg = def->arg, *end = arg + def->n_args;
	u32 size = def->size;
	u64 value;

	for (; arg < end; arg++) {
		if (unlikely(arg->how == PROBE_HOW_STEPS)) {
			size = store_any(arg, regs, record, size, room);
			continue;
		}
		value = *(const u64 *)((const char *)regs + arg->step->value);
		if (arg->how == PROBE_HOW_MEMORY && !follow(arg, &value))
			value = 0; /* PE6 */
		put((char *)record + arg->offset, value, arg->size);
	}
	return size;
}

bool probe_has_texts(const struct probe_def *def)
{
	unsigned int i;

	for (i = 0; i < def->n_args; i++)
		if (def->arg[i].type->store != PROBE_STORE_NUMBER)
			return true;
	return false;
}

bool probe_uses_stack(const struct probe_def *def)
{
	const struct probe_step *step;
	unsigned int i;

	for (i = 0; i < def->n_args; i++) {
		step = &def->arg[i].step[0];
		if (step->op == PROBE_OP_STACK ||
		    (step->op == PROBE_OP_REG &&
		     step->value == offsetof(struct pt_regs, sp)))
			return true;
	}
	return false;
}
