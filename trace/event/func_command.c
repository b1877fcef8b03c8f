// SPDX-License-Identifier: MIT
/*
 * func_command.c - function commands: actions when a function is called.
 *
 * Owns the commands of each trace. A command has a table of its functions, in
 * rising order of address, which callbacks search without a lock. A table has
 * room for no addition: a larger one takes its place. A removal empties places
 * and so needs no memory. Invariants FC1 to FC4: func_command.h.
 *
 * Context: task, trace_lock held. func_command_hit.c has the callbacks.
 */
#include "trace/event/func_command.h"

#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "trace/event/func_command_internal.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_dumper.h"
#include "trace/trace_internal.h"

/* ---- tables -------------------------------------------------------------- */

static struct func_command *find(const struct trace_array *tr,
				 const struct func_command_spec *spec)
{
	struct func_command *command = tr->func_commands;

	while (command && (command->kind != spec->kind ||
			   command->counted != spec->counted))
		command = command->next;
	return command;
}

static void drop_site(struct func_site *site)
{
	if (site->target)
		trace_event_soft_mode(site->target, false);
	kfree(site);
}

static struct func_site *make_site(const struct func_command_spec *spec)
{
	struct func_site *site = kmalloc(sizeof(*site));

	if (!site)
		return NULL;
	site->left = spec->counted ? spec->count : EVENT_TRIGGER_UNLIMITED;
	site->target = spec->target;
	if (site->target && trace_event_soft_mode(site->target, true)) {
		kfree(site);
		return NULL;
	}
	return site;
}

/* An addition: the table that is to be, and what is new in it. */
struct addition {
	struct func_table *table;
	unsigned long *ips;
	size_t n;
};

/*
 * Merge the places of @old (or NULL) that have a site and the functions of
 * @hash; those that were not there are noted in ips and have no site yet.
 */
static void merge(struct addition *add, const struct func_table *old,
		  const struct ftrace_hash *hash)
{
	size_t i = 0, j = 0, n = 0, count = ftrace_hash_count(hash);
	size_t had = old ? old->n : 0;
	unsigned long ip;

	while (i < had || j < count) {
		ip = j < count ? ftrace_rec_ip(ftrace_hash_rec(hash, j)) : ~0UL;
		if (i < had && old->at[i].ip <= ip) {
			j += old->at[i].ip == ip && old->at[i].site;
			if (old->at[i].site)
				add->table->at[n++] = old->at[i];
			i++;
			continue;
		}
		add->table->at[n++] = (struct func_place){ ip, NULL };
		add->ips[add->n++] = ip;
		j++;
	}
	add->table->n = n;
}

/* Free the sites that only the addition has, and its memory. */
static void addition_undo(struct addition *add)
{
	size_t i, j = 0;

	for (i = 0; add->table && j < add->n; i++) {
		if (add->table->at[i].ip != add->ips[j])
			continue;
		if (add->table->at[i].site)
			drop_site(add->table->at[i].site);
		j++;
	}
	kfree(add->table);
	kfree(add->ips);
}

static int addition_make(struct addition *add, const struct func_table *old,
			 const struct func_command_spec *spec,
			 const struct ftrace_hash *hash)
{
	size_t i, count = ftrace_hash_count(hash);
	struct func_place *place;

	*add = (struct addition){ 0 };
	add->ips = kmalloc((count + 1) * sizeof(add->ips[0]));
	add->table = kmalloc(sizeof(*add->table) +
			     (count + (old ? old->n : 0)) * sizeof(*place));
	if (!add->ips || !add->table)
		return -ENOMEM;
	merge(add, old, hash);
	if (!add->n)
		return -EINVAL;
	for (i = 0; i < add->table->n; i++) {
		place = &add->table->at[i];
		if (!place->site)
			place->site = make_site(spec);
		if (!place->site)
			return -ENOMEM;
	}
	return 0;
}

/* ---- adding -------------------------------------------------------------- */

enum event_trigger_kind func_command_find(const char *name)
{
	enum event_trigger_kind kind = 0;

	while (kind < COMMAND_KINDS &&
	       (kind == TRIGGER_HIST || kind == TRIGGER_ENABLE_HIST ||
		kind == TRIGGER_DISABLE_HIST ||
		strcmp(event_trigger_name(kind), name)))
		kind++;
	return kind;
}

static struct func_command *make_command(struct trace_array *tr,
					 const struct func_command_spec *spec)
{
	struct func_command *command = kzalloc(sizeof(*command));

	if (!command)
		return NULL;
	if (func_command_dumps(spec->kind) && func_command_dumper()->get()) {
		kfree(command);
		return NULL;
	}
	command->ops.func = func_command_callback(spec->kind);
	command->tr = tr;
	command->kind = spec->kind;
	command->counted = spec->counted;
	return command;
}

/* A command without functions goes. */
static void free_command(struct func_command *command)
{
	struct func_command **at = &command->tr->func_commands;

	while (*at && *at != command)
		at = &(*at)->next;
	if (*at)
		*at = command->next;
	if (ftrace_free_filter(&command->ops))
		return; /* it is not registered: this cannot be */
	if (func_command_dumps(command->kind))
		func_command_dumper()->put();
	kfree(command->table);
	kfree(command);
}

/* FC1: make the new functions call the ops, which has its table already. */
static int attach(struct func_command *command, const struct addition *add)
{
	int err = ftrace_set_filter_ips(&command->ops, add->ips, add->n, 0,
					!command->live);

	if (err || command->registered)
		return err;
	err = register_ftrace_function(&command->ops);
	command->registered = !err;
	return err;
}

/* Give the command its larger table, or with an error leave it as it was. */
static int add_sites(struct func_command *command, struct addition *add)
{
	struct func_table *old = command->table;
	int err;

	smp_store_release(&command->table, add->table);
	err = attach(command, add);
	if (err)
		smp_store_release(&command->table, old); /* FC4 */
	synchronize_cpus();				 /* FC3 */
	if (err)
		return err;
	command->live += add->n;
	kfree(old);
	kfree(add->ips);
	return 0;
}

/* A snapshot needs its memory before it is taken. */
static int add_prepared(struct func_command *command, struct addition *add)
{
	struct trace_array *tr = command->tr;
	bool snapshot = command->kind == TRIGGER_SNAPSHOT;
	bool had = tr->snapshot_allocated;
	int err = snapshot ? trace_snapshot_alloc_locked(tr) : 0;

	if (!err)
		err = add_sites(command, add);
	if (err && snapshot && !had)
		trace_snapshot_free_locked(tr);
	return err;
}

int func_command_add(struct trace_array *tr,
		     const struct func_command_spec *spec,
		     const struct ftrace_hash *hash)
{
	struct func_command *command = find(tr, spec);
	bool fresh = !command;
	struct addition add;
	int err;

	if (fresh)
		command = make_command(tr, spec);
	if (!command)
		return -ENOMEM;
	err = addition_make(&add, command->table, spec, hash);
	if (!err)
		err = add_prepared(command, &add);
	if (err) {
		addition_undo(&add);
		if (fresh)
			free_command(command);
		return err;
	}
	if (fresh) {
		command->next = tr->func_commands; /* listed first */
		tr->func_commands = command;
	}
	return 0;
}

/* ---- removing ------------------------------------------------------------ */

/* Which places go. */
struct removal {
	const struct ftrace_hash *hash;	       /* NULL: all functions */
	const struct trace_event_file *target; /* NULL: whatever the target */
};

static bool goes(const struct removal *removal, const struct func_place *place)
{
	return place->site &&
	       (!removal->hash || ftrace_hash_has(removal->hash, place->ip)) &&
	       (!removal->target || removal->target == place->site->target);
}

/* Note the places that go in @ips. Return: how many they are. */
static size_t note_places(const struct func_command *command,
			  const struct removal *removal, unsigned long *ips)
{
	const struct func_table *table = command->table;
	size_t i, n = 0;

	for (i = 0; i < table->n; i++) {
		if (!goes(removal, &table->at[i]))
			continue;
		if (ips)
			ips[n] = table->at[i].ip;
		n++;
	}
	return n;
}

/* Make the functions call the ops no more. On an error they still do. */
static int detach(struct func_command *command, const struct removal *removal,
		  size_t n)
{
	unsigned long *ips;
	int err;

	if (n == command->live) {
		err = command->registered ?
			      unregister_ftrace_function(&command->ops) :
			      0;
		command->registered = command->registered && err;
		return err;
	}
	ips = kmalloc(n * sizeof(ips[0]));
	if (!ips)
		return -ENOMEM;
	note_places(command, removal, ips);
	err = ftrace_set_filter_ips(&command->ops, ips, n, 1, 0);
	kfree(ips);
	return err;
}

/* Empty the places and free their sites. Needs no memory. */
static void clear_places(struct func_command *command,
			 const struct removal *removal)
{
	struct func_table *table = command->table;
	struct func_site *dead = NULL, *site;
	size_t i;

	for (i = 0; i < table->n; i++) {
		if (!goes(removal, &table->at[i]))
			continue;
		site = table->at[i].site;
		WRITE_ONCE(table->at[i].site, NULL);
		site->dead = dead;
		dead = site;
		command->live--;
	}
	synchronize_cpus(); /* FC3 */
	while ((site = dead)) {
		dead = site->dead;
		drop_site(site);
	}
}

int func_command_remove(struct trace_array *tr,
			const struct func_command_spec *spec,
			const struct ftrace_hash *hash)
{
	struct func_command *command = find(tr, spec);
	const struct removal removal = { hash, NULL };
	size_t n;
	int err;

	if (!command || !command->live)
		return -ENODEV;
	n = note_places(command, &removal, NULL);
	if (!n)
		return -EINVAL;
	err = detach(command, &removal, n);
	if (err)
		return err;
	clear_places(command, &removal);
	if (!command->live)
		free_command(command);
	return 0;
}

/*
 * Remove what goes, whatever happens: an ops that cannot be taken away stays,
 * and finds no site.
 */
static int drop_places(struct func_command *command,
		       const struct removal *removal)
{
	size_t n = note_places(command, removal, NULL);
	int err = 0;

	if (n || !command->live)
		err = detach(command, removal, n);
	if (n)
		clear_places(command, removal);
	if (!command->live && !command->registered)
		free_command(command);
	return err;
}

/*
 * Remove all commands of a trace. Return: 0; or the error of unregistering an
 * ops, which does not act any more but is still there.
 */
static int drop_all(struct trace_array *tr)
{
	const struct removal all = { NULL, NULL };
	struct func_command *command = tr->func_commands, *next;
	int err, ret = 0;

	for (; command; command = next) {
		next = command->next;
		err = drop_places(command, &all);
		ret = ret ?: err;
	}
	return ret;
}

static const struct trace_part commands_part = { .stop = drop_all };
TABLE_ENTRY(trace_parts, 20, commands_part); /* before the events' files */

static void drop_target(struct trace_event_file *target)
{
	const struct removal removal = { NULL, target };
	struct func_command *command = target->tr->func_commands, *next;

	for (; command; command = next) {
		next = command->next;
		drop_places(command, &removal);
	}
}

static const struct event_file_user command_targets = { drop_target };
TABLE_ENTRY(event_file_users, 50, command_targets);

bool func_command_exists(struct trace_array *tr,
			 const struct func_command_spec *spec)
{
	const struct func_command *command = find(tr, spec);

	return command && command->live;
}
