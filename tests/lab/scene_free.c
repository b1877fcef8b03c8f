// SPDX-License-Identifier: MIT
/*
 * The scenes of a trampoline that is freed: too early, while CPUs are inside,
 * and in time, after a wait for all tasks.
 *
 * Owns the function with the site, the trampoline that it calls, and the gate
 * in the trampoline: while it is closed, a CPU that comes waits inside.
 *
 * Context: task; callers with preemption off.
 */
#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include "tests/lab/theatre.h"
#include <asm/cpu.h>
#include <asm/smp.h>

#define CALLS_AROUND 20
#define PATIENCE_NS  20000000000ULL

static struct farm farm;
static u8 *tramp;
static u32 gate_closed, nr_inside; /* [A] read and written by the trampoline */
static u64 closed_at;		   /* [A] TSC; ~0: not yet */

/* ---- the trampoline ---- */

#define LOW(symbol) (u32)(unsigned long) & (symbol)

/* Position-independent: data is named by absolute addresses of 32 bits. */
struct __packed tramp_code {
	u8 inc[4];
	u32 inc_at;
	u8 pause[2], cmp[3];
	u32 cmp_at;
	u8 zero, jne[2], dec[4];
	u32 dec_at;
	u8 add[3], ret;
};

static int make_tramp(void)
{
	const struct tramp_code code = {
		.inc = { 0xf0, 0xff, 0x04, 0x25 }, /* lock inc [nr_inside] */
		.inc_at = LOW(nr_inside),
		.pause = { 0xf3, 0x90 },     /* wait: pause */
		.cmp = { 0x83, 0x3c, 0x25 }, /* cmp [gate_closed], 0 */
		.cmp_at = LOW(gate_closed),
		.jne = { 0x75, 0xf4 },		   /* jne wait */
		.dec = { 0xf0, 0xff, 0x0c, 0x25 }, /* lock dec [nr_inside] */
		.dec_at = LOW(nr_inside),
		.add = { 0x83, 0xc0, LANDED_A }, /* add eax, LANDED_A */
		.ret = 0xc3,
	};

	tramp = exec_alloc(sizeof(code));
	if (!tramp)
		return -ENOMEM;
	return text_poke_copy(tramp, &code, sizeof(code));
}

static bool in_tramp(unsigned long ip)
{
	return ip - (unsigned long)tramp < sizeof(struct tramp_code);
}

/* ---- a call ---- */

static void call_site(void *arg)
{
	*(u32 *)arg = farm_call(farm_fn(&farm, 0));
}

static enum record_did outcome(u32 landed)
{
	return landed == LANDED_A ? DID_OLD : DID_NEW;
}

static void call_and_judge(struct record_call *call)
{
	struct theatre_traps traps = theatre_traps();
	struct trap_info info;
	u32 landed = LANDED_NOP;

	call->t = rdtsc();
	if (trap_catch(ARENA_TRAPS, call_site, &landed, &info)) {
		call->did = in_tramp(info.ip - 1) ? DID_FREED : DID_TWICE;
		call->vector = info.vector;
	} else {
		call->did = outcome(landed);
	}
	call->end = rdtsc();
	/* The last such call is the one that met the gate closed. */
	if (call->did != DID_NEW && call->end > READ_ONCE(closed_at))
		record_inside(call->t, call->end);
	theatre_route(call, &traps);
}

/* ---- the patch, and what comes behind it ---- */

static int wait_until_all_are_inside(void)
{
	u64 end = ktime_ns() + PATIENCE_NS;

	WRITE_ONCE(closed_at, rdtsc());
	WRITE_ONCE(gate_closed, 1);
	while (READ_ONCE(nr_inside) < num_online_cpus() - 1) {
		if (ktime_ns() > end)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return 0;
}

static void free_tramp(void)
{
	record_step_begins(LAB_FREE);
	exec_free(tramp, sizeof(struct tramp_code));
	record_step_ends(LAB_FREE);
}

static void open_gate(void)
{
	WRITE_ONCE(gate_closed, 0);
}

static void free_too_early(void)
{
	free_tramp();
	open_gate();
}

static void free_in_time(void)
{
	record_step_begins(LAB_WAIT);
	open_gate();
	synchronize_tasks();
	record_step_ends(LAB_WAIT);
	record_quiet();
	free_tramp();
}

static int take_out(void (*then)(void))
{
	int err = theatre_calls(CALLS_AROUND) ?: wait_until_all_are_inside();

	if (!err)
		err = text_poke(
			farm_fn(&farm, 0),
			insn_call(farm_fn(&farm, 0), (unsigned long)tramp),
			INSN_NOP5, NULL);
	if (err) {
		open_gate();
		return err;
	}
	then();
	return theatre_calls(CALLS_AROUND);
}

static int record(const struct record_scene *about, void (*then)(void))
{
	int err = theatre_begin(call_and_judge);

	if (err)
		return err;
	poke_observe(slices_stagger);
	record_start(about);
	err = take_out(then);
	record_stop();
	poke_observe(NULL);
	theatre_end();
	return err;
}

static int play(const char *name, void (*then)(void))
{
	struct record_scene about = { .method = name, .function = "sacrifice" };
	int err = farm_init(&farm, 1, FARM_STRIDE, 0);

	if (err)
		return err;
	nr_inside = gate_closed = 0;
	closed_at = ~0ULL;
	err = make_tramp();
	about.site = farm_fn(&farm, 0);
	about.old = insn_call(about.site, (unsigned long)tramp);
	about.new = INSN_NOP5;
	err = err ?: text_poke(about.site, about.new, about.old, NULL);
	err = err ?: record(&about, then);
	farm_destroy(&farm);
	return err;
}

static int play_early(const struct theatre_scene *scene)
{
	return play(scene->name, free_too_early);
}

static int play_in_time(const struct theatre_scene *scene)
{
	return play(scene->name, free_in_time);
}

THEATRE_SCENE(30, free_early, "free-early", play_early);
THEATRE_SCENE(31, free, "free", play_in_time);
