// SPDX-License-Identifier: MIT
/*
 * scene.c - a QEMU TCG plugin that writes a scene of the theatre: an outside
 * judge, which sees the instructions that are translated and executed at one
 * address and the stores to it, and nothing of the kernel's own account.
 *
 * Arguments: site=ADDR phys=ADDR old=BYTES new=BYTES (hexadecimal), cpus=N,
 * method=NAME, out=FILE. At exit it writes the lines of tools/theatre/scene.py.
 *
 * A plugin of this interface cannot read memory. What a store has written is
 * known from the first translation of that byte behind it; a byte that nobody
 * translated before it was stored again keeps its old value in the scene.
 * Times are instructions of the whole machine, which runs its CPUs in turns.
 *
 * QEMU's header is not packaged; what is declared here is its stable
 * interface, version 1.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*insn_cb)(unsigned int vcpu, void *udata);
typedef void (*mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t info,
		       uint64_t vaddr, void *udata);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
					      enum qemu_plugin_op op, void *ptr,
					      uint64_t imm);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t id, void *arg),
				    void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    insn_cb cb,
					    enum qemu_plugin_cb_flags flags,
					    void *udata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb cb,
				      enum qemu_plugin_cb_flags flags,
				      enum qemu_plugin_mem_rw rw, void *udata);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info,
						  uint64_t vaddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *addr);

#define SIZE 5
#define CPUS 64
#define MAX  4096
#define INT3 0xcc

enum did { OLD, NEW, MIX };
static const char *const did_names[] = { "old", "new", "mix" };
enum how { DIRECT, TRAP, SPIN };
static const char *const how_names[] = { "direct", "trap", "spin" };

/* Calls of one CPU in a row that did the same. */
struct run {
	unsigned int cpu;
	enum did did;
	enum how how;
	uint8_t saw[SIZE];
	uint64_t t, last, n;
};

struct store {
	unsigned int cpu;
	unsigned int off, len;
	uint64_t t;
	uint8_t wrote[SIZE]; /* where known says so */
	bool known[SIZE];
};

/* A CPU has serialised. */
struct ack {
	unsigned int cpu;
	uint64_t t;
};

/* What was translated at the site: the argument of its callback. */
struct seen {
	uint8_t bytes[SIZE];
	size_t size;
};

static uint64_t site, phys, insns;
static uint8_t old_word[SIZE], new_word[SIZE];
static unsigned int cpus;
static const char *method = "", *out;
static struct run runs[MAX];
static struct store stores[MAX];
static unsigned int nr_runs, nr_stores, dropped;
static int last_run[CPUS];  /* index + 1 */
static bool trapped[CPUS];  /* it executed INT3, and is not back yet */
static bool spinning[CPUS]; /* it executed a jump to itself */
static unsigned int stores_at_last_call;
static struct ack acks[MAX];
static unsigned int nr_acks, serialised_at[CPUS]; /* number of stores then */

/* ---- calls ---- */

static void note_call(unsigned int cpu, enum did did, enum how how,
		      const uint8_t *saw)
{
	struct run *run = last_run[cpu] ? &runs[last_run[cpu] - 1] : NULL;

	stores_at_last_call = nr_stores;
	if (!run || run->did != did || run->how != how ||
	    memcmp(run->saw, saw, SIZE)) {
		if (nr_runs == MAX) {
			dropped++;
			return;
		}
		run = &runs[nr_runs++];
		*run = (struct run){ cpu, did, how, { 0 }, insns, insns, 0 };
		memcpy(run->saw, saw, SIZE);
		last_run[cpu] = (int)nr_runs;
	}
	run->last = insns;
	run->n++;
}

/* An instruction is executed at the site. */
static void executed(unsigned int cpu, void *udata)
{
	const struct seen *seen = udata;
	uint8_t saw[SIZE];

	if (seen->size == 1 && seen->bytes[0] == INT3) {
		trapped[cpu] = true;
		return;
	}
	if (seen->size == 2 && !memcmp(seen->bytes, "\xeb\xfe", 2)) {
		spinning[cpu] = true;
		return;
	}
	memcpy(saw, new_word, SIZE); /* bytes behind a shorter instruction */
	memcpy(saw, seen->bytes, seen->size);
	if (seen->size == SIZE && !memcmp(saw, old_word, SIZE))
		note_call(cpu, OLD, DIRECT, saw);
	else if (seen->size == SIZE && !memcmp(saw, new_word, SIZE))
		note_call(cpu, NEW, spinning[cpu] ? SPIN : DIRECT, saw);
	else
		note_call(cpu, MIX, DIRECT, saw);
	spinning[cpu] = false;
}

/* Where a call ends up that trapped: at the target, or behind the site. */
static void arrived(unsigned int cpu, void *udata)
{
	enum did did = udata ? NEW : OLD;

	if (!trapped[cpu])
		return;
	trapped[cpu] = false;
	note_call(cpu, did, TRAP, did == NEW ? new_word : old_word);
}

/* ---- stores ---- */

static void stored(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
		   void *udata)
{
	unsigned int size = 1U << qemu_plugin_mem_size_shift(info);
	uint64_t offset = (vaddr - phys) & 0xfff, from, to;
	struct qemu_plugin_hwaddr *hw;

	(void)udata;
	if (!qemu_plugin_mem_is_store(info)) /* 7.2 reports loads, too */
		return;
	if (offset >= SIZE && offset + size <= 0x1000)
		return; /* another place of a page */
	hw = qemu_plugin_get_hwaddr(info, vaddr);
	from = hw ? qemu_plugin_hwaddr_phys_addr(hw) - phys : SIZE;
	if (!nr_runs || from >= SIZE)
		return;
	to = from + size < SIZE ? from + size : SIZE;
	if (nr_stores == MAX) {
		dropped++;
		return;
	}
	stores[nr_stores++] = (struct store){
		.cpu = cpu,
		.off = (unsigned int)from,
		.len = (unsigned int)(to - from),
		.t = insns,
	};
}

/* An IRET: the CPU serialises. Only the first one after a store counts. */
static void serialised(unsigned int cpu, void *udata)
{
	(void)udata;
	if (dropped || nr_acks == MAX || serialised_at[cpu] == nr_stores)
		return;
	serialised_at[cpu] = nr_stores;
	acks[nr_acks++] = (struct ack){ cpu, insns };
}

/* Memory holds these bytes now: so the stores before have written them. */
static void learn(const uint8_t *bytes, size_t size)
{
	unsigned int i, k;

	for (i = 0; i < size; i++)
		for (k = nr_stores; k-- > 0;) {
			struct store *s = &stores[k];

			if (i < s->off || i >= s->off + s->len)
				continue;
			if (!s->known[i]) {
				s->wrote[i] = bytes[i];
				s->known[i] = true;
			}
			break; /* older ones of this byte are past */
		}
}

/* ---- translation ---- */

static void watch_site(struct qemu_plugin_insn *insn)
{
	struct seen *seen = calloc(1, sizeof(*seen)); /* lives with the block */

	if (!seen)
		abort();
	seen->size = qemu_plugin_insn_size(insn);
	if (seen->size > SIZE)
		seen->size = SIZE;
	memcpy(seen->bytes, qemu_plugin_insn_data(insn), seen->size);
	learn(seen->bytes, seen->size);
	qemu_plugin_register_vcpu_insn_exec_cb(insn, executed,
					       QEMU_PLUGIN_CB_NO_REGS, seen);
}

static bool is_iretq(struct qemu_plugin_insn *insn)
{
	static const uint8_t iretq[] = { 0x48, 0xcf };

	return qemu_plugin_insn_size(insn) == sizeof(iretq) &&
	       !memcmp(qemu_plugin_insn_data(insn), iretq, sizeof(iretq));
}

static uint64_t target(void)
{
	int32_t disp;

	memcpy(&disp, new_word + 1, sizeof(disp));
	return site + SIZE + (uint64_t)(int64_t)disp;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &insns, n);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_mem_cb(insn, stored,
						 QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, NULL);
		if (is_iretq(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, serialised, QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (at == site)
			watch_site(insn);
		else if (at == target() || at == site + SIZE)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, arrived, QEMU_PLUGIN_CB_NO_REGS,
				at == target() ? (void *)1 : NULL);
	}
}

/* ---- the scene ---- */

static void put_hex(FILE *file, const char *name, const uint8_t *bytes)
{
	unsigned int i;

	fprintf(file, ",\"%s\":\"", name);
	for (i = 0; i < SIZE; i++)
		fprintf(file, "%02x", bytes[i]);
	fputc('"', file);
}

static void put_stores(FILE *file, uint64_t start)
{
	uint8_t memory[SIZE];
	unsigned int i, k;

	memcpy(memory, old_word, SIZE);
	/* Stores behind the last call belong to the next user of the memory. */
	for (k = 0; k < stores_at_last_call; k++) {
		const struct store *s = &stores[k];

		for (i = s->off; i < s->off + s->len; i++)
			if (s->known[i])
				memory[i] = s->wrote[i];
		fprintf(file,
			"{\"th\":1,\"e\":\"store\",\"cpu\":%u,\"t\":%llu,"
			"\"end\":%llu,\"off\":%u,\"len\":%u",
			s->cpu, (unsigned long long)(s->t - start),
			(unsigned long long)(s->t - start), s->off, s->len);
		put_hex(file, "b", memory);
		fputs("}\n", file);
	}
}

static void put_acks(FILE *file, uint64_t start)
{
	unsigned int i;

	for (i = 0; i < nr_acks; i++)
		fprintf(file,
			"{\"th\":1,\"e\":\"ack\",\"round\":0,\"cpu\":%u,"
			"\"t\":%llu,\"end\":%llu}\n",
			acks[i].cpu, (unsigned long long)(acks[i].t - start),
			(unsigned long long)(acks[i].t - start));
}

static uint64_t put_runs(FILE *file, uint64_t start, uint64_t *torn)
{
	uint64_t calls = 0;
	unsigned int i;

	for (i = 0; i < nr_runs; i++) {
		const struct run *r = &runs[i];

		calls += r->n;
		*torn += r->did == MIX ? r->n : 0;
		fprintf(file,
			"{\"th\":1,\"e\":\"run\",\"cpu\":%u,\"t\":%llu,"
			"\"last\":%llu,\"end\":%llu,\"n\":%llu,"
			"\"did\":\"%s\",\"how\":\"%s\"",
			r->cpu, (unsigned long long)(r->t - start),
			(unsigned long long)(r->last - start),
			(unsigned long long)(r->last - start),
			(unsigned long long)r->n, did_names[r->did],
			how_names[r->how]);
		if (r->did == MIX)
			put_hex(file, "saw", r->saw);
		fputs("}\n", file);
	}
	return calls;
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	uint64_t start = nr_runs ? runs[0].t : 0, torn = 0, calls;
	FILE *file = fopen(out, "w");

	(void)id;
	(void)unused;
	if (!file)
		return;
	fprintf(file,
		"{\"th\":1,\"e\":\"scene\",\"method\":\"%s\",\"cpus\":%u,"
		"\"patcher\":%u,\"fn\":\"site\",\"clock\":\"insn\","
		"\"writer\":\"plugin\"}\n",
		method, cpus, nr_stores ? stores[0].cpu : 0);
	fputs("{\"th\":1,\"e\":\"site\"", file);
	put_hex(file, "old", old_word);
	put_hex(file, "new", new_word);
	fputs(",\"parts\":[1,1,1,1,1]}\n", file);
	put_stores(file, start);
	put_acks(file, start);
	calls = put_runs(file, start, &torn);
	fprintf(file,
		"{\"th\":1,\"e\":\"end\",\"calls\":%llu,\"torn\":%llu,"
		"\"lost\":0,\"dropped\":%u}\n",
		(unsigned long long)calls, (unsigned long long)torn, dropped);
	fclose(file);
}

static bool take_word(uint8_t *word, const char *value)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		if (sscanf(value + 2 * i, "%2hhx", &word[i]) != 1)
			return false;
	return true;
}

static bool take(const char *name, size_t len, const char *value)
{
	if (!strncmp(name, "site", len))
		site = strtoull(value, NULL, 16);
	else if (!strncmp(name, "phys", len))
		phys = strtoull(value, NULL, 16);
	else if (!strncmp(name, "cpus", len))
		cpus = (unsigned int)strtoul(value, NULL, 10);
	else if (!strncmp(name, "method", len))
		method = value;
	else if (!strncmp(name, "out", len))
		out = value;
	else if (!strncmp(name, "old", len))
		return take_word(old_word, value);
	else
		return !strncmp(name, "new", len) && take_word(new_word, value);
	return true;
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
		    char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		char *sign = strchr(argv[i], '=');

		if (!sign ||
		    !take(argv[i], (size_t)(sign - argv[i]), strdup(sign + 1)))
			return 1;
	}
	if (!site || !phys || !out || !cpus || cpus > CPUS)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
