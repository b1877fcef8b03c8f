// SPDX-License-Identifier: MIT
/*
 * kprobe.c - registration of probes.
 *
 * Owns kprobe_mutex, and which probes belong to which place. K6 stands in
 * kprobe_internal.h.
 *
 * A request attaches its probes to their places, which may fail and has no
 * effect on the text; then kprobe_update() makes it so for all places at once,
 * in one batch. If either fails, the probes are detached again.
 *
 * Context and locks: task; kprobe_mutex.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/trace_seq.h"
#include "trace/core/ftrace_internal.h"
#include "trace/probes/kprobe_internal.h"

DEFINE_MUTEX(kprobe_mutex);

/* ---- addresses ---- */

int kprobe_address(const struct kprobe *p, unsigned long *addr)
{
	*addr = (unsigned long)p->addr;
	if (!p->addr == !p->symbol_name)
		return -EINVAL;
	if (p->symbol_name) {
		*addr = kallsyms_lookup_name(p->symbol_name);
		if (!*addr)
			return -ENOENT;
	}
	*addr += p->offset;
	return 0;
}

static void set_flags(struct kprobe *p, const struct kprobe_place *place)
{
	unsigned long off;

	p->flags &= KPROBE_FLAG_DISABLED;
	if (place->on_site) {
		p->flags |= KPROBE_FLAG_FTRACE | KPROBE_FLAG_ON_FUNC_ENTRY;
		p->opcode = *(const u8 *)place->point.addr;
		return;
	}
	if (kallsyms_lookup(place->point.addr, &off, NULL) && !off)
		p->flags |= KPROBE_FLAG_ON_FUNC_ENTRY;
	p->opcode = place->point.arch.bytes[0];
}

static int attach(struct kprobe *p)
{
	struct kprobe_place *place;
	unsigned long addr;
	int err;

	if (p->place)
		return -EINVAL;
	err = kprobe_address(p, &addr);
	if (err)
		return err;
	place = kprobe_place_get(addr);
	if (IS_ERR(place))
		return (int)PTR_ERR(place);
	if (p->post_handler && place->point.arch.no_post)
		return -EOPNOTSUPP;
	list_add_tail(&p->of_place, &place->probes);
	p->place = place;
	p->addr = (kprobe_opcode_t *)addr;
	p->nmissed = 0;
	set_flags(p, place);
	return 0;
}

static void leave_place(struct kprobe *p)
{
	list_del(&p->of_place);
	p->place = NULL;
	p->flags &= KPROBE_FLAG_DISABLED;
}

/* p->addr is again as the caller had set it. */
static void restore_addr(struct kprobe *p)
{
	if (p->symbol_name)
		p->addr = NULL;
	else
		p->addr -= p->offset;
}

/* Of a probe that no handler can see. */
static void detach(struct kprobe *p)
{
	leave_place(p);
	restore_addr(p);
}

/* ---- requests ---- */

static int by_address(const void *a, const void *b)
{
	const struct kprobe_place *const *x = a, *const *y = b;

	return (*x)->point.addr < (*y)->point.addr ?
		       -1 :
		       (*x)->point.addr > (*y)->point.addr;
}

/* Adds the place, unless it is in the request already. */
static void request_add(struct kprobe_request *request,
			struct kprobe_place *place)
{
	if (!place || place->chosen)
		return;
	place->chosen = true;
	request->sorted &= place->point.addr > request->last;
	request->last = place->point.addr;
	request->place[request->n++] = place;
}

static int request_run(struct kprobe_request *request)
{
	if (!request->sorted)
		sort(request->place, request->n, sizeof(struct kprobe_place *),
		     by_address);
	return kprobe_update(request);
}

/* It has no place yet. */
static void request_clear(struct kprobe_request *request)
{
	request->n = 0;
	request->last = 0;
	request->sorted = true;
}

static int request_make(struct kprobe_request *request, size_t room)
{
	static struct kprobe_place *few[2 * KPROBE_SMALL];

	request_clear(request);
	request->place = few;
	if (room > KPROBE_SMALL)
		request->place = kcalloc(2 * room, sizeof(few[0]));
	else
		room = KPROBE_SMALL;
	if (!request->place)
		return -ENOMEM;
	request->some = request->place + room;
	return 0;
}

static void request_free(struct kprobe_request *request, size_t room)
{
	if (room > KPROBE_SMALL)
		kfree(request->place);
}

/* A request of one place: it needs no memory. */
static int update_one(struct kprobe_place *place)
{
	struct kprobe_request request;

	(void)request_make(&request, 1);
	request_add(&request, place);
	return request_run(&request);
}

/* ---- the public functions ---- */

bool kprobe_may_request(void)
{
	return !kprobe_running() && ftrace_may_request();
}

/* Attaches all of them, and adds their places. On an error none is attached. */
static int attach_all(struct kprobe **ps, size_t n,
		      struct kprobe_request *request)
{
	size_t i;
	int err;

	assert_held(&kprobe_mutex);
	for (i = 0; i < n; i++) {
		err = attach(ps[i]);
		if (!err) {
			request_add(request, ps[i]->place);
			continue;
		}
		while (i--) {
			ps[i]->place->chosen = false;
			detach(ps[i]);
		}
		return err;
	}
	return 0;
}

static int register_locked(struct kprobe **ps, size_t n)
{
	struct kprobe_request request;
	size_t i;
	int err;

	err = request_make(&request, n);
	if (err)
		return err;
	err = attach_all(ps, n, &request);
	if (!err) {
		err = request_run(&request);
		for (i = 0; err && i < n; i++)
			detach(ps[i]);
	}
	request_free(&request, n);
	if (err)
		kprobe_reap();
	return err;
}

int register_kprobes(struct kprobe **ps, int num)
{
	int err;

	if (num <= 0)
		return -EINVAL;
	if (!kprobe_may_request())
		return -EDEADLK;
	mutex_lock(&kprobe_mutex);
	err = register_locked(ps, (size_t)num);
	mutex_unlock(&kprobe_mutex);
	return err;
}

int register_kprobe(struct kprobe *p)
{
	return register_kprobes(&p, 1);
}

static void remove(struct kprobe *p, struct kprobe_request *request,
		   struct list_head *removed)
{
	if (!p->place)
		return;
	request_add(request, p->place);
	leave_place(p);
	list_add_tail(&p->of_place, removed);
}

/* A handler under way sees the address until the request has waited for it. */
static void run_removal(struct kprobe_request *request,
			struct list_head *removed)
{
	struct kprobe *p, *next;

	(void)request_run(request); /* it only removes */
	list_for_each_entry_safe(p, next, removed, of_place) {
		list_del(&p->of_place);
		restore_addr(p);
	}
}

void unregister_kprobes(struct kprobe **ps, int num)
{
	LIST_HEAD(removed);
	struct kprobe_request request;
	int i, j, step = num;

	if (num <= 0 || !kprobe_may_request())
		return;
	mutex_lock(&kprobe_mutex);
	if (request_make(&request, (size_t)num)) {
		step = KPROBE_SMALL; /* no memory: a few at a time */
		(void)request_make(&request, KPROBE_SMALL);
	}
	for (i = 0; i < num; i += step) {
		request_clear(&request);
		for (j = i; j < num && j < i + step; j++)
			remove(ps[j], &request, &removed);
		run_removal(&request, &removed);
	}
	request_free(&request, (size_t)step);
	kprobe_reap();
	mutex_unlock(&kprobe_mutex);
}

void unregister_kprobe(struct kprobe *p)
{
	unregister_kprobes(&p, 1);
}

static int set_disabled(struct kprobe *p, bool disabled)
{
	u32 old;
	int err = -EINVAL;

	if (!kprobe_may_request())
		return -EDEADLK;
	mutex_lock(&kprobe_mutex);
	if (p->place) {
		old = p->flags;
		p->flags &= ~KPROBE_FLAG_DISABLED;
		p->flags |= disabled ? KPROBE_FLAG_DISABLED : 0;
		err = p->flags == old ? 0 : update_one(p->place);
		if (err)
			p->flags = old;
	}
	mutex_unlock(&kprobe_mutex);
	return err;
}

int disable_kprobe(struct kprobe *p)
{
	return set_disabled(p, true);
}

int enable_kprobe(struct kprobe *p)
{
	return set_disabled(p, false);
}

static int set_all(bool on)
{
	struct kprobe_request request;
	struct list_head *at;
	size_t n = 0;
	int err;

	for (at = kprobe_places.next; at != &kprobe_places; at = at->next)
		n++;
	err = request_make(&request, n);
	if (err)
		return err;
	for (at = kprobe_places.next; at != &kprobe_places; at = at->next)
		request_add(&request,
			    list_entry(at, struct kprobe_place, link));
	kprobes_on = on;
	err = request_run(&request);
	if (err)
		kprobes_on = !on;
	else
		kretprobes_set_all();
	request_free(&request, n);
	return err;
}

int kprobes_set_all(bool on)
{
	int err = 0;

	if (!kprobe_may_request())
		return -EDEADLK;
	mutex_lock(&kprobe_mutex);
	if (kprobes_on != on)
		err = set_all(on);
	mutex_unlock(&kprobe_mutex);
	return err;
}

bool kprobes_all(void)
{
	return READ_ONCE(kprobes_on);
}

struct kprobe *get_kprobe(void *addr)
{
	struct kprobe_place *place;
	struct kprobe *p = NULL;

	mutex_lock(&kprobe_mutex);
	place = kprobe_place_find((unsigned long)addr);
	if (place && !list_empty(&place->probes))
		p = list_entry(place->probes.next, struct kprobe, of_place);
	mutex_unlock(&kprobe_mutex);
	return p;
}

bool kprobe_blacklisted(unsigned long addr)
{
	return kallsyms_noprobe(addr);
}
