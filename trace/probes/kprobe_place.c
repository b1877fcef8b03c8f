// SPDX-License-Identifier: MIT
/*
 * kprobe_place.c - the probed addresses: made, armed, disarmed, freed.
 *
 * Owns kprobe_places and the lists of handlers. K4 to K6 stand in
 * kprobe_internal.h.
 *
 * Context and locks: task; kprobe_mutex.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/quiesce.h"
#include "trace/core/ftrace_internal.h"
#include "trace/probes/kprobe_internal.h"
#include <asm/barrier.h>

LIST_HEAD(kprobe_places);
bool kprobes_on = true;

struct kprobe_place *kprobe_place_find(unsigned long addr)
{
	struct kprobe_point *point = kprobe_find(addr);

	if (!point || point->addr != addr)
		return NULL;
	return place_of_point(point);
}

/* Sets what depends on the address alone. */
static int place_init(struct kprobe_place *place, unsigned long addr)
{
	static struct dyn_ftrace *last; /* probes often come in a row */
	struct dyn_ftrace *rec = ftrace_rec_find_next(last, addr);
	int err;

	place->point.addr = addr;
	place->on_site = rec != NULL;
	if (rec) { /* the start of a function that may be traced */
		last = rec;
		return rec->flags & FTRACE_FL_DISABLED ? -EINVAL : 0;
	}
	if (!kallsyms_lookup(addr, NULL, NULL) || kprobe_blacklisted(addr))
		return -EINVAL;
	err = arch_kprobe_prepare(&place->point.arch, addr);
	if (!err)
		place->second.addr =
			arch_kprobe_second_int3(&place->point.arch);
	return err;
}

struct kprobe_place *kprobe_place_get(unsigned long addr)
{
	struct kprobe_place *place = kprobe_place_find(addr);
	int err;

	if (place)
		return place;
	place = kprobe_room_take();
	if (!place)
		return ERR_PTR(-ENOMEM);
	err = place_init(place, addr);
	if (err) {
		kprobe_room_give(place);
		return ERR_PTR(err);
	}
	INIT_LIST_HEAD(&place->probes);
	list_add_tail(&place->link, &kprobe_places);
	place->key.addr = addr;
	place->key.point = place->second.point = &place->point;
	place->site.ret = addr + MCOUNT_INSN_SIZE;
	kprobe_publish(place);
	return place;
}

/* ---- lists ---- */

static bool is_enabled(struct list_head *at)
{
	return !(list_entry(at, struct kprobe, of_place)->flags &
		 KPROBE_FLAG_DISABLED);
}

static unsigned int count_enabled(const struct kprobe_place *place)
{
	struct list_head *at;
	unsigned int n = 0;

	for (at = place->probes.next; at != &place->probes; at = at->next)
		n += is_enabled(at);
	return n;
}

/* The first list of a place with one probe lies in the place itself. */
static struct kprobe_list *alloc_list(struct kprobe_place *place,
				      unsigned int n)
{
	if (n > 1 || place->first_used)
		return kzalloc(sizeof(struct kprobe_list) +
			       n * sizeof(struct kprobe *));
	place->first_used = true;
	return &place->first.list;
}

static void free_list(struct kprobe_place *place)
{
	if (place->built != &place->first.list)
		kfree(place->built);
	place->built = NULL;
}

/* Sets ->built; NULL if no handler is to be called. */
static int build_list(struct kprobe_place *place)
{
	unsigned int n = kprobes_on ? count_enabled(place) : 0;
	struct kprobe_list *list;
	struct list_head *at;
	struct kprobe *p;

	place->built = NULL;
	if (!n)
		return 0;
	list = alloc_list(place, n);
	if (!list)
		return -ENOMEM;
	for (at = place->probes.next; at != &place->probes; at = at->next) {
		if (!is_enabled(at))
			continue;
		p = list_entry(at, struct kprobe, of_place);
		list->probe[list->n++] = p;
		list->post |= p->post_handler != NULL;
	}
	list->simple = list->n == 1 && !list->post &&
		       list->probe[0]->pre_handler;
	place->built = list;
	return 0;
}

/* The probe that the trampoline of sites may call by itself, or NULL. */
static struct kprobe *alone_in(const struct kprobe_list *list)
{
	return list && list->simple ? list->probe[0] : NULL;
}

/* The place gets ->built, once, and ->built is then its old list. */
static void publish_list(struct kprobe_place *place)
{
	struct kprobe_list *old = (struct kprobe_list *)place->point.list;

	if (place->published)
		return;
	smp_store_release(&place->point.list, place->built);
	smp_store_release(&place->site.alone, alone_in(place->built));
	place->built = old;
	place->published = true;
}

static void unpublish_list(struct kprobe_place *place)
{
	place->published = false;
	publish_list(place);
	place->published = false;
}

/* Stands for a removed probe where there is no memory for a shorter list. */
static struct kprobe nobody;

static void blank_removed(struct kprobe_place *place)
{
	struct kprobe_list *list = (struct kprobe_list *)place->point.list;
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (!list->probe[i]->place ||
		    list->probe[i]->flags & KPROBE_FLAG_DISABLED)
			WRITE_ONCE(list->probe[i], &nobody);
	WRITE_ONCE(place->site.alone, NULL);
	place->blanked = place->published = true; /* ->built stays NULL */
}

/* Sets what the request says of its places. */
static void look_at_places(struct kprobe_request *request)
{
	bool int3s = false, known = false;
	size_t i;

	for (i = 0; i < request->n; i++) {
		struct kprobe_place *place = request->place[i];

		int3s |= !place->on_site;
		known |= place->armed | (place->point.list != NULL);
		place->chosen = place->published = place->blanked = false;
	}
	request->int3s = int3s;
	request->known = known;
}

/* A place that only loses probes cannot fail. */
static int build_lists(const struct kprobe_request *request)
{
	size_t i;
	int err;

	for (i = 0; i < request->n; i++) {
		struct kprobe_place *place = request->place[i];

		err = build_list(place);
		if (!err)
			continue;
		if (!place->point.list ||
		    count_enabled(place) >= place->point.list->n)
			return err;
		blank_removed(place);
	}
	return 0;
}

/* Frees ->built of all: lists that were not published, or old ones. */
static void free_built(const struct kprobe_request *request)
{
	bool any = false;
	size_t i;

	for (i = 0; i < request->n; i++)
		any |= request->place[i]->built || request->place[i]->blanked;
	if (any)
		synchronize_cpus(); /* K5 */
	for (i = 0; i < request->n; i++)
		free_list(request->place[i]);
}

/* ---- arming ---- */

/*
 * To request->some: the places at sites that need another ops before their new
 * lists are published. Return: their number.
 */
static size_t pick_sites(const struct kprobe_request *request)
{
	enum kprobe_site_ops want;
	size_t i, n = 0;

	for (i = 0; i < request->n; i++) {
		struct kprobe_place *place = request->place[i];

		if (!place->on_site || !place->built)
			continue;
		want = place->built->post ? KPROBE_SITE_POST :
		       place->has	  ?:
					    KPROBE_SITE_PLAIN;
		place->want = want;
		if (want != place->has)
			request->some[n++] = place;
	}
	return n;
}

/* The same afterwards: what the new lists do not need any more. */
static size_t pick_spare_sites(const struct kprobe_request *request)
{
	size_t i, n = 0;

	for (i = 0; i < request->n; i++) {
		struct kprobe_place *place = request->place[i];
		const struct kprobe_list *list = place->point.list;

		if (!place->on_site || !place->armed || (list && list->post))
			continue;
		place->want = list ? KPROBE_SITE_PLAIN : KPROBE_SITE_NONE;
		if (place->want != place->has)
			request->some[n++] = place;
	}
	return n;
}

/* Those with an INT3 that are to be armed, or disarmed; from number @from on */
static size_t pick_int3s(const struct kprobe_request *request, size_t from,
			 bool on)
{
	size_t i, n = from;

	for (i = 0; i < request->n && request->int3s; i++) {
		struct kprobe_place *place = request->place[i];
		bool wanted = on ? place->built != NULL : !place->point.list;

		if (!place->on_site && place->armed != on && wanted)
			request->some[n++] = place;
	}
	return n - from;
}

static_assert(offsetof(struct kprobe_place, point) == 0, "arm_int3s() casts");

static int arm_int3s(struct kprobe_place **places, size_t n, bool on)
{
	size_t i;
	int err;

	err = n ? arch_kprobe_arm((struct kprobe_point **)places, n, on) : 0;
	for (i = 0; !err && i < n; i++)
		places[i]->armed = on;
	return err;
}

/*
 * Arms the places that shall have a list and are not armed. Their lists are
 * published first, because a hit may come at once.
 */
static int arm_new(const struct kprobe_request *request)
{
	struct kprobe_place **some = request->some;
	size_t sites = pick_sites(request), i;
	size_t int3s = pick_int3s(request, sites, true);
	int err;

	for (i = 0; i < sites + int3s; i++) {
		if (!some[i]->armed)
			publish_list(some[i]);
		some[i]->was_armed = true;
	}
	err = kprobe_sites_set(some, sites);
	if (err)
		goto unpublish;
	err = arm_int3s(some + sites, int3s, true);
	if (!err)
		return 0;
	kprobe_sites_undo(some, sites);
unpublish:
	for (i = 0; i < sites + int3s; i++)
		if (some[i]->published)
			unpublish_list(some[i]);
	return err;
}

/* What cannot be disarmed stays armed: see kprobe_update(). */
static void disarm_unwanted(const struct kprobe_request *request)
{
	size_t n = pick_spare_sites(request);

	(void)kprobe_sites_set(request->some, n);
	n = pick_int3s(request, 0, false);
	(void)arm_int3s(request->some, n, false);
}

int kprobe_update(struct kprobe_request *request)
{
	size_t i;
	int err;

	look_at_places(request);
	err = build_lists(request);
	if (!err)
		err = arm_new(request);
	if (!err && request->known) {
		for (i = 0; i < request->n; i++)
			publish_list(request->place[i]);
		disarm_unwanted(request);
	}
	if (err || request->known) /* else the lists are the first ones */
		free_built(request);
	return err;
}

/* ---- freeing ---- */

/* Moves those that are not needed to @dead. Return: was one of them armed? */
static bool take_dead(struct list_head *dead)
{
	struct list_head *at, *next;
	struct kprobe_place *place;
	bool was_armed = false;

	for (at = kprobe_places.next; at != &kprobe_places; at = next) {
		next = at->next;
		place = list_entry(at, struct kprobe_place, link);
		if (place->armed || !list_empty(&place->probes))
			continue;
		list_move_tail(&place->link, dead);
		was_armed |= place->was_armed;
	}
	return was_armed;
}

void kprobe_reap(void)
{
	struct kprobe_place *place;
	LIST_HEAD(dead);
	struct list_head *at;

	assert_held(&kprobe_mutex);
	if (take_dead(&dead))
		arch_kprobe_wait(); /* K3 */
	if (list_empty(&dead))
		return;
	for (at = dead.next; at != &dead; at = at->next)
		kprobe_unpublish(list_entry(at, struct kprobe_place, link));
	synchronize_cpus(); /* K5 */
	while (!list_empty(&dead)) {
		place = list_entry(dead.next, struct kprobe_place, link);
		list_del(&place->link);
		arch_kprobe_release(&place->point.arch);
		kprobe_room_give(place);
	}
}
