// SPDX-License-Identifier: MIT
/*
 * Prints a recording as the JSON lines of tools/theatre/scene.py.
 *
 * Context: task; the recording is stopped.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include "tests/lab/record_data.h"
#include <asm/smp.h>
#include <asm/tsc.h>

static const char *const did_names[] = {
	[DID_OLD] = "old",	 [DID_NEW] = "new",	[DID_MIX] = "mix",
	[DID_NOBODY] = "nobody", [DID_TWICE] = "twice", [DID_FREED] = "freed",
};

static const char *const how_names[] = {
	[HOW_DIRECT] = "direct",
	[HOW_TRAP] = "trap",
	[HOW_SPIN] = "spin",
};

/* One line; in machine mode it is an object as it is. */
static __printf(1, 2) void put(const char *fmt, ...)
{
	char line[PRINTK_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vscnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!machine_event("{\"th\":1,%s}", line))
		printk_plain("{\"th\":1,%s}", line);
}

/* From the scene's start: instructions where they are counted, else ns. */
static u64 at(u64 tsc)
{
	u64 cycles = tsc > record_now.start ? tsc - record_now.start : 0;

	return slices_exact() ? cycles : tsc_to_ns(cycles);
}

/* The five bytes of a word in hex; one of four buffers. */
static const char *hex(u64 word)
{
	static char buffers[4][2 * INSN_MAX + 1];
	static unsigned int next;
	char *text = buffers[next++ % ARRAY_SIZE(buffers)];
	unsigned int i;

	for (i = 0; i < INSN_MAX; i++)
		scnprintf(text + 2 * i, 3, "%02x",
			  (unsigned int)(word >> (8 * i)) & 0xff);
	return text;
}

static void put_scene(void)
{
	const struct record_scene *scene = &record_now.scene;

	put("\"e\":\"scene\",\"method\":\"%s\",\"cpus\":%u,\"patcher\":%u,"
	    "\"site\":\"%lx\",\"fn\":\"%s\",\"clock\":\"%s\",\"seed\":%llu,"
	    "\"build\":\"%016llx\"",
	    scene->method, record_now.cpus, record_now.patcher, scene->site,
	    scene->function, slices_exact() ? "insn" : "ns",
	    cmdline_u64("seed", 1), kallsyms_build_id());
}

/*
 * A part is what no store divides and no border of cache lines: bit i of the
 * mask: byte i begins one. A store that changes nothing divides nothing.
 */
static unsigned int part_borders(void)
{
	u64 before = record_now.scene.old;
	unsigned int i, mask = 1;

	for (i = 0; i < record_now.nr_stores; i++) {
		const struct record_store *s = &record_now.stores[i];

		if (s->after != before)
			mask |= 1U << s->off | 1U << (s->off + s->len);
		before = s->after;
	}
	for (i = 1; i < INSN_MAX; i++)
		if ((record_now.scene.site + i) % 64 == 0)
			mask |= 1U << i;
	return mask;
}

static void put_site(void)
{
	unsigned int mask = part_borders(), i, from = 0;
	char parts[2 * INSN_MAX + 1];
	char between[2 * INSN_MAX + 3] = "";
	size_t len = 0;

	if (record_now.scene.between)
		scnprintf(between, sizeof(between), "\"%s\"",
			  hex(record_now.scene.between));
	for (i = 1; i <= INSN_MAX; i++) {
		if (i < INSN_MAX && !(mask >> i & 1))
			continue;
		len += scnprintf(parts + len, sizeof(parts) - len, "%s%u",
				 from ? "," : "", i - from);
		from = i;
	}
	put("\"e\":\"site\",\"old\":\"%s\",\"new\":\"%s\",\"parts\":[%s],"
	    "\"nobody\":[%s]",
	    hex(record_now.scene.old), hex(record_now.scene.new), parts,
	    between);
}

static void put_steps(void)
{
	unsigned int i;

	for (i = 0; i < record_now.nr_steps; i++) {
		const struct record_step *s = &record_now.steps[i];

		put("\"e\":\"step\",\"i\":%u,\"name\":\"%s\",\"t\":%llu,"
		    "\"end\":%llu",
		    i, lab_step_name(s->step), at(s->t), at(s->end));
	}
}

static void put_stores(void)
{
	unsigned int i;

	for (i = 0; i < record_now.nr_stores; i++) {
		const struct record_store *s = &record_now.stores[i];

		put("\"e\":\"store\",\"cpu\":%u,\"t\":%llu,\"end\":%llu,"
		    "\"off\":%u,\"len\":%u,\"b\":\"%s\"",
		    record_now.patcher, at(s->t), at(s->end), s->off, s->len,
		    hex(s->after));
	}
}

static void put_rounds(void)
{
	unsigned int i, cpu;

	for (i = 0; i < record_now.nr_rounds; i++) {
		const struct record_round *r = &record_now.rounds[i];

		put("\"e\":\"ipi\",\"round\":%u,\"t\":%llu", i + 1, at(r->t));
		for_each_online_cpu(cpu)
			put("\"e\":\"ack\",\"round\":%u,\"cpu\":%u,\"t\":%llu,"
			    "\"end\":%llu",
			    i + 1, cpu, at(r->t), at(r->end[cpu]));
	}
}

static void put_run(unsigned int cpu, const struct record_run *run)
{
	const struct record_call *kind = &run->kind;
	char more[60] = "";

	if (kind->did == DID_MIX)
		scnprintf(more, sizeof(more), ",\"saw\":\"%s\",\"vec\":%u",
			  hex(kind->saw), kind->vector);
	else if (kind->did == DID_FREED)
		scnprintf(more, sizeof(more), ",\"vec\":%u", kind->vector);
	else if (kind->how == HOW_TRAP)
		scnprintf(more, sizeof(more), ",\"late\":%u,\"again\":%u",
			  kind->late, kind->again);
	put("\"e\":\"run\",\"cpu\":%u,\"t\":%llu,\"last\":%llu,\"end\":%llu,"
	    "\"n\":%llu,\"did\":\"%s\",\"how\":\"%s\"%s",
	    cpu, at(kind->t), at(run->last), at(run->end), run->n,
	    did_names[kind->did], how_names[kind->how], more);
}

static void put_cpu(unsigned int cpu, const struct record_cpu *c)
{
	unsigned int i;

	if (c->parked)
		put("\"e\":\"park\",\"cpu\":%u,\"t\":%llu,\"end\":%llu", cpu,
		    at(c->parked), at(c->resumed));
	if (c->inside)
		put("\"e\":\"inside\",\"cpu\":%u,\"t\":%llu,\"end\":%llu", cpu,
		    at(c->inside), at(c->left));
	for (i = 0; i < c->nr_runs; i++)
		put_run(cpu, &c->runs[i]);
}

int record_print(void)
{
	u64 calls = 0, torn = 0, lost = 0, dropped = record_now.dropped;
	unsigned int cpu;

	put_scene();
	put_site();
	put_steps();
	put_stores();
	put_rounds();
	if (record_now.quiet)
		put("\"e\":\"quiet\",\"t\":%llu", at(record_now.quiet));
	for_each_online_cpu(cpu) {
		const struct record_cpu *c = &record_now.cpu[cpu];

		put_cpu(cpu, c);
		calls += c->calls;
		torn += c->torn;
		lost += c->lost;
		dropped += c->dropped;
	}
	put("\"e\":\"end\",\"calls\":%llu,\"torn\":%llu,\"lost\":%llu,"
	    "\"dropped\":%llu",
	    calls, torn, lost, dropped);
	return dropped ? -EIO : 0;
}
